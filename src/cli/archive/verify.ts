import { Command } from 'commander'
import { type Flaw, verifyArchive } from '../../archive/verify.ts'
import { SpateError } from '../../base/errors.ts'
import { StreamProgress } from '../progress.ts'
import { type ObjectsOptions, objectsOption, withObjects } from './objects.ts'

const AFTER_HELP = `
Reads the whole archive: the chain of each stream, the hash of each segment, every block. Says where it is wrong, and
ends with 1 then. The heads it prints vouch for everything before them: kept elsewhere, they tell later whether entries
were cut off at the end.`

export function verifyCommand(): Command {
  const command = new Command('verify')
    .description('check an archive from the first byte to the last')
    .addHelpText('after', AFTER_HELP)
  return objectsOption(command).action(verify)
}

async function verify(options: ObjectsOptions): Promise<void> {
  const progress = new StreamProgress(process.stderr)
  let isBegun = false
  const { streams, entries, records, placements, bytes, heads, flaws } = await withObjects(
    options,
    (objects) =>
      verifyArchive(objects, (done, all) => {
        if (!isBegun) progress.begin('verified', all)
        isBegun = true
        progress.update(done)
      }),
  ).finally(() => progress.end())
  for (const flaw of flaws) process.stdout.write(`${lineOf(flaw)}\n`)
  for (const [stream, head] of heads) process.stdout.write(`head of ${stream}: ${head}\n`)
  process.stdout.write(
    `${streams} streams, ${entries} entries, ${records} records, ${placements} placements, ${bytes} bytes\n`,
  )
  if (flaws.length > 0) throw new SpateError('corrupt', `the archive is damaged in ${flaws.length} places`)
  if (streams === 0) throw new SpateError('not-found', 'the archive holds nothing')
}

function lineOf({ stream, entry, segment, byte, what }: Flaw): string {
  const where = [
    `${stream}, entry ${entry}`,
    ...(segment === undefined ? [] : [`segment ${segment}`]),
    ...(byte === undefined ? [] : [`from byte ${byte} on`]),
  ]
  return `${where.join(', ')}: ${what}`
}
