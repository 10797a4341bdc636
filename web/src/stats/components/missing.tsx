import type { Problem } from '../../../../src/client/api.ts'
import { sentence } from '../../words/sentences.ts'

/** Instead of what is not there. */
export function Missing({ title, problem }: { title: string; problem: Problem }) {
  return (
    <section class="panel part wide" role="alert">
      <h2>
        <bdi>{title}</bdi>
      </h2>
      <p>{sentence(problem.detail)}</p>
      <p class="ways">
        <a href="/meters">All meters</a>
        <a href="/">Boards</a>
      </p>
    </section>
  )
}
