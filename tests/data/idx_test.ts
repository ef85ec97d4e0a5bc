import { gzipSync } from "node:zlib";
import { encodeIdx, type IdxArray, parseIdx } from "../../lib/data/idx.ts";
import { DataError } from "../../lib/errors.ts";
import { assert, fc } from "../deps.ts";

const gzip = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));

/** Two images of 2 x 3 written out by hand from the description of the format. */
// deno-fmt-ignore
const IMAGES = Uint8Array.of(
  0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3,
  1, 2, 3, 4, 5, 6,
  7, 8, 9, 10, 11, 255,
);
const LABELS = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9);

const arrays: fc.Arbitrary<IdxArray> = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean())
  .chain(([count, labels]) =>
    fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).chain(([h, w]) => {
      const shape = labels ? [count] : [count, h, w];
      const length = shape.reduce((a, b) => a * b, 1);
      return fc.uint8Array({ minLength: length, maxLength: length })
        .map((data) => ({ shape, data }));
    })
  );

const dimensionsOf = (array: IdxArray) => array.shape.length === 1 ? 1 : 3;

Deno.test("parseIdx() reads images and labels", async () => {
  const images = await parseIdx(IMAGES, "images", 3);
  assert.deepEqual(images.shape, [2, 2, 3]);
  assert.deepEqual([...images.data], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]);
  const labels = await parseIdx(LABELS, "labels", 1);
  assert.deepEqual(labels.shape, [3]);
  assert.deepEqual([...labels.data], [7, 0, 9]);
});

Deno.test("parseIdx() tells gzip by its content and ignores the name in its header", async () => {
  // FNAME is set (flag 8) and holds a dotted name, as in the published MNIST files.
  const plain = gzip(LABELS);
  const named = Uint8Array.from([
    ...plain.subarray(0, 3),
    8,
    ...plain.subarray(4, 10),
    ...new TextEncoder().encode("train-labels.idx1-ubyte\0"),
    ...plain.subarray(10),
  ]);
  for (const bytes of [plain, named]) {
    assert.deepEqual([...(await parseIdx(bytes, "labels.txt", 1)).data], [7, 0, 9]);
  }
});

Deno.test("parseIdx() reads a view into a larger buffer", async () => {
  const buffer = new Uint8Array(LABELS.length + 10).fill(77);
  buffer.set(LABELS, 5);
  const { data } = await parseIdx(buffer.subarray(5, 5 + LABELS.length), "labels", 1);
  assert.deepEqual([...data], [7, 0, 9]);
});

Deno.test("parseIdx() gives back what encodeIdx() wrote, plain and gzip", async () => {
  await fc.assert(fc.asyncProperty(arrays, fc.boolean(), async (array, compress) => {
    const bytes = encodeIdx(array);
    const parsed = await parseIdx(compress ? gzip(bytes) : bytes, "it", dimensionsOf(array));
    assert.deepEqual(parsed.shape, array.shape);
    assert.deepEqual([...parsed.data], [...array.data]);
  }));
});

Deno.test("parseIdx() refuses what is not such an array, and says why", async (t) => {
  const changed = (at: number, ...values: number[]) => {
    const bytes = IMAGES.slice();
    bytes.set(values, at);
    return bytes;
  };
  const badChecksum = gzip(IMAGES);
  badChecksum[badChecksum.length - 6]! ^= 1;
  const cases: [string, Uint8Array, RegExp][] = [
    ["no bytes", new Uint8Array(), /begins with 4 bytes, got 0/],
    ["half a header", IMAGES.subarray(0, 9), /has 16 bytes, got 9/],
    ["a wrong magic number", changed(0, 1), /begins with two zero bytes, got 0x01000803/],
    ["a web page", new TextEncoder().encode("<!DOCTYPE html><title>Sign in"), /two zero bytes/],
    ["floats", changed(2, 0x0d), /only unsigned bytes.*0x00000d03/],
    ["labels", LABELS, /images have 3 dimensions, got 1/],
    ["four dimensions", changed(3, 4), /images have 3 dimensions, got 4/],
    ["no image", changed(7, 0), /dimensions of 1 to 4096.*got 0 x 2 x 3/],
    ["no columns", changed(15, 0), /got 2 x 2 x 0/],
    ["very many columns", changed(12, 0, 0, 0x20), /got 2 x 2 x 8195/],
    ["very many images", changed(4, 255, 255, 255, 255), /got 4294967295 x 2 x 3/],
    ["a missing byte", IMAGES.subarray(0, -1), /2 x 2 x 3 = 12 bytes, got 11/],
    ["a trailing byte", Uint8Array.of(...IMAGES, 0), /2 x 2 x 3 = 12 bytes, got 13/],
    ["a truncated gzip", gzip(IMAGES).subarray(0, -9), /gzip data are truncated or damaged/],
    ["a gzip of two bytes", gzip(IMAGES).subarray(0, 2), /truncated or damaged/],
    ["a wrong checksum", badChecksum, /truncated or damaged/],
    ["bytes after the gzip", Uint8Array.of(...gzip(IMAGES), 1), /truncated or damaged/],
  ];
  for (const [what, bytes, cause] of cases) {
    await t.step(what, async () => {
      await assert.rejects(parseIdx(bytes, "data/x.gz", 3), (error: unknown) => {
        assert.ok(error instanceof DataError);
        assert.match(error.message, /^Cannot read data\/x\.gz as IDX: [^\n]+$/);
        assert.match(error.message, cause);
        return true;
      });
    });
  }
});

Deno.test("parseIdx() answers any damage with a DataError or with sound data", async () => {
  const damage = fc.record({
    at: fc.nat(200),
    value: fc.nat(255),
    cut: fc.option(fc.nat(60), { nil: 0 }),
    compress: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(arrays, damage, async (array, { at, value, cut, compress }) => {
      const good = encodeIdx(array);
      const bytes = compress ? gzip(good) : good.slice();
      bytes[at % bytes.length] = value;
      try {
        const parsed = await parseIdx(
          bytes.subarray(0, Math.max(0, bytes.length - cut)),
          "it",
          dimensionsOf(array),
        );
        assert.equal(parsed.shape.reduce((a, b) => a * b, 1), parsed.data.length);
        // A checksum guards gzip's content; a plain file may carry another pixel unnoticed.
        if (compress) assert.deepEqual([...parsed.data], [...array.data]);
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("parseIdx() refuses a small file that unpacks to more than 128 MiB", async () => {
  const zeros = new Uint8Array(1 << 20);
  let left = 129;
  const bomb = new ReadableStream<BufferSource>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(zeros);
      else controller.close();
    },
  }).pipeThrough(new CompressionStream("gzip"));
  const packed = new Uint8Array(await new Response(bomb).arrayBuffer());
  await assert.rejects(parseIdx(packed, "bomb", 3), /more than 134217728 bytes/);
});

Deno.test("encodeIdx() refuses data that do not fit the shape", () => {
  assert.throws(() => encodeIdx({ shape: [2, 2], data: new Uint8Array(5) }), RangeError);
});
