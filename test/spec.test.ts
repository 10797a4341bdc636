import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = ['src', 'test', 'web/src']
/** Suites and tests: files whose titles may name rules. */
const SUITE = /(\.test\.tsx?|\/contract\.ts)$/

/** Rules by section, in the order of the document. A section without rules has not been written yet. */
function rulesOf(spec: string): Map<string, string[]> {
  const sections = new Map<string, string[]>()
  for (const [, rule, section = ''] of spec.matchAll(/^- \*\*(([A-Z])\d+)\*\* /gm)) {
    sections.set(section, [...(sections.get(section) ?? []), rule ?? ''])
  }
  return sections
}

function rulesOfTitles(): Set<string> {
  const named = new Set<string>()
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!SUITE.test(`/${name}`)) continue
      const source = readFileSync(join(ROOT, folder, name), 'utf8')
      for (const [title] of source.matchAll(/\b(?:test|it|describe)\(\s*(['`])(?:\[[A-Z]\d+\] ?)+/g)) {
        for (const [, rule = ''] of title.matchAll(/\[([A-Z]\d+)\]/g)) named.add(rule)
      }
    }
  }
  return named
}

test('every rule of SPEC.md has a test, and every rule that a test names is in SPEC.md, once', () => {
  const sections = rulesOf(readFileSync(join(ROOT, 'docs/SPEC.md'), 'utf8'))
  const rules = [...sections.values()].flat()
  assert.ok(rules.length > 80, `${rules.length} rules seen`)
  assert.equal(new Set(rules).size, rules.length, 'a number was given twice')
  const named = [...rulesOfTitles()].filter((rule) => sections.has(rule.slice(0, 1)))
  assert.deepEqual(
    rules.filter((rule) => !named.includes(rule)),
    [],
    'rules without a test',
  )
  assert.deepEqual(
    named.filter((rule) => !rules.includes(rule)),
    [],
    'rules that are not in SPEC.md',
  )
})
