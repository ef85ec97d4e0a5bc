/** Scripts run by URL: nothing beside them, no configuration, nothing fetched but from npm. @module */

import { FETCHED } from "../../lib/data/catalog.ts";
import { VERSION } from "../../lib/version.ts";
import { assert } from "../deps.ts";
import { assertOneError, lastJson } from "../tasks/process.ts";
import {
  assertDrawn,
  assertTrained,
  DRAW,
  MAY_TRAIN,
  openSandbox,
  ROOT,
  serveSource,
  TRAIN,
} from "./sandbox.ts";

const RUN = ["run", "--quiet", "--no-prompt"];

/** The commands by URL that the README gives, each as its words behind `deno run`. */
async function commandsOfReadme(): Promise<string[][]> {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  return Array.from(
    readme.matchAll(/^deno run ((?:.*\\\n)*.* https:\/\/host\/.*)$/gm),
    ([, command]) => command!.split(/[\s\\]+/),
  );
}

/** Runs the first command of the README for a script as it stands, with more words behind it. */
async function runAsInReadme(script: string, more: readonly string[], check: typeof assertTrained) {
  await using source = serveSource();
  await using sandbox = await openSandbox({ packages: true });
  const tag = `https://host/inkling/v${VERSION}/`;
  const commands = await commandsOfReadme();
  const words = commands.find((words) => words.includes(`${tag}tasks/${script}`))!;
  const command = words.map((word) => word.replace(tag, `${source.url}/`));
  const others = more.filter((word) => !command.includes(word.split("=")[0]!));
  await check(await sandbox.deno(...RUN, ...command, ...others), sandbox.folder);
}

Deno.test("cnn runs by URL from an empty folder with the README's permissions", async () => {
  await runAsInReadme("cnn.ts", TRAIN, assertTrained);
});

Deno.test("dit:sample runs by URL, and finds the network that ships at its own address", async () => {
  await runAsInReadme("dit_sample.ts", DRAW, assertDrawn);
});

Deno.test("the README lets cnn reach the mirrors of MNIST, and no other host", async () => {
  const commands = await commandsOfReadme();
  const flags = commands.flat().filter((word) => word.startsWith("--allow-net="));
  const hosts = FETCHED.mnist.mirrors.map((mirror) => new URL(mirror).host);
  assert.deepEqual(flags, [`--allow-net=${hosts.join(",")}`]);
});

Deno.test("cnn by URL says which permission it lacks", async () => {
  await using source = serveSource();
  for (const flag of MAY_TRAIN) {
    await using sandbox = await openSandbox({ packages: true });
    const ended = await sandbox.deno(...RUN, flag, `${source.url}/tasks/cnn.ts`, ...TRAIN);
    assertOneError(ended, 1, /^error: Cannot run cnn: .* --allow-(read|write)/);
  }
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
