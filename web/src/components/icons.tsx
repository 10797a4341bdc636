import type { ComponentChildren } from 'preact'

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  )
}

export function ChevronIcon() {
  return (
    <Icon>
      <path d="M5.5 8l4.5 4.5L14.5 8" />
    </Icon>
  )
}

export function PersonIcon() {
  return (
    <Icon>
      <circle cx="10" cy="6.8" r="3.3" />
      <path d="M3.8 17c.6-3.6 3-5.2 6.2-5.2s5.6 1.6 6.2 5.2" />
    </Icon>
  )
}

export function UndoIcon() {
  return (
    <Icon>
      <path d="M7.5 4L4 7.5 7.5 11M4.5 7.5h6.5a4.5 4.5 0 010 9H8" />
    </Icon>
  )
}

export function GridIcon() {
  return (
    <Icon>
      <path d="M3.5 3.5h13v13h-13zM7.83 3.5v13M12.17 3.5v13M3.5 7.83h13M3.5 12.17h13" />
    </Icon>
  )
}

export function PlusIcon() {
  return (
    <Icon>
      <path d="M10 4.5v11M4.5 10h11" />
    </Icon>
  )
}

export function MinusIcon() {
  return (
    <Icon>
      <path d="M4.5 10h11" />
    </Icon>
  )
}

export function FitIcon() {
  return (
    <Icon>
      <path d="M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4" />
    </Icon>
  )
}

export function CloseIcon() {
  return (
    <Icon>
      <path d="M5.5 5.5l9 9M14.5 5.5l-9 9" />
    </Icon>
  )
}

export function BackIcon() {
  return (
    <Icon>
      <path d="M12.5 4.5L7 10l5.5 5.5" />
    </Icon>
  )
}

export function ChartIcon() {
  return (
    <Icon>
      <path d="M3.5 16.5h13M5.5 13.5v-4M10 13.5v-9M14.5 13.5v-6.5" />
    </Icon>
  )
}

export function CaptureIcon() {
  return (
    <Icon>
      <path d="M3.5 7V3.5H7M13 3.5h3.5V7M16.5 13v3.5H13M7 16.5H3.5V13" />
      <circle cx="10" cy="10" r="2.6" />
    </Icon>
  )
}

/** The mark: a spate of cells. */
export function Mark() {
  return <img class="mark" src="/icon.svg" alt="" width="24" height="24" />
}
