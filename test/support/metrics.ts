/** A gauge of a running server, of one board where it has one a board. */
export async function gauge(url: string, name: string, board?: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const labels = board === undefined ? '' : `{board="${board}"}`
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}${labels} `))
  if (line === undefined) throw new Error(`the server has no ${name}${labels}`)
  return Number(line.slice(line.lastIndexOf(' ') + 1))
}
