import type { PlaceAddresses } from './addresses.ts'

/** What a client looks for is `"accessToken":"…"`, wherever it stands. */
export function placePage(
  board: string,
  { token, endMs }: { token: string; endMs: number },
  nowMs: number,
  { query, media }: PlaceAddresses,
): string {
  const session = { accessToken: token, expires: new Date(endMs).toISOString(), expiresIn: endMs - nowMs }
  const data = JSON.stringify({ user: { session }, board, query, media }).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${board}</title>
</head>
<body>
<script id="data" type="application/json">${data}</script>
<p>Board ${board} can be followed over the protocol of r/place: this page holds a token and the addresses.</p>
</body>
</html>
`
}
