/** A digit drawn with a round pen, at any size and in any colours, to test with. @module */

type Point = readonly [x: number, y: number];
type Color = readonly [r: number, g: number, b: number, a: number];

/** How to draw it. */
export interface Drawing {
  /** Rows and columns. */
  readonly side: number;
  /** Colour and opacity of the pen, each 0 to 255. */
  readonly pen: Color;
  /** Colour and opacity of the paper. */
  readonly paper: Color;
  /** Left upper corner of the digit, as a part of the picture. @default [0.3, 0.2] */
  readonly at?: Point;
  /** Height of the digit, as a part of the picture. @default 0.6 */
  readonly height?: number;
  /** Adds this to red, green and blue of a pixel. @default none */
  readonly noise?: () => number;
}

/** A seven with a bar through it: no symmetry, so that a flip or a turn shows. */
const STROKES: readonly (readonly [Point, Point])[] = [
  [[0.06, 0.06], [0.6, 0.06]],
  [[0.6, 0.06], [0.25, 0.94]],
  [[0.2, 0.5], [0.55, 0.5]],
];
const PEN_RADIUS = 0.06;

/** Draws the digit; edges are smooth over one pixel. Shape `(side, side, 4)`. */
export function drawDigit(drawing: Drawing): Uint8Array {
  const { side, pen, paper, at = [0.3, 0.2], height = 0.6, noise = () => 0 } = drawing;
  const rgba = new Uint8Array(side * side * 4);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const p: Point = [
        ((column + 0.5) / side - at[0]) / height,
        ((row + 0.5) / side - at[1]) / height,
      ];
      const distance = Math.min(...STROKES.map(([a, b]) => distanceTo(p, a, b)));
      const cover = Math.min(1, Math.max(0, (PEN_RADIUS - distance) * height * side + 0.5));
      const shade = noise();
      for (let c = 0; c < 4; c++) {
        const value = paper[c]! + cover * (pen[c]! - paper[c]!) + (c < 3 ? shade : 0);
        rgba[(row * side + column) * 4 + c] = Math.min(255, Math.max(0, Math.round(value)));
      }
    }
  }
  return rgba;
}

function distanceTo([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy);
  const t = Math.min(1, Math.max(0, along));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}
