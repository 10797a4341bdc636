/** What we use of a package that brings no types. */
declare module 'gifenc' {
  interface GifFrame {
    /** r, g, b each; left out: the palette of the first frame. */
    readonly palette?: readonly (readonly number[])[]
    /** Bits of an index. */
    readonly colorDepth: number
    readonly transparent: boolean
    readonly transparentIndex: number
    /** ms, rounded to hundredths of a second. */
    readonly delay: number
    /** 1: leave the frame in place. */
    readonly dispose: number
  }

  interface GifWriter {
    writeFrame(index: Uint8Array, width: number, height: number, frame: GifFrame): void
    finish(): void
    /** A copy of what was written. */
    bytes(): Uint8Array<ArrayBuffer>
    readonly stream: {
      /** Forgets the bytes alone. */
      reset(): void
    }
  }

  const gifenc: { GIFEncoder(): GifWriter }
  export = gifenc
}
