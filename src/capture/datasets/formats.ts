/** The published layouts of r/place datasets, as data. */
export type FormatName = '2017' | '2022' | '2023' | 'argb'

export interface Format {
  readonly name: FormatName
  /** The first line of every file; it also is what the format is detected by. */
  readonly header: string
  readonly fieldCount: number
  readonly colourField: number
  /** `index`: into the palette of 2017. `rgb`: #RRGGBB. `argb`: AARRGGBB, opaque. */
  readonly colour: 'index' | 'rgb' | 'argb'
  /** `pair`: x there and y in the field after it. `area`: one quoted field, a cell or a shape. */
  readonly positionField: number
  readonly position: 'pair' | 'area'
}

/** Time is field 0 and author field 1 in all of them. */
export const TIME_FIELD = 0
export const AUTHOR_FIELD = 1

export const FORMATS: Readonly<Record<FormatName, Format>> = {
  '2017': {
    name: '2017',
    header: 'ts,user_hash,x_coordinate,y_coordinate,color',
    fieldCount: 5,
    colourField: 4,
    colour: 'index',
    positionField: 2,
    position: 'pair',
  },
  '2022': {
    name: '2022',
    header: 'timestamp,user_id,pixel_color,coordinate',
    fieldCount: 4,
    colourField: 2,
    colour: 'rgb',
    positionField: 3,
    position: 'area',
  },
  '2023': {
    name: '2023',
    header: 'timestamp,user,coordinate,pixel_color',
    fieldCount: 4,
    colourField: 3,
    colour: 'rgb',
    positionField: 2,
    position: 'area',
  },
  argb: {
    name: 'argb',
    header: 'millis,hashid,color,x,y',
    fieldCount: 5,
    colourField: 2,
    colour: 'argb',
    positionField: 3,
    position: 'pair',
  },
}

export const MAX_FIELDS = 5

/** The format whose header this line is; a byte order mark before it is not part of it. */
export function formatOfHeader(line: string): Format | undefined {
  const header = line.replace(/^\uFEFF/, '')
  return Object.values(FORMATS).find((format) => format.header === header)
}
