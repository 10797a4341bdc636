import fc from 'fast-check'

/** Any code points, lone surrogates among them; every other one is ASCII. */
export const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0, max: 0x10ffff })), {
    maxLength: 40,
  })
  .map((points) => String.fromCodePoint(...points))
