import { DataError } from "../../lib/errors.ts";
import { savePicture } from "../../lib/viz/save.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";

Deno.test("savePicture() writes the bytes in the place of older ones", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/a.png`;
  await Deno.writeTextFile(path, "something longer than the picture");
  await savePicture(path, Uint8Array.of(1, 2, 3));
  assert.deepEqual(await Deno.readFile(path), Uint8Array.of(1, 2, 3));
  assert.deepEqual(Array.from(Deno.readDirSync(folder.path), ({ name }) => name), ["a.png"]);
});

Deno.test("savePicture() leaves files alone that are no pictures", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/model.safetensors`;
  await Deno.writeTextFile(path, "weights");
  await assert.rejects(savePicture(path, Uint8Array.of(1)), {
    name: "UsageError",
    message: /its name must end in \.png, got --out .*model\.safetensors$/,
  });
  assert.equal(await Deno.readTextFile(path), "weights");
});

Deno.test("savePicture() names the folder that is not there", async () => {
  await using folder = await temporaryFolder();
  await assert.rejects(
    savePicture(`${folder.path}/none/a.png`, Uint8Array.of(1)),
    (error) => error instanceof DataError && /got no folder .*none\. Make/.test(error.message),
  );
});

Deno.test("savePicture() refuses the name of a folder", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/a.png`);
  await assert.rejects(savePicture(`${folder.path}/a.png`, Uint8Array.of(1)), DataError);
  assert.deepEqual(Array.from(Deno.readDirSync(folder.path), ({ name }) => name), ["a.png"]);
});
