import { join } from "../lib/deps.ts";
import { DataError } from "../lib/errors.ts";
import { isSystemError, writeFileAtomic } from "../lib/files.ts";
import { assert } from "./deps.ts";
import { withFolder } from "./train/scratch.ts";

const names = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name);

Deno.test("writeFileAtomic() writes text and bytes in place of what was there", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "x.txt");
    await writeFileAtomic(path, "grüße, and much more of it");
    assert.equal(await Deno.readTextFile(path), "grüße, and much more of it");
    const bytes = Uint8Array.from({ length: 5_000_000 }, (_, i) => i % 251);
    await writeFileAtomic(path, bytes.subarray(1));
    assert.deepEqual(await Deno.readFile(path), bytes.slice(1));
    await writeFileAtomic(path, "");
    assert.equal((await Deno.stat(path)).size, 0);
    assert.deepEqual(names(folder), ["x.txt"]);
  });
});

Deno.test("writeFileAtomic() keeps the old file when it fails half-way", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "x.bin");
    await writeFileAtomic(path, "old");
    // Fails after the file beside it has been opened and its first bytes written.
    const bytes = new Uint8Array(10);
    let calls = 0;
    bytes.subarray = () => {
      if (calls++ > 0) throw new Error("the disk is full");
      return bytes.slice(0, 4);
    };
    await assert.rejects(writeFileAtomic(path, bytes), /the disk is full/);
    assert.equal(calls, 2);
    assert.equal(await Deno.readTextFile(path), "old");
    assert.deepEqual(names(folder), ["x.bin"]);
  });
});

Deno.test("writeFileAtomic() leaves nothing behind where it cannot write", async () => {
  await withFolder(async (folder) => {
    const taken = join(folder, "taken");
    await Deno.mkdir(taken);
    await assert.rejects(writeFileAtomic(taken, "x"), Error);
    await assert.rejects(writeFileAtomic(join(folder, "missing", "x"), "x"), Deno.errors.NotFound);
    assert.deepEqual(names(folder), ["taken"]);
    assert.ok((await Deno.stat(taken)).isDirectory);
  });
});

Deno.test("isSystemError() tells what the system refused from a defect", async () => {
  await withFolder(async (folder) => {
    const refusals = [
      () => Deno.readFile(join(folder, "missing")),
      () => Deno.readFile(folder),
      () => Deno.mkdir(folder),
      () => Deno.connect({ hostname: "127.0.0.1", port: 1 }),
    ];
    for (const refuse of refusals) {
      await assert.rejects(async () => await refuse(), (error) => isSystemError(error));
    }
  });
  assert.ok(isSystemError(new Deno.errors.NotCapable("Requires write access")));
  const defects = [new TypeError("x is not a function"), new DataError("bad"), "ENOENT", null];
  for (const defect of defects) assert.ok(!isSystemError(defect));
});
