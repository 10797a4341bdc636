import type { CanvasAnswer } from '../answers.ts'
import { countWords, lengthWords, shareWords } from '../words.ts'

export function CanvasesTable({ canvases }: { canvases: readonly CanvasAnswer[] }) {
  return (
    <details>
      <summary>{canvases.length === 1 ? 'The canvas' : `The ${canvases.length} canvases`}</summary>
      <section class="scroll" aria-label="Canvases">
        <table>
          <caption class="hidden">Canvases</caption>
          <thead>
            <tr>
              <th scope="col">Canvas</th>
              <th scope="col" class="amount">
                At
              </th>
              <th scope="col" class="amount">
                Covered
              </th>
              <th scope="col" class="amount">
                Connections
              </th>
              <th scope="col" class="amount">
                Frames
              </th>
              <th scope="col" class="amount">
                Missing
              </th>
              <th scope="col" class="amount">
                Waiting
              </th>
              <th scope="col" class="amount">
                Pixels
              </th>
              <th scope="col" class="amount">
                Authors
              </th>
              <th scope="col" class="amount">
                Lag p50
              </th>
              <th scope="col" class="amount">
                p99
              </th>
            </tr>
          </thead>
          <tbody>
            {canvases.map(({ canvas, dx, dy, coveredShare, connections, waiting, counts, boardLag }) => (
              <tr key={canvas}>
                <th scope="row">{canvas}</th>
                <td class="number amount">
                  {dx}, {dy}
                </td>
                <td class="number amount">{shareWords(coveredShare)}</td>
                <td class="number amount">{connections}</td>
                <td class="number amount">{countWords((counts.fulls ?? 0) + (counts.diffs ?? 0))}</td>
                <td class="number amount">{countWords(counts.missing ?? 0)}</td>
                <td class="number amount">{countWords(waiting)}</td>
                <td class="number amount">{countWords(counts.cells ?? 0)}</td>
                <td class="number amount">{countWords(counts.answered ?? 0)}</td>
                <td class="number amount">{lengthWords(boardLag.p50Ms)}</td>
                <td class="number amount">{lengthWords(boardLag.p99Ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  )
}
