/** GIF files, read back by a decoder written from the format's specification. @module */

import { encodeGif, greySheet } from "../../lib/viz/gif.ts";
import { assert, fc } from "../deps.ts";

/** A frame as the file has it. */
interface Frame {
  readonly delay: number;
  readonly pixels: number[];
}

/** Reads a file with one palette for all frames: <https://www.w3.org/Graphics/GIF/spec-gif89a.txt>. */
function decodeGif(file: Uint8Array) {
  let at = 0;
  const byte = () => file[at++]!;
  const word = () => byte() + 256 * byte();
  const blocks = () => {
    const bytes: number[] = [];
    for (let size = byte(); size > 0; size = byte()) {
      for (let i = 0; i < size; i++) bytes.push(byte());
    }
    return bytes;
  };
  const header = String.fromCharCode(...file.subarray(0, 6));
  at = 6;
  const [width, height, flags] = [word(), word(), byte()];
  at += 2;
  assert.ok(flags & 0x80, "a palette for all frames");
  const palette = Array.from({ length: 2 << (flags & 7) }, () => [byte(), byte(), byte()]);
  const frames: Frame[] = [];
  let loops: number | undefined;
  let delay = 0;
  for (let block = byte(); block !== 0x3b; block = byte()) {
    if (block === 0x21) {
      const label = byte();
      const bytes = blocks();
      if (label === 0xf9) delay = 10 * (bytes[1]! + 256 * bytes[2]!);
      else if (label === 0xff) {
        assert.equal(String.fromCharCode(...bytes.slice(0, 11)), "NETSCAPE2.0");
        loops = bytes[12]! + 256 * bytes[13]!;
      }
    } else {
      assert.equal(block, 0x2c);
      assert.deepEqual([word(), word(), word(), word()], [0, 0, width, height]);
      assert.equal(byte() & 0x80, 0, "no palette of its own");
      const codeSize = byte();
      const indices = decodeLzw(blocks(), codeSize);
      frames.push({ delay, pixels: indices.map((index) => palette[index]![0]!) });
    }
  }
  assert.equal(at, file.length);
  assert.ok(palette.every(([r, g, b]) => r === g && g === b));
  return { header, width, height, frames, loops };
}

/** Appendix F of the specification. */
function decodeLzw(bytes: number[], codeSize: number): number[] {
  const clear = 1 << codeSize;
  const out: number[] = [];
  let table: number[][] = [];
  let size = 0;
  let previous: number[] | undefined;
  const restart = () => {
    table = Array.from({ length: clear + 2 }, (_, i) => i < clear ? [i] : []);
    size = codeSize + 1;
    previous = undefined;
  };
  restart();
  let bit = 0;
  const nextCode = () => {
    let code = 0;
    for (let i = 0; i < size; i++, bit++) code |= (bytes[bit >> 3]! >> (bit & 7) & 1) << i;
    return code;
  };
  for (let code = nextCode(); code !== clear + 1; code = nextCode()) {
    if (code === clear) {
      restart();
      continue;
    }
    const entry: number[] = table[code] ?? [...previous!, previous![0]!];
    out.push(...entry);
    if (previous && table.length < 4096) {
      table.push([...previous, entry[0]!]);
      if (table.length === 1 << size && size < 12) size++;
    }
    previous = entry;
  }
  return out;
}

/** Frames of noise, for which the encoder's table overflows, and of few values. */
function framesOf(count: number, size: number): Uint8Array[] {
  return Array.from(
    { length: count },
    (_, k) =>
      Uint8Array.from({ length: size }, (_, i) => k % 2 ? (i * i * 7919 + k * i) % 256 : i % 3),
  );
}

Deno.test("encodeGif() writes a file that decodes to the same frames", () => {
  const frames = framesOf(4, 90 * 70);
  const file = encodeGif(frames, { width: 90, height: 70 });
  const decoded = decodeGif(file);
  assert.equal(decoded.header, "GIF89a");
  assert.deepEqual([decoded.width, decoded.height], [90, 70]);
  assert.equal(decoded.frames.length, 4);
  decoded.frames.forEach(({ pixels }, k) => {
    assert.ok(frames[k]!.every((value, i) => pixels[i] === value), `frame ${k}`);
    assert.equal(pixels.length, frames[k]!.length);
  });
});

Deno.test("encodeGif() decodes to the same frames whatever their size and values", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 255 }),
    (width, height, count, step) => {
      const frames = Array.from(
        { length: count },
        (_, k) => Uint8Array.from({ length: width * height }, (_, i) => i * step + k),
      );
      const decoded = decodeGif(encodeGif(frames, { width, height }));
      assert.deepEqual(
        decoded.frames.map(({ pixels }) => pixels),
        frames.map((frame) => [...frame]),
      );
    },
  ));
});

Deno.test("encodeGif() holds the last frame and begins again", () => {
  const frames = framesOf(3, 16);
  const size = { width: 4, height: 4 };
  const { frames: shown, loops } = decodeGif(
    encodeGif(frames, { ...size, delay: 40, lastDelay: 1500 }),
  );
  assert.deepEqual(shown.map(({ delay }) => delay), [40, 40, 1500]);
  assert.equal(loops, 0, "which stands for without end");
  const once = decodeGif(encodeGif(frames, { ...size, loop: false }));
  assert.equal(once.loops, undefined);
  assert.deepEqual(once.frames.map(({ delay }) => delay), [60, 60, 2000]);
});

Deno.test("encodeGif() gives the same bytes for the same frames", () => {
  const file = () => encodeGif(framesOf(3, 100), { width: 10, height: 10 });
  assert.deepEqual(file(), file());
});

Deno.test("encodeGif() refuses what a GIF cannot hold", () => {
  const size = { width: 2, height: 3 };
  const frame = new Uint8Array(6);
  for (
    const [frames, options, message] of [
      [[], size, /there must be a frame/],
      [[frame, new Uint8Array(5)], size, /2 x 3 needs 6 bytes, got 5/],
      [[frame], { width: 0, height: 3 }, /width must be/],
      [[frame], { width: 2, height: 1.5 }, /height must be/],
      [[frame], { ...size, delay: -1 }, /delay must be/],
      [[frame], { ...size, lastDelay: 1e6 }, /lastDelay must be/],
    ] as const
  ) {
    assert.throws(() => encodeGif(frames, options), { name: "RangeError", message });
  }
});

Deno.test("greySheet() puts images side by side", () => {
  const images = [-1, 1, 0, NaN, 2, -2];
  const options = { count: 3, height: 1, width: 2, columns: 2, minValue: -1, maxValue: 1 };
  const sheet = greySheet(images, { ...options, gap: 1 });
  assert.deepEqual([sheet.width, sheet.height], [5, 3]);
  assert.deepEqual([...sheet.data], [
    ...[0, 255, 0, 128, 0],
    ...[0, 0, 0, 0, 0],
    ...[255, 0, 0, 0, 0],
  ]);
  const light = greySheet(images, { ...options, gap: 1, ground: 250 });
  // What lies between images, and the place of the fourth.
  const between = [2, 5, 6, 7, 8, 9, 12, 13, 14];
  const expected = sheet.data.map((grey, i) => between.includes(i) ? 250 : grey);
  assert.deepEqual(light.data, expected);
  const large = greySheet([1, 0], {
    count: 1,
    height: 1,
    width: 2,
    columns: 1,
    maxValue: 1,
    scale: 2,
  });
  assert.deepEqual([large.width, large.height], [4, 2]);
  assert.deepEqual([...large.data], [255, 255, 0, 0, 255, 255, 0, 0]);
});
