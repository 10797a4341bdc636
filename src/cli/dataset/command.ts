import { Command } from 'commander'
import { percent } from '../../capture/report.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { StreamProgress } from '../progress.ts'
import { exportDataset } from './dataset.ts'

interface Options extends ConnectionOptions {
  readonly to: string
  readonly frames: boolean
}

const AFTER_HELP = `
pixels.csv.gz (as r/place 2022 was published), pixels.parquet, frames.csv.gz and the frames, coverage.json, README.md,
SHA256SUMS. The folder appears once it is whole. Sorting takes some bytes a pixel of disk beside it.`

export function datasetCommand(): Command {
  const command = new Command('dataset')
    .description('write what archivists publish of a capture: pixels, authors, frames, coverage, hashes')
    .argument('<capture>')
    .requiredOption('--to <folder>', 'a folder that is not there yet')
    .option('--no-frames', 'leave the pictures out; their index stays')
    .addHelpText('after', AFTER_HELP)
  return connectionOptions(command).action(run)
}

async function run(name: string, { to, frames, ...connection }: Options): Promise<void> {
  const progress = new StreamProgress(process.stderr)
  const published = await withServer(connection, (api) =>
    // A bar that goes on would keep the process.
    exportDataset(api, name, to, { hasFrames: frames }, progress).finally(() => progress.end()),
  )
  const { canvases } = published.report
  const shares = canvases.map(({ canvas, coveredShare }) => `canvas ${canvas} ${percent(coveredShare)}`)
  process.stdout.write(
    `${published.pixels} changes of pixels, ${published.frames} frames; covered: ${shares.join(', ') || 'nothing'}\n`,
  )
}
