/**
 * A bitmap font for pictures: printable ASCII and the few signs that captions need, drawn on a grid
 * of 5 x 9 pixels of which the lowest two rows are for descenders.
 *
 * @module
 */

/** Columns of a glyph, in font pixels. */
export const GLYPH_WIDTH: number = 5;

/** Rows of a glyph, in font pixels: 7 above the baseline, 2 below. */
export const GLYPH_HEIGHT: number = 9;

/** From the left edge of one character to that of the next, in font pixels. */
export const ADVANCE: number = GLYPH_WIDTH + 1;

/** From the top of one line to that of the next, in font pixels. */
export const LINE_HEIGHT: number = GLYPH_HEIGHT + 2;

/**
 * The glyphs from the space on, in code point order: nine base-32 digits each, one per row from the
 * top, whose five bits are the pixels of the row from the left.
 */
const ASCII = (
  "000000000 444440400 aaa000000 aavavaa00 4fke5u400 pp248jj00 cik8lid00 444000000 " +
  "248884200 842224800 04lel4000 044v44000 000006480 000e00000 00000cc00 01248g000 " +
  "ehjlphe00 4c4444e00 eh168gv00 u11e11u00 26aiv2200 vgu11he00 68guhhe00 v12448800 " +
  "ehhehhe00 ehhf12c00 0cc0cc000 0cc0cc480 124842100 00v0v0000 g84248g00 eh1640400 " +
  "ehnlmge00 4ahhvhh00 uhhuhhu00 ehggghe00 sihhhis00 vgguggv00 vgguggg00 ehgnhhf00 " +
  "hhhvhhh00 e44444e00 72222ic00 hikokih00 ggggggv00 hrllhhh00 hppljjh00 ehhhhhe00 " +
  "uhhuggg00 ehhhlid00 uhhukih00 fgge11u00 v44444400 hhhhhhe00 hhhhha400 hhhllrh00 " +
  "hha4ahh00 hha444400 v1248gv00 c88888c00 0g8421000 622222600 4ah000000 0000000v0 " +
  "842000000 00e1fhf00 gguhhhu00 00fgggf00 11fhhhf00 00ehvge00 698u88800 00fhhhf1e " +
  "gguhhhh00 40c444e00 2062222ic ggikoki00 c44444e00 00qllll00 00uhhhh00 00ehhhe00 " +
  "00uhhhugg 00fhhhf11 00mpggg00 00fge1u00 88u889600 00hhhhf00 00hhha400 00hhlla00 " +
  "00ha4ah00 00hhhhf1e 00v248v00 344844300 444444440 o44244o00 009li0000"
).split(" ");

const SIGNS: ReadonlyMap<string, string> = new Map([
  ["→", "042v24000"],
  ["✓", "0112ic400"],
  ["✗", "0ha4ah000"],
  ["×", "000a4a000"],
  ["·", "000cc0000"],
  ["–", "000v00000"],
  ["…", "000000l00"],
]);

/** An empty box, for a character that the font does not have. */
const MISSING = "vhhhhhv00";

/** The size of a text, in pixels. */
export interface TextSize {
  /** From the left edge of the longest line to its right edge. */
  readonly width: number;
  /** From the top of the first line to the bottom of the last line's descenders. */
  readonly height: number;
}

/**
 * The pixels of a character: {@link GLYPH_HEIGHT} rows from the top, each a number whose bit
 * `GLYPH_WIDTH - 1 - x` is the pixel in column `x`. A character outside the font is an empty box.
 */
export function glyphRows(character: string): number[] {
  const code = character.codePointAt(0) ?? 0;
  const glyph = ASCII[code - 32] ?? SIGNS.get(character) ?? MISSING;
  return Array.from(glyph, (digit) => parseInt(digit, 32));
}

/**
 * How much room a text takes.
 *
 * @param text One or more lines, separated by line feeds.
 * @param scale The side of a font pixel, in pixels.
 */
export function measureText(text: string, scale: number): TextSize {
  if (text === "") return { width: 0, height: 0 };
  const lines = text.split("\n");
  const longest = Math.max(...lines.map((line) => [...line].length));
  return {
    width: Math.max(0, longest * ADVANCE - 1) * scale,
    height: ((lines.length - 1) * LINE_HEIGHT + GLYPH_HEIGHT) * scale,
  };
}
