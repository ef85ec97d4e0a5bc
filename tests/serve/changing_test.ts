/** Files that change while the server sends them, as the project's own downloads meet them. @module */

import { createHash } from "node:crypto";
import { downloadFile } from "../../lib/data/download.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";
import { serveFolder } from "../modes/sandbox.ts";

/** More than the system keeps for a connection, so that the server has not read all of it. */
const BYTES = 32_000_000;
const NAME = "t10k-images-idx3-ubyte.gz";
const PATIENCE = { connectMs: 10_000, stallMs: 10_000 };

const sha256 = createHash("sha256").update(new Uint8Array(BYTES)).digest("hex");

/** Downloads a file of zeros from the server, with `change` called when its first bytes are there. */
async function downloadWhile(change: (path: string) => void): Promise<{ left: string[] }> {
  await using folder = await temporaryFolder();
  const [shelf, own] = [`${folder.path}/data/mnist`, `${folder.path}/own`];
  await Deno.mkdir(shelf, { recursive: true });
  await Deno.mkdir(own);
  await Deno.writeFile(`${shelf}/${NAME}`, new Uint8Array(BYTES));
  await using server = serveFolder(folder.path);
  let isChanged = false;
  const download = () =>
    downloadFile({ name: NAME, bytes: BYTES, sha256 }, own, {
      mirrors: [`${server.url}/data/mnist/`],
      patience: PATIENCE,
      onBytes: () => {
        if (!isChanged) change(`${shelf}/${NAME}`);
        isChanged = true;
      },
    });
  try {
    await download();
  } catch (error) {
    throw new Error(`${(error as Error).message}; left ${names(own)}`);
  }
  return { left: names(own) };
}

function names(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name);
}

Deno.test("a file that is replaced while it is sent arrives as it was", async () => {
  const { left } = await downloadWhile((path) => {
    Deno.writeTextFileSync(`${path}.part`, "another");
    Deno.renameSync(`${path}.part`, path);
  });
  assert.deepEqual(left, [NAME]);
});

Deno.test("a file that is cut short while it is sent is an error, and gets no name", async () => {
  await assert.rejects(downloadWhile((path) => Deno.truncateSync(path, 100)), {
    message: /no mirror gave .*error reading a body.*; left t10k-images-idx3-ubyte\.gz\.part$/,
  });
});

Deno.test("a file that is written over while it is sent is an error, and nothing of it stays", async () => {
  const others = new Uint8Array(BYTES).fill(1);
  await assert.rejects(downloadWhile((path) => Deno.writeFileSync(path, others)), {
    message: /its sha256 is not the published one.*; left $/,
  });
});
