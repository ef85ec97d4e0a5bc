/** Scripts run by URL: nothing beside them, no configuration, nothing fetched but from npm. @module */

import { assert } from "../deps.ts";
import { lastJson } from "../tasks/process.ts";
import {
  assertDrawn,
  assertTrained,
  DRAW,
  MAY_DRAW,
  MAY_TRAIN,
  openSandbox,
  ROOT,
  serveSource,
  TRAIN,
} from "./sandbox.ts";

const RUN = ["run", "--quiet", "--no-prompt"];

Deno.test("cnn runs by URL from an empty folder with no permission but for its folder", async () => {
  await using source = serveSource();
  await using sandbox = await openSandbox({ packages: true });
  const script = `${source.url}/tasks/cnn.ts`;
  const ended = await sandbox.deno(...RUN, ...MAY_TRAIN, script, ...TRAIN);
  await assertTrained(ended, sandbox.folder);
});

Deno.test("dit:sample runs by URL, and finds the network that ships at its own address", async () => {
  await using source = serveSource();
  await using sandbox = await openSandbox({ packages: true });
  const script = `${source.url}/tasks/dit_sample.ts`;
  const ended = await sandbox.deno(...RUN, ...MAY_DRAW, script, ...DRAW);
  await assertDrawn(ended, sandbox.folder);
});

Deno.test("svm runs by URL, with workers from there", async () => {
  await using source = serveSource();
  await using sandbox = await openSandbox({ packages: true });
  const script = `${source.url}/tasks/svm.ts`;
  const options = ["--dataset", "digits", "--subset", "200", "--jobs", "2", "--json"];
  const { code, out, err } = await sandbox.deno(...RUN, ...MAY_TRAIN, script, ...options);
  assert.equal(code, 0, err);
  assert.ok(lastJson(out).test_accuracy > 0.8);
  assert.equal(err.includes("error"), false, err);
});

Deno.test("every task starts by URL without any permission", async (t) => {
  await using source = serveSource();
  await using sandbox = await openSandbox({ packages: true });
  for await (const { name } of Deno.readDir(new URL("tasks/", ROOT))) {
    await t.step(name, async () => {
      const script = `${source.url}/tasks/${name}`;
      const { code, out, err } = await sandbox.deno(...RUN, script, "--help");
      assert.equal(code, 0, err);
      assert.ok(out.startsWith(`Usage: deno run [permissions] ${script} [options]`), out);
    });
  }
});

Deno.test("the library can be imported by URL", async () => {
  await using source = serveSource();
  await using sandbox = await openSandbox({ packages: true });
  await Deno.writeTextFile(
    `${sandbox.folder}/mine.ts`,
    `import { Adam, Clock, compileStep, Context, digits, LeNet5, makeBatch, openDevice, Random,
      trainStep } from "${source.url}/mod.ts";
    await openDevice();
    const { train, maxValue } = await digits();
    const shape = { height: 8, width: 8, channels: 1, classes: 10 };
    const network = new LeNet5(shape, new Random(1, "init"));
    const optimizer = new Adam(network.namedParameters(), { lr: 1e-3 });
    const clock = new Clock();
    optimizer.follow(clock, () => 1e-3, 4);
    const batch = makeBatch(train, [0, 1, 2, 3], { maxValue });
    const step = compileStep(() => {
      const loss = trainStep(network, optimizer, batch, Context.training(1, clock.step));
      clock.advance();
      return loss;
    });
    const losses = await step.run(4);
    console.log(train.count, losses.length, losses[3] < losses[0]);`,
  );
  const allowed = `--allow-import=${new URL(source.url).host}`;
  const { code, out, err } = await sandbox.deno(...RUN, "--no-check", allowed, "mine.ts");
  assert.equal(code, 0, err);
  assert.equal(out, "1437 4 true\n");
});
