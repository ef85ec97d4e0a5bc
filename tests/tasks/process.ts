/** Tasks as processes, and what the tests of tasks feed them. @module */

import { digits } from "../../lib/data/digits.ts";
import { openDevice } from "../../lib/device.ts";
import { MLP } from "../../lib/models/mlp.ts";
import { Context, type StateDict } from "../../lib/nn/module.ts";
import { Adam } from "../../lib/nn/optim/adam.ts";
import { Random } from "../../lib/random.ts";
import { makeBatch } from "../../lib/train/batches.ts";
import { saveModel } from "../../lib/train/checkpoint.ts";
import { trainStep } from "../../lib/train/loop.ts";
import { tf } from "../../lib/deps.ts";
import { choosesLibraries } from "../../tools/grant.ts";
import { assert } from "../deps.ts";

const ROOT = new URL("../../", import.meta.url);

/** The flag that lets a task start programs, also where a variable of this machine chooses libraries. */
export function mayRun(...programs: string[]): string {
  return choosesLibraries() ? "--allow-run" : `--allow-run=${programs.join()}`;
}

/** How a process ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `tasks/<task>.ts` with these permissions and no others. */
export function runTaskProcess(
  task: string,
  flags: readonly string[],
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  return runScript(`tasks/${task}.ts`, flags, args, env);
}

/** Runs a script of the project with these permissions and no others. */
export async function runScript(
  script: string,
  flags: readonly string[],
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...flags, script, ...args],
    cwd: ROOT,
    // Without the second variable Mesa itself writes an error line.
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/dev/null", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** Asserts that a process ended with one error line that matches, and no stack. */
export function assertOneError({ code, err }: Ended, status: number, expected: RegExp): void {
  assert.equal(code, status, err);
  const errors = err.split("\n").filter((line) => line.startsWith("error: "));
  assert.equal(errors.length, 1, err);
  assert.match(errors[0]!, expected);
  assert.doesNotMatch(err, /^\s+at /m);
}

/** The last line of a text as JSON. */
// deno-lint-ignore no-explicit-any
export function lastJson(text: string): any {
  return JSON.parse(text.trimEnd().split("\n").at(-1)!);
}

/** The weights of an MLP for square images, all zero but for what `set` writes into them. */
export async function mlpWeights(
  side: number,
  set: (values: (name: string) => Float32Array) => void,
): Promise<StateDict> {
  await openDevice();
  const shape = { height: side, width: side, channels: 1, classes: 10 };
  const network = new MLP(shape, new Random(0, "unused"));
  const state = await network.stateDict();
  network.dispose();
  for (const { values } of state.values()) values.fill(0);
  set((name) => state.get(name)!.values);
  return state;
}

/** Writes an MLP as a checkpoint, of MNIST for images of 28 rows and of the digits for others. */
export async function saveMlp(
  path: string,
  state: StateDict,
  height: number,
  width = height,
): Promise<void> {
  const { classNames } = await digits();
  await saveModel(path, state, {
    model: "mlp",
    shape: { height, width, channels: 1, classes: 10 },
    dataset: height === 28 ? "mnist" : "digits",
    maxValue: height === 28 ? 255 : 16,
    classNames,
  });
}

/** An MLP after a few epochs on the digits. */
export async function trainedWeights(): Promise<StateDict> {
  await openDevice();
  const { train, maxValue } = await digits();
  const shape = { height: 8, width: 8, channels: 1, classes: 10 };
  const network = new MLP(shape, new Random(1, "init"));
  const optimizer = new Adam(network.namedParameters(), { lr: 3e-3 });
  for (let step = 0; step < 120; step++) {
    const indices = Array.from({ length: 64 }, (_, i) => (step * 64 + i) % train.count);
    const batch = makeBatch(train, indices, { maxValue });
    tf.dispose([
      trainStep(network, optimizer, batch, new Context()),
      batch.images,
      batch.labels,
    ]);
  }
  return await network.stateDict();
}

/** Writes a tiny stand-in for MNIST: unpacked files, ten images of each part, one of each class. */
export async function saveTinyMnist(dir: string): Promise<void> {
  await Deno.mkdir(`${dir}/mnist`, { recursive: true });
  for (const part of ["train", "t10k"]) {
    const images = new Uint8Array(16 + 10 * 784);
    images.set([0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 28, 0, 0, 0, 28]);
    const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    await Deno.writeFile(`${dir}/mnist/${part}-images-idx3-ubyte`, images);
    await Deno.writeFile(`${dir}/mnist/${part}-labels-idx1-ubyte`, labels);
  }
}
