import { Buffer } from "node:buffer";
import { assert } from "../deps.ts";
import { PNG } from "../../lib/deps.ts";
import { Canvas, encodePng } from "../../lib/viz/png.ts";

const WHITE = [255, 255, 255] as const;
const RED = [200, 10, 20] as const;

/** The canvas as text: one character per pixel, `#` for the given colour. */
function drawing(canvas: Canvas, color: readonly number[]): string[] {
  return Array.from(
    { length: canvas.height },
    (_, y) =>
      Array.from({ length: canvas.width }, (_, x) => {
        const at = (y * canvas.width + x) * 3;
        return color.every((value, c) => canvas.data[at + c] === value) ? "#" : ".";
      }).join(""),
  );
}

Deno.test("encodePng() writes colour and grey files that decode to the same pixels", () => {
  for (const channels of [1, 3] as const) {
    const data = Uint8Array.from({ length: 7 * 5 * channels }, (_, i) => (i * 37) % 256);
    const file = encodePng({ data, width: 7, height: 5, channels });
    assert.deepEqual([...file.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
    const decoded = PNG.sync.read(Buffer.from(file));
    assert.deepEqual([decoded.width, decoded.height], [7, 5]);
    for (let i = 0; i < 35; i++) {
      const pixel = [0, 1, 2].map((c) => data[i * channels + (channels === 1 ? 0 : c)]);
      assert.deepEqual([...decoded.data.subarray(i * 4, i * 4 + 4)], [...pixel, 255]);
    }
  }
});

Deno.test("encodePng() writes one byte per grey pixel and three per colour in its header", () => {
  const grey = encodePng({ data: Uint8Array.of(9), width: 1, height: 1, channels: 1 });
  const color = encodePng({ data: Uint8Array.of(9, 8, 7), width: 1, height: 1, channels: 3 });
  // Bit depth and colour type follow width and height in IHDR (PNG specification, 11.2.2).
  assert.deepEqual([...grey.subarray(24, 26)], [8, 0]);
  assert.deepEqual([...color.subarray(24, 26)], [8, 2]);
});

Deno.test("encodePng() gives the same bytes for the same pixels", () => {
  const picture = () => new Canvas(40, 30, RED);
  assert.deepEqual(encodePng(picture()), encodePng(picture()));
});

Deno.test("encodePng() refuses sides that do not fit the data", () => {
  const data = new Uint8Array(12);
  assert.throws(() => encodePng({ data, width: 2, height: 3, channels: 3 }), {
    name: "RangeError",
    message: /2 x 3 x 3 needs 18 bytes, got 12/,
  });
  assert.throws(() => encodePng({ data, width: 0, height: 3, channels: 3 }), RangeError);
  assert.throws(() => encodePng({ data, width: 1.5, height: 8, channels: 1 }), RangeError);
});

Deno.test("Canvas.fillRect() fills its pixels and cuts off what lies outside", () => {
  const canvas = new Canvas(4, 3, WHITE);
  canvas.fillRect(-2, 1, 4, 9, RED);
  assert.deepEqual(drawing(canvas, RED), ["....", "##..", "##.."]);
});

Deno.test("Canvas.blit() scales without blending and maps the range to black and white", () => {
  const canvas = new Canvas(6, 4, RED);
  canvas.blit({ values: [0, 8, 16, 4], width: 2, height: 2, maxValue: 16 }, 1, 0, 2);
  assert.deepEqual(drawing(canvas, [0, 0, 0]), [".##...", ".##...", "......", "......"]);
  assert.deepEqual(drawing(canvas, [128, 128, 128]), ["...##.", "...##.", "......", "......"]);
  assert.deepEqual(drawing(canvas, WHITE), ["......", "......", ".##...", ".##..."]);
  assert.deepEqual(drawing(canvas, [64, 64, 64]), ["......", "......", "...##.", "...##."]);
  assert.deepEqual(drawing(canvas, RED)[0], "#....#");
});

Deno.test("Canvas.blit() clamps values outside of the range and draws NaN black", () => {
  const canvas = new Canvas(5, 1, RED);
  const values = Float32Array.of(-3, 3, NaN, 0, -1);
  canvas.blit({ values, width: 5, height: 1, minValue: -1, maxValue: 1 }, 0, 0, 1);
  const greys = [0, 255, 0, 128, 0];
  assert.deepEqual([...canvas.data], greys.flatMap((grey) => [grey, grey, grey]));
});

Deno.test("Canvas.text() draws glyphs in their places, each scaled", () => {
  const canvas = new Canvas(24, 18, WHITE);
  canvas.text("L.", 0, 0, RED, 2);
  const rows = drawing(canvas, RED);
  assert.equal(rows[0], "##......................");
  assert.equal(rows[10], "##............####......");
  assert.equal(rows[13], "##########....####......");
  assert.equal(rows[14], "........................");
});

Deno.test("Canvas.text() starts a new line at a line feed", () => {
  const canvas = new Canvas(6, 20, WHITE);
  canvas.text("-\n-", 0, 0, RED, 1);
  const inked = drawing(canvas, RED).flatMap((row, y) => row.includes("#") ? [y] : []);
  assert.deepEqual(inked, [3, 14]);
});
