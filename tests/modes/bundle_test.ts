/** Bundles: run from a file and by http, in an empty folder, where no package can be had. @module */

import { BUNDLE_BUDGET, checkBudget } from "../../lib/dist/budget.ts";
import { allTasks } from "../../lib/dist/tasks.ts";
import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";
import { lastJson } from "../tasks/process.ts";
import {
  assertDrawn,
  assertTrained,
  bundleInto,
  canBundle,
  DRAW,
  MAY_DRAW,
  MAY_TRAIN,
  openSandbox,
  runDeno,
  type Sandbox,
  serveFolder,
  TRAIN,
} from "./sandbox.ts";

const RUN = ["run", "--quiet", "--no-prompt", "--no-npm"];

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

/** What runs in each of the two ways; each run has an empty folder and an empty `DENO_DIR`. */
async function checkTasks(t: Deno.TestContext, way: string, base: string): Promise<void> {
  const step = (what: string, fn: (sandbox: Sandbox) => Promise<void>) =>
    t.step(`${what} ${way}`, async () => {
      await using sandbox = await openSandbox();
      await fn(sandbox);
    });
  await step("cnn is trained", async ({ deno, folder }) => {
    await assertTrained(await deno(...RUN, ...MAY_TRAIN, `${base}/cnn.js`, ...TRAIN), folder);
  });
  await step("dit:sample draws", async ({ deno, folder }) => {
    await assertDrawn(await deno(...RUN, ...MAY_DRAW, `${base}/dit_sample.js`, ...DRAW), folder);
  });
  await step("svm has its workers", async (sandbox) => {
    const watch = await watchWorkers(sandbox);
    const words = ["--dataset", "digits", "--subset", "200", "--jobs", "2", "--json"];
    const run = [...RUN, watch, ...MAY_TRAIN, `${base}/svm.js`, ...words];
    const { code, out, err } = await sandbox.deno(...run);
    assert.equal(code, 0, err);
    assert.ok(lastJson(out).test_accuracy > 0.8);
    assert.equal(err.match(/a worker works/g)?.length, 2, err);
  });
  await step("sweep starts the bundles beside it", async ({ deno, folder }) => {
    const runs = [{ task: "svm", options: { dataset: "digits", subset: 100, gamma: [0.1, 1] } }];
    await Deno.writeTextFile(`${folder}/s.json`, JSON.stringify({ name: "two", runs }));
    const may = ["--allow-read=runs,s.json", "--allow-write=runs", "--allow-run"];
    const { code, out, err } = await deno(...RUN, ...may, `${base}/sweep.js`, "s.json", "--json");
    assert.equal(code, 0, err);
    assert.equal(lastJson(out).done, 2);
  });
}

Deno.test({
  name: "bundles of all tasks",
  ignore: !canBundle,
  async fn(t) {
    await using folder = await temporaryFolder();
    const dist = `${folder.path}/dist`;
    const tasks = await allTasks();
    const bundled = await bundleInto(dist);
    assert.equal(bundled.code, 0, bundled.err);
    assert.equal(bundled.out.trimEnd().split("\n").length, tasks.length);

    for (const { name, file } of tasks) {
      await t.step(
        `${name} keeps to its budget, and starts with no network nor permission`,
        async () => {
          const path = `${dist}/${file}.js`;
          assert.ok((await Deno.stat(path)).size <= BUNDLE_BUDGET);
          await using sandbox = await openSandbox();
          const { code, out, err } = await sandbox.deno(...RUN, "--no-remote", path, "--help");
          assert.equal(code, 0, err);
          assert.ok(out.startsWith(`Usage: deno run [permissions] ${path} [options]`), out);
          // A script that imports another task must not run that too.
          assert.equal(out.split("Usage: ").length, 2, out);
        },
      );
    }
    await t.step("inspect names layers by their classes", async () => {
      await using sandbox = await openSandbox();
      const words = [...RUN, "--no-remote", `${dist}/inspect.js`, "--preset", "lenet5"];
      const { code, out, err } = await sandbox.deno(...words);
      assert.equal(code, 0, err);
      assert.match(out, /conv1 +Conv2d/);
      assert.match(out, /fc1 +Linear/);
    });
    await using server = serveFolder(folder.path);
    const bases = { "from a file": dist, "by http": `${server.url}/dist` };
    for (const [way, base] of Object.entries(bases)) {
      await checkTasks(t, way, base);
    }
  },
});

Deno.test("bundle refuses a task that is not there, and names the nearest", async () => {
  const args = ["run", "--no-prompt", "--allow-read=tasks", "tools/bundle.ts", "cn"];
  const { code, err } = await runDeno(args);
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
