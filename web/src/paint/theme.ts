/** Colours of what lies around and over the board; the style sheet sets them for light and dark. */
export interface Theme {
  readonly backdrop: string
  readonly border: string
  readonly veil: string
  readonly loading: string
}

export function themeOf(element: Element): Theme {
  const style = getComputedStyle(element)
  const color = (name: string): string => style.getPropertyValue(name).trim()
  return {
    backdrop: color('--backdrop'),
    border: color('--board-border'),
    veil: color('--veil'),
    loading: color('--loading'),
  }
}
