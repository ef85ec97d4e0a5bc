/** Bundles: run from a file and by http, in an empty folder, where no package can be had. @module */

import { checkBudget } from "../../lib/dist/budget.ts";
import { respond } from "../../lib/serve/respond.ts";
import { assert } from "../deps.ts";
import { lastJson } from "../tasks/process.ts";
import { canBundle, openSandbox, ROOT, runDeno, type Sandbox } from "./sandbox.ts";

const NEEDS_BUNDLER = { ignore: !canBundle };
const RUN = ["run", "--quiet", "--no-prompt", "--no-npm"];
const FOLDERS = ["--allow-read=data,runs", "--allow-write=data,runs"];

/** Bundles tasks into `dist` of a new sandbox. */
async function bundled(...tasks: string[]): Promise<Sandbox> {
  const sandbox = await openSandbox();
  const out = `${sandbox.folder}/dist`;
  const flags = ["--allow-run", "--allow-read=tasks,lib", `--allow-read=${out}`];
  const args = ["run", "--no-prompt", ...flags, `--allow-write=${out}`, "tools/bundle.ts"];
  const { code, err } = await runDeno([...args, "--out", out, ...tasks]);
  assert.equal(code, 0, err);
  return sandbox;
}

/** Prints what a script says of the workers that it starts, on stderr. */
async function watchWorkers({ folder }: Sandbox): Promise<string> {
  await Deno.writeTextFile(
    `${folder}/watch.js`,
    `const Native = Worker;
    globalThis.Worker = class extends Native {
      constructor(...words) {
        super(...words);
        this.addEventListener("message", () => console.error("a worker works"), { once: true });
      }
    };`,
  );
  return "--preload=watch.js";
}

Deno.test("a bundle of cnn runs by http", NEEDS_BUNDLER, async () => {
  await using sandbox = await bundled("cnn");
  const root = sandbox.folder;
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using server = Deno.serve(options, (request) => respond(request, root));
  const script = `http://127.0.0.1:${server.addr.port}/dist/cnn.js`;
  const words = ["--dataset", "digits", "--subset", "64", "--epochs", "1", "--json"];
  const { code, out, err } = await sandbox.deno(...RUN, ...FOLDERS, script, ...words);
  assert.equal(code, 0, err);
  assert.equal(lastJson(out).dataset, "digits");
});

Deno.test("a bundle of svm runs from a file and by http, with workers", NEEDS_BUNDLER, async () => {
  await using sandbox = await bundled("svm");
  const root = sandbox.folder;
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  await using server = Deno.serve(options, (request) => respond(request, root));
  const watch = await watchWorkers(sandbox);
  for (const script of ["dist/svm.js", `http://127.0.0.1:${server.addr.port}/dist/svm.js`]) {
    const words = ["--dataset", "digits", "--subset", "200", "--jobs", "2", "--json"];
    const { code, out, err } = await sandbox.deno(...RUN, watch, ...FOLDERS, script, ...words);
    assert.equal(code, 0, err);
    assert.ok(lastJson(out).test_accuracy > 0.8);
    assert.equal(err.match(/a worker works/g)?.length, 2, err);
  }
});

Deno.test(
  "a bundle of inspect names layers by their classes, and needs no permission",
  NEEDS_BUNDLER,
  async () => {
    await using sandbox = await bundled("inspect");
    const { code, out, err } = await sandbox.deno(...RUN, "dist/inspect.js", "--preset", "lenet5");
    assert.equal(code, 0, err);
    assert.match(out, /conv1 +Conv2d/);
    assert.match(out, /fc1 +Linear/);
  },
);

Deno.test("bundle refuses a task that is not there, and names the nearest", async () => {
  const args = ["run", "--no-prompt", "--allow-read=tasks", "tools/bundle.ts", "cn"];
  const { code, err } = await runDeno(args, ROOT);
  assert.equal(code, 2);
  assert.match(err, /^error: Cannot bundle "cn": [^\n]* Did you mean cnn\?\n$/);
});

Deno.test("checkBudget() names all that are too heavy, and nothing else", () => {
  const weights = new Map([["cnn", 4_000_000], ["dit", 4_100_000], ["gan", 5_000_000]]);
  assert.throws(() => checkBudget("a bundle", weights, 4_000_000), {
    name: "InklingError",
    message: /a bundle has at most 4\.0 MB, got 4\.1 MB for dit and 5\.0 MB for gan\./,
  });
  checkBudget("a bundle", weights, 5_000_000);
});
