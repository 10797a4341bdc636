import { Command } from 'commander'
import { readConfig } from '../app/config.ts'
import { type RebuildProgress, rebuildTables } from '../app/rebuild.ts'
import { StreamProgress } from './progress.ts'

/** `spate rebuild`: tables anew from the log. */
export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description('make the tables of captures anew from the log, while no server has the data folder')
    .argument('[captures...]', 'default: all that have any')
    .action(rebuild)
}

async function rebuild(captures: string[]): Promise<void> {
  const bar = new StreamProgress(process.stderr)
  const progress: RebuildProgress = {
    begin: (capture, head) => bar.begin(capture, head),
    reached: (position) => bar.update(position),
    end: () => bar.end(),
  }
  const rebuilt = await rebuildTables(readConfig(process.env), captures, progress)
  process.stdout.write(rebuilt.length === 0 ? 'there are no tables\n' : `made anew: ${rebuilt.join(', ')}\n`)
}
