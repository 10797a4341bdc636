import type { ComponentChildren } from 'preact'

/** `head` names the row. */
export interface Column {
  readonly name: string
  readonly kind: 'head' | 'amount' | 'moment' | 'words'
}

export interface Row {
  readonly key: string
  /** One a column. */
  readonly cells: readonly ComponentChildren[]
}

interface DataTableProps {
  /** For who hears the page. */
  readonly caption: string
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
}

const CLASSES = { head: undefined, amount: 'number amount', moment: 'number moment', words: 'words' } as const

export function DataTable({ caption, columns, rows }: DataTableProps) {
  return (
    <table>
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ name, kind }) => (
            <th key={name} scope="col" class={kind === 'amount' ? 'amount' : undefined}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ key, cells }) => (
          <tr key={key}>
            {columns.map(({ name, kind }, i) =>
              kind === 'head' ? (
                <th key={name} scope="row">
                  {cells[i]}
                </th>
              ) : (
                <td key={name} class={CLASSES[kind]}>
                  {cells[i]}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** A table that is opened, which scrolls inside itself. */
export function FoldedTable({
  summary,
  label,
  children,
  ...table
}: DataTableProps & {
  readonly summary: string
  readonly label: string
  readonly children?: ComponentChildren
}) {
  return (
    <details>
      <summary>{summary}</summary>
      <section class="scroll" aria-label={label}>
        <DataTable {...table} />
        {children}
      </section>
    </details>
  )
}
