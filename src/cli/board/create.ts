import { Command, InvalidArgumentError } from 'commander'
import { SpateError } from '../../base/errors.ts'
import type { Area } from '../../boards/canvas/geometry.ts'
import { CLASSIC_PALETTE } from '../../boards/canvas/palettes.ts'
import type { BoardSummary } from '../../client/api.ts'
import { type ConnectionOptions, connectionOptions, withServer } from '../connection.ts'
import { amount, area, color, hex, PALETTE_HELP, palette, wholeNumber } from '../options.ts'
import { placeOf } from './table.ts'

interface Options extends ConnectionOptions {
  readonly width: number
  readonly height: number
  readonly left: number
  readonly top: number
  readonly palette: readonly number[]
  readonly background?: number
  readonly cooldown?: number
  readonly blankSeconds?: number
  readonly stack?: number
  readonly activity?: Activity
  readonly window?: number
  readonly budget?: number
  readonly cost?: number
  readonly blankCost?: number
  readonly undo?: number
  readonly zone?: Area
}

interface Activity {
  readonly players: number
  readonly windowSeconds: number
  readonly maxFactor: number
}

export function boardCreateCommand(): Command {
  const command = new Command('create')
    .description('create a board')
    .argument('<id>', '1 to 64 of a–z 0–9 . _ -')
    .requiredOption('--width <cells>', 'cells from left to right', wholeNumber)
    .requiredOption('--height <cells>', 'cells from top to bottom', wholeNumber)
    .option('--left <x>', 'the leftmost cell', wholeNumber, 0)
    .option('--top <y>', 'the topmost cell', wholeNumber, 0)
    .option('--palette <colours>', PALETTE_HELP, palette, CLASSIC_PALETTE)
    .option('--background <colour>', 'colour of a blank cell (default: the palette’s first)', color)
    .option('--cooldown <seconds>', 'between two placements of a player', amount)
    .option('--blank-seconds <seconds>', 'the same where the first cell was blank', amount)
    .option('--stack <placements>', 'how many may be saved up', wholeNumber)
    .option('--activity <players,seconds,factor>', 'dearer when more than these are active', activity)
    .option('--window <seconds>', 'instead of a cooldown: a budget for each window of time', wholeNumber)
    .option('--budget <points>', 'what a player may spend in a window', amount)
    .option('--cost <points>', 'what a placement costs', amount)
    .option('--blank-cost <points>', 'the same on a blank cell', amount)
    .option('--undo <seconds>', 'for how long a placement can be taken back', amount)
    .option('--zone <left,top,width,height>', 'where players may place (default: everywhere)', area)
  return connectionOptions(command).action(create)
}

async function create(id: string, options: Options): Promise<void> {
  const board = await withServer(options, (api) =>
    api.json<BoardSummary>('POST', '/api/boards', bodyOf(id, options)),
  )
  process.stdout.write(`created ${board.id}: ${placeOf(board.extent)}, ${board.palette.length} colours\n`)
}

function bodyOf(id: string, options: Options): object {
  const { width, height, left, top, palette: colors, undo, zone } = options
  const cooldown = without({
    seconds: options.cooldown,
    blankSeconds: options.blankSeconds,
    stack: options.stack,
    activity: options.activity,
    windowSeconds: options.window,
    budget: options.budget,
    cost: options.cost,
    blankCost: options.blankCost,
  })
  const background = options.background === undefined ? 0 : colors.indexOf(options.background)
  if (background < 0) {
    throw new SpateError('invalid', `--background: ${hex(options.background ?? 0)} is not in the palette`)
  }
  return {
    ...without({ undoSeconds: undo, activeZone: zone }),
    ...(Object.keys(cooldown).length === 0 ? {} : { cooldown }),
    ...{ id, width, height, left, top, background, palette: colors.map(hex) },
  }
}

/** Only what is given. */
function without(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

function activity(text: string): Activity {
  const parts = text.split(',')
  if (parts.length !== 3) throw new InvalidArgumentError('Expected players,seconds,factor.')
  const [players = 0, windowSeconds = 0, maxFactor = 0] = parts.map(amount)
  return { players, windowSeconds, maxFactor }
}
