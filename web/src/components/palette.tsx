import type { Page } from '../page.ts'
import { colorName, hexOf, isLight } from '../words/colors.ts'

/** The board's colours as radio buttons: arrow keys, screen readers and forms know what those are. */
export function Palette({ page }: { page: Page }) {
  const { info, color } = page.store
  const palette = info.value?.palette ?? []
  return (
    <fieldset class="palette" data-many={palette.length > 32}>
      <legend class="hidden">Colour</legend>
      {palette.map((rgb, index) => (
        <label
          // A colour is its place in the palette.
          key={index}
          class="swatch"
          data-light={isLight(rgb)}
          style={{ backgroundColor: hexOf(rgb) }}
          title={`${colorName(rgb)} ${hexOf(rgb)}${shortcut(index)}`}
        >
          <input
            type="radio"
            name="color"
            value={index}
            checked={index === color.value}
            aria-label={`${colorName(rgb)}, ${hexOf(rgb)}`}
            onChange={() => page.pick(index)}
            onClick={(event) => {
              // Picked with a pointer: the keyboard goes back to the board. Arrow keys report no click count.
              if (event.detail > 0) event.currentTarget.blur()
            }}
          />
        </label>
      ))}
    </fieldset>
  )
}

function shortcut(index: number): string {
  if (index >= 20) return ''
  return ` (${index >= 10 ? 'Shift+' : ''}${(index + 1) % 10})`
}
