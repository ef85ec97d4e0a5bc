import { Buffer } from "node:buffer";
import { readPng } from "../../lib/data/read_png.ts";
import { PNG } from "../../lib/deps.ts";
import { DataError } from "../../lib/errors.ts";
import { assert, fc } from "../deps.ts";
import { temporaryFolder } from "./mirror.ts";

const RGBA = Uint8Array.from({ length: 5 * 3 * 4 }, (_, i) => (i * 53) % 256);

/** An RGBA picture of 5 x 3. */
function png(): Uint8Array {
  const picture = new PNG({ width: 5, height: 3 });
  picture.data = Buffer.from(RGBA);
  return new Uint8Array(PNG.sync.write(picture));
}

/** 8-bit grey, 2 x 2, values 0, 85, 170, 255; chunks put together by Python's zlib and struct. */
const GREY = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNgCGVY9R8AA60B/2f7ygkAAAAASUVORK5CYII=",
  "base64",
);

async function assertRefused(path: string, why: RegExp) {
  await assert.rejects(readPng(path), (error: unknown) => {
    assert.ok(error instanceof DataError, String(error));
    assert.match(error.message, /^Cannot read [^\n]+\.$/);
    assert.match(error.message, why);
    return true;
  });
}

Deno.test("readPng() gives the pixels of a file", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(`${folder.path}/x.png`, png());
  const { rgba, width, height } = await readPng(`${folder.path}/x.png`);
  assert.deepEqual([width, height], [5, 3]);
  assert.deepEqual([...rgba], [...RGBA]);
});

Deno.test("readPng() gives grey pictures as colours", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(`${folder.path}/x.png`, GREY);
  const { rgba, width, height } = await readPng(`${folder.path}/x.png`);
  assert.deepEqual([width, height], [2, 2]);
  assert.deepEqual([...rgba], [0, 85, 170, 255].flatMap((v) => [v, v, v, 255]));
});

Deno.test("readPng() refuses what is not a sound PNG file, and says why", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/x.png`;
  await assertRefused(path, /there is no such file/);
  await assertRefused(folder.path, /it is a folder\. Name a file\.$/);
  const huge = png();
  new DataView(huge.buffer).setUint32(16, 100_000);
  new DataView(huge.buffer).setUint32(20, 100_000);
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(), /begins with 89 50 4e 47, got an empty file/],
    [Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16), /got ff d8 ff e0/],
    [png().subarray(0, 20), /ends within its header, got 20 bytes/],
    [png().subarray(0, 50), /truncated or damaged/],
    [png().subarray(0, -20), /truncated or damaged/],
    [huge, /at most 67108864 pixels, got 100000x100000/],
  ];
  for (const [bytes, why] of cases) {
    await Deno.writeFile(path, bytes);
    await assertRefused(path, why);
  }
});

Deno.test("readPng() answers any damage with a DataError or a picture", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/x.png`;
  const good = png();
  const damage = fc.tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length));
  await fc.assert(
    fc.asyncProperty(damage, async ([at, value, cut]) => {
      const bytes = good.slice();
      bytes[at] = value;
      await Deno.writeFile(path, cut % 2 === 0 ? bytes : bytes.subarray(0, cut));
      try {
        const { rgba, width, height } = await readPng(path);
        assert.equal(rgba.length, width * height * 4);
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
      }
    }),
    { numRuns: 300 },
  );
});
