import { readRange } from "../../lib/serve/range.ts";
import { respond } from "../../lib/serve/respond.ts";
import { assert, fc } from "../deps.ts";

const BUNDLE = "console.log('a bundle')";
const SECRET = "a secret";

/** A folder with a file on every shelf, and others that are nobody's business. */
async function openRoot(): Promise<{ root: string } & AsyncDisposable> {
  const top = await Deno.makeTempDir({ prefix: "inkling-" });
  const root = `${top}/root`;
  const files = {
    "root/dist/cnn.js": BUNDLE,
    "root/data/checkpoints/dit.txt": "AAAA",
    "root/data/mnist/t10k-labels-idx1-ubyte.gz": "labels",
    "root/data/mnist/t10k-labels-idx1-ubyte.gz.part": SECRET,
    "root/data/notes.txt": SECRET,
    "root/dist/.hidden.js": SECRET,
    "root/dist/inner/deep.js": SECRET,
    "root/deno.json": SECRET,
    "secret.js": SECRET,
    "outside/secret.js": SECRET,
  };
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(`${top}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${top}/${path}`, text);
  }
  await Deno.symlink("../../secret.js", `${root}/dist/link.js`);
  await Deno.symlink("../deno.json", `${root}/dist/inside.js`);
  await Deno.symlink(`${top}/outside`, `${root}/data/fashion-mnist`);
  await Deno.symlink("nowhere", `${root}/dist/broken.js`);
  return { root, [Symbol.asyncDispose]: () => Deno.remove(top, { recursive: true }) };
}

async function get(root: string, pathname: string, init?: RequestInit) {
  const response = await respond(new Request(`http://127.0.0.1:8080${pathname}`, init), root);
  return { response, text: await response.text() };
}

Deno.test("respond() sends what is offered, with its type and length", async () => {
  await using folder = await openRoot();
  const types = {
    "/dist/cnn.js": "text/javascript; charset=utf-8",
    "/data/checkpoints/dit.txt": "text/plain; charset=utf-8",
    "/data/mnist/t10k-labels-idx1-ubyte.gz": "application/gzip",
  };
  for (const [pathname, type] of Object.entries(types)) {
    const { response, text } = await get(folder.root, pathname);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), type);
    assert.equal(response.headers.get("content-length"), String(text.length));
  }
});

Deno.test("respond() lists on its page what is offered, with commands, and nothing else", async () => {
  await using folder = await openRoot();
  const { response, text } = await get(folder.root, "/");
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(
    text,
    /deno run --allow-read=data,runs --allow-write=data,runs --allow-net=127\.0\.0\.1:8080 http:\/\/127\.0\.0\.1:8080\/dist\/cnn\.js --data http:\/\/127\.0\.0\.1:8080\/data</,
  );
  assert.deepEqual(Array.from(text.matchAll(/href="([^"]*)"/g), ([, path]) => path), [
    "/data/checkpoints/dit.txt",
    "/data/mnist/t10k-labels-idx1-ubyte.gz",
  ]);
  assert.doesNotMatch(text, /link|inside|hidden|deep|notes|secret/);
});

Deno.test("respond() escapes the host that a request names", async () => {
  await using folder = await openRoot();
  const request = new Request("http://a'b&c/");
  assert.match(await (await respond(request, folder.root)).text(), /http:\/\/a&#39;b&amp;c\/dist/);
});

Deno.test("respond() answers HEAD without a body, and no method that writes", async () => {
  await using folder = await openRoot();
  for (const pathname of ["/", "/dist/cnn.js"]) {
    const whole = await get(folder.root, pathname);
    const head = await get(folder.root, pathname, { method: "HEAD" });
    assert.deepEqual([...head.response.headers], [...whole.response.headers]);
    assert.deepEqual([head.response.status, head.text], [200, ""]);
  }
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const { response } = await get(folder.root, "/dist/cnn.js", { method });
    assert.deepEqual([response.status, response.headers.get("allow")], [405, "GET, HEAD"]);
  }
});

Deno.test("respond() sends parts of a file", async () => {
  await using folder = await openRoot();
  const part = async (range: string, more = {}) => {
    const { response, text } = await get(folder.root, "/dist/cnn.js", {
      headers: { range, ...more },
    });
    return [response.status, text, response.headers.get("content-range")];
  };
  const total = BUNDLE.length;
  assert.deepEqual(await part("bytes=0-2"), [206, "con", `bytes 0-2/${total}`]);
  assert.deepEqual(await part("bytes=-2"), [206, "')", `bytes ${total - 2}-${total - 1}/${total}`]);
  assert.deepEqual(await part(`bytes=${total}-`), [
    416,
    "The file ends before.\n",
    `bytes */${total}`,
  ]);
  assert.deepEqual(await part("bytes=0-1,3-4"), [200, BUNDLE, null]);
  assert.deepEqual(await part("bytes=0-2", { "if-range": '"x"' }), [200, BUNDLE, null]);
});

Deno.test("readRange() gives a part within the file, whatever the header", () => {
  const number = fc.oneof(fc.nat(20), fc.nat(), fc.constant(""));
  const header = fc.oneof(fc.string(), fc.tuple(number, number).map(([a, b]) => `bytes=${a}-${b}`));
  fc.assert(fc.property(header, fc.nat(20), (header, total) => {
    const range = readRange(header, total);
    if (range === undefined || range === "unsatisfiable") return;
    assert.ok(range.from >= 0 && range.bytes > 0 && range.from + range.bytes <= total);
  }));
});

Deno.test("respond() lets no path out of the offered folders", async () => {
  await using folder = await openRoot();
  const step = fc.constantFrom(
    ...["..", ".", "", "dist", "data", "mnist", "fashion-mnist", "checkpoints", "inner", "root"],
    ...["%2e%2e", "%2E.", "..%2f", "..%5c", "..\\", "%2f", "%00", "%c0%af", "...", "~", "C:"],
    ...["secret.js", "link.js", "inside.js", "broken.js", "deep.js", ".hidden.js", "%2ehidden.js"],
    ...["cnn.js", "cnn.js/", "cnn.js%00.txt", "deno.json", "notes.txt", "outside", "etc", "passwd"],
    ...["t10k-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte.gz.part"],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
      const { response, text } = await get(folder.root, `/${steps.join("/")}`);
      assert.ok(!text.includes(SECRET) && !text.includes("root:"), steps.join("/"));
      assert.ok([200, 404].includes(response.status));
      if (response.status === 200 && !response.headers.get("content-type")?.includes("html")) {
        assert.ok([BUNDLE, "AAAA", "labels"].includes(text), text);
      }
    }),
    { numRuns: 500 },
  );
  for (const name of ["link", "inside", "broken", "inner/deep", ".hidden"]) {
    assert.equal((await get(folder.root, `/dist/${name}.js`)).response.status, 404, name);
  }
});

Deno.test("respond() stands paths that no client would send", async () => {
  await using folder = await openRoot();
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using server = Deno.serve(options, (request) => respond(request, folder.root));
  const paths = [
    "/../secret.js",
    "/dist/../../secret.js",
    "//secret.js",
    "/dist/..%2f..%2fsecret.js",
  ];
  for (const path of [...paths, "/dist/link.js", "/dist/%6cink.js", "http://x/../secret.js"]) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    const request = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    const answer = await new Response(connection.readable).text();
    assert.match(answer, /^HTTP\/1\.1 404 /, path);
  }
});
