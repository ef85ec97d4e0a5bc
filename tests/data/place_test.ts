import { FETCHED } from "../../lib/data/catalog.ts";
import { mirrorsOf, placeOf } from "../../lib/data/place.ts";
import { runDeno } from "../modes/sandbox.ts";
import { respond } from "../../lib/serve/respond.ts";
import { assert } from "../deps.ts";
import { startMirror, temporaryFolder } from "./mirror.ts";

const SHARED = new URL("../../../shared/datasets/mnist", import.meta.url);
const shared = await Deno.stat(SHARED).then(() => true, () => false);
const SCRIPT = new URL("../../tasks/data.ts", import.meta.url).href;

Deno.test("placeOf() takes a folder for a folder", () => {
  assert.deepEqual(placeOf("some/data"), { dir: "some/data" });
  assert.deepEqual(placeOf("https"), { dir: "https" });
  assert.equal(mirrorsOf(placeOf("data"), "mnist"), undefined);
});

Deno.test("placeOf() keeps in data/ what comes from a server", () => {
  for (const address of ["http://server:8080/data", "HTTP://server:8080/data/"]) {
    const place = placeOf(address);
    assert.deepEqual(place, { dir: "data", server: "http://server:8080/data/" });
    assert.deepEqual(mirrorsOf(place, "mnist"), ["http://server:8080/data/mnist/"]);
  }
});

Deno.test("placeOf() refuses what looks like an address and is none", () => {
  for (const wrong of ["http://", "https://a b/", "http://server/data?x=1", "http://server/#x"]) {
    assert.throws(() => placeOf(wrong), { name: "DataError", message: /^Cannot fetch data from/ });
  }
});

/** Runs `data show` on the MNIST of a server, in a folder of its own. */
async function showFrom(server: string, folder: string, ...words: string[]) {
  const net = `--allow-net=${new URL(server).host}`;
  const flags = ["--allow-read=data,runs", "--allow-write=data,runs", net];
  const args = [
    "run",
    "--quiet",
    "--no-prompt",
    ...flags,
    SCRIPT,
    "show",
    "--data",
    `${server}data`,
  ];
  return await runDeno([...args, ...words], folder);
}

const { trainImages } = FETCHED.mnist.files;

Deno.test("--data refuses files of a server that are not the published ones", async () => {
  await using folder = await temporaryFolder();
  const files = Object.values(FETCHED.mnist.files);
  await using server = startMirror(Object.fromEntries(
    files.map(({ name, bytes }) => [`data/mnist/${name}`, new Uint8Array(bytes)]),
  ));
  const { code, err } = await showFrom(server.url, folder.path, "--dataset", "mnist");
  assert.equal(code, 1);
  assert.match(err, /^error: Cannot get mnist: [^\n]*its sha256 is not the published one[^\n]*\n$/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(`${folder.path}/data/mnist`)), []);
});

Deno.test("--data says where a download of a server broke off, and keeps it to be resumed", async () => {
  await using folder = await temporaryFolder();
  await using server = startMirror(
    { [`data/mnist/${trainImages.name}`]: new Uint8Array(trainImages.bytes) },
    (_, bytes) => new Response(bytes.slice(0, 1000)),
  );
  // No data set is named: who names a server wants its data, and not the digits.
  const { code, err } = await showFrom(server.url, folder.path);
  assert.equal(code, 1);
  assert.match(
    err,
    /^error: Cannot get mnist: [^\n]*it ended after 1000 of 9912422 bytes[^\n]*\n$/,
  );
  const names = await Array.fromAsync(Deno.readDir(`${folder.path}/data/mnist`), (e) => e.name);
  assert.deepEqual(names, [`${trainImages.name}.part`]);
});

Deno.test({
  name: "--data brings the published files from the project's own server",
  ignore: !shared,
  async fn() {
    await using folder = await temporaryFolder();
    const root = `${folder.path}/served`;
    await Deno.mkdir(`${root}/data/mnist`, { recursive: true });
    for (const { name } of Object.values(FETCHED.mnist.files)) {
      await Deno.copyFile(new URL(`${SHARED.href}/${name}`), `${root}/data/mnist/${name}`);
    }
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    await using server = Deno.serve(options, (request) => respond(request, root));
    const address = `http://127.0.0.1:${server.addr.port}/`;
    const { code, out, err } = await showFrom(address, folder.path);
    assert.equal(code, 0, err);
    assert.equal(out, "runs/data/mnist.png\n");
    const names = await Array.fromAsync(Deno.readDir(`${folder.path}/data/mnist`), (e) => e.name);
    assert.deepEqual(names.sort(), Object.values(FETCHED.mnist.files).map((f) => f.name).sort());
  },
});
