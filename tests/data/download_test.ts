import { createHash } from "node:crypto";
import type { DataFile } from "../../lib/data/catalog.ts";
import { downloadFile } from "../../lib/data/download.ts";
import { MissingDataError } from "../../lib/data/missing.ts";
import { assert } from "../deps.ts";
import { stalling, startMirror, temporaryFolder } from "./mirror.ts";

const CONTENT = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >>> 3);
const FILE: DataFile = {
  name: "images.gz",
  bytes: CONTENT.length,
  sha256: createHash("sha256").update(CONTENT).digest("hex"),
};
const FILES = { [FILE.name]: CONTENT };
const QUICK = { connectMs: 300, stallMs: 300 };

const fetchFrom = (folder: string, ...mirrors: string[]) =>
  downloadFile(FILE, folder, { mirrors, patience: QUICK });

/** The file is there, whole, and nothing is left beside it. */
async function assertFetched(folder: string) {
  assert.deepEqual([...Deno.readDirSync(folder)].map((entry) => entry.name), [FILE.name]);
  assert.deepEqual(await Deno.readFile(`${folder}/${FILE.name}`), CONTENT);
}

async function assertMissing(fetched: Promise<void>, why: RegExp) {
  await assert.rejects(fetched, (error: unknown) => {
    assert.ok(error instanceof MissingDataError, String(error));
    assert.match(error.message, /^[^\n]+$/);
    assert.match(error.reason, why);
    return true;
  });
}

Deno.test("downloadFile() brings a file and tells how far it is", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(FILES);
  const told: number[] = [];
  await downloadFile(FILE, folder.path, {
    mirrors: [mirror.url],
    patience: QUICK,
    onBytes: (n) => told.push(n),
  });
  await assertFetched(folder.path);
  assert.equal(told.at(-1), FILE.bytes);
  assert.deepEqual(told, told.toSorted((a, b) => a - b));
});

Deno.test("downloadFile() asks only for what an earlier download lacks", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(FILES);
  await Deno.writeFile(`${folder.path}/${FILE.name}.part`, CONTENT.subarray(0, 120_000));
  await fetchFrom(folder.path, mirror.url);
  await assertFetched(folder.path);
  assert.deepEqual(mirror.asked, ["images.gz bytes=120000-"]);
});

Deno.test("downloadFile() asks for nothing when the part is whole", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(FILES);
  await Deno.writeFile(`${folder.path}/${FILE.name}.part`, CONTENT);
  await fetchFrom(folder.path, mirror.url);
  await assertFetched(folder.path);
  assert.deepEqual(mirror.asked, []);
});

Deno.test("downloadFile() begins anew when the mirror ignores Range", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(FILES, (_, bytes) => new Response(bytes.slice()));
  await Deno.writeFile(`${folder.path}/${FILE.name}.part`, CONTENT.subarray(0, 120_000));
  await fetchFrom(folder.path, mirror.url);
  await assertFetched(folder.path);
});

Deno.test("downloadFile() begins anew when the part was damaged or too long", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(FILES);
  for (const part of [new Uint8Array(120_000), new Uint8Array(FILE.bytes), new Uint8Array(5e5)]) {
    await Deno.writeFile(`${folder.path}/${FILE.name}.part`, part);
    await fetchFrom(folder.path, mirror.url);
    await assertFetched(folder.path);
    await Deno.remove(`${folder.path}/${FILE.name}`);
  }
});

Deno.test("downloadFile() keeps what a broken download brought and resumes it", async () => {
  await using folder = await temporaryFolder();
  await using half = startMirror(FILES, (_, bytes) => new Response(bytes.slice(0, 100_000)));
  await assertMissing(fetchFrom(folder.path, half.url), /ended after 100000 of 300000 bytes/);
  assert.deepEqual([...Deno.readDirSync(folder.path)].map((e) => e.name), ["images.gz.part"]);
  await using mirror = startMirror(FILES);
  await fetchFrom(folder.path, mirror.url);
  await assertFetched(folder.path);
  assert.deepEqual(mirror.asked, ["images.gz bytes=100000-"]);
});

Deno.test("downloadFile() survives a connection that breaks", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(FILES, (_, bytes) => {
    // The answer promises more than it sends, so the client sees the connection break.
    const headers = { "content-length": String(bytes.length) };
    return new Response(bytes.slice(0, 100_000), { headers });
  });
  await assertMissing(fetchFrom(folder.path, mirror.url), /127\.0\.0\.1:\d+: .+/);
});

Deno.test("downloadFile() refuses a file with another hash and leaves nothing of it", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(FILES, (_, bytes) => new Response(bytes.map((b) => b ^ 1)));
  await assertMissing(fetchFrom(folder.path, mirror.url), /sha256 is not the published one/);
  assert.deepEqual([...Deno.readDirSync(folder.path)], []);
});

Deno.test("downloadFile() refuses a body that is too long", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(FILES, (_, b) => new Response(new Uint8Array(b.length + 1)));
  await assertMissing(fetchFrom(folder.path, mirror.url), /sent more than 300000 bytes/);
});

Deno.test("downloadFile() refuses an answer that begins at another byte", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(FILES, (_, bytes) => {
    const headers = { "content-range": `bytes 7-${bytes.length - 1}/${bytes.length}` };
    return new Response(bytes.slice(7), { status: 206, headers });
  });
  await Deno.writeFile(`${folder.path}/${FILE.name}.part`, CONTENT.subarray(0, 120_000));
  await assertMissing(fetchFrom(folder.path, mirror.url), /from byte 7, asked from 120000/);
});

Deno.test("downloadFile() goes on to the next mirror, and no further than needed", async (t) => {
  await using good = startMirror(FILES);
  await using unused = startMirror(FILES);
  const bad = {
    "404": () => new Response("absent", { status: 404 }),
    "a login page": () => Response.redirect("http://127.0.0.1:1/login"),
    "a wrong hash": (_: Request, bytes: Uint8Array) => new Response(bytes.map((b) => b ^ 1)),
    "a stalled body": (_: Request, bytes: Uint8Array) => stalling(bytes.slice(0, 1000)),
  };
  for (const [what, misbehave] of Object.entries(bad)) {
    await t.step(what, async () => {
      await using folder = await temporaryFolder();
      await using first = startMirror(FILES, misbehave);
      await fetchFrom(folder.path, first.url, good.url, unused.url);
      await assertFetched(folder.path);
    });
  }
  assert.deepEqual(unused.asked, []);
});

Deno.test("downloadFile() gives up on silence, before the answer and within it", async () => {
  await using folder = await temporaryFolder();
  const never = Promise.withResolvers<Response>();
  const silent = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => never.promise,
  );
  const url = `http://127.0.0.1:${silent.addr.port}/`;
  const start = performance.now();
  await assertMissing(fetchFrom(folder.path, url), /no answer for 0\.3 s/);
  assert.ok(performance.now() - start < 2000);
  never.resolve(new Response());
  await silent.shutdown();

  await using mirror = startMirror(FILES, (_, bytes) => stalling(bytes.slice(0, 1000)));
  await assertMissing(fetchFrom(folder.path, mirror.url), /stalled for 0\.3 s/);
  assert.equal(Deno.statSync(`${folder.path}/${FILE.name}.part`).size, 1000);
});

Deno.test("downloadFile() names every mirror that was tried, and why it failed", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror({});
  const closed = "http://127.0.0.1:1/";
  await assertMissing(
    fetchFrom(folder.path, mirror.url, closed),
    /^no mirror gave images\.gz \(127\.0\.0\.1:\d+: HTTP 404; 127\.0\.0\.1:1: .+\)$/,
  );
});

Deno.test({
  name: "downloadFile() asks for no permission",
  permissions: { read: true, write: true, net: false },
  async fn() {
    await using folder = await temporaryFolder();
    await assertMissing(fetchFrom(folder.path, "http://mirror.example/"), /no permission/);
  },
});

Deno.test("downloadFile() may run several times at once", async () => {
  await using folder = await temporaryFolder();
  await using mirror = startMirror(FILES);
  await Promise.all(Array.from({ length: 5 }, () => fetchFrom(folder.path, mirror.url)));
  await assertFetched(folder.path);
  assert.deepEqual(mirror.asked, ["images.gz"]);
});
