/**
 * Reads pictures of one's own with a trained network.
 *
 *     deno task predict seven.png                   with the network that ships with the project
 *     deno task predict --checkpoint runs/cnn/<run> seven.png        class and probability
 *     deno task predict --checkpoint model.safetensors *.png --json  one line of JSON for a script
 *     deno task predict --checkpoint runs/cnn/<run> *.png --out sheet.png
 *                                                   how each picture looks to the network
 *
 * A picture holds one digit, in any size and colours. How it is made to look like those of the data
 * set is in lib/data/own_image.ts. The network that ships is a LeNet-5, trained on MNIST by
 * `deno task lenet5 --recipe best --epochs 12`; data/checkpoints/lenet5-mnist.json says how.
 *
 * @module
 */

import shipped from "../data/checkpoints/lenet5-mnist.txt" with { type: "text" };
import { type Options, type Parsed, runTask } from "../lib/cli.ts";
import { prepareImage, type TargetImage } from "../lib/data/own_image.ts";
import { readPng } from "../lib/data/read_png.ts";
import { basename } from "../lib/deps.ts";
import { CheckpointError, DataError } from "../lib/errors.ts";
import {
  type Certainty,
  type Classifier,
  decodeClassifier,
  loadClassifier,
  VOTES,
} from "../lib/train/classifier.ts";
import type { Predictions } from "../lib/train/evaluate.ts";
import { OUTPUT_OPTIONS } from "../lib/train/options.ts";
import { Progress } from "../lib/train/progress.ts";
import { imageGrid } from "../lib/viz/grid.ts";
import { savePicture } from "../lib/viz/save.ts";

const OPTIONS = {
  checkpoint: {
    type: "path",
    placeholder: "PATH",
    help: "The network: a checkpoint, or the folder of a run; without it the one that ships.",
  },
  out: {
    type: "path",
    placeholder: "FILE.png",
    help: "Draw the pictures as the network sees them, each with its prediction, into this PNG.",
  },
  ...OUTPUT_OPTIONS,
} as const satisfies Options;

/** A picture as the network sees it: pixels from 0 to the data set's full ink. */
interface Prepared {
  readonly file: string;
  readonly pixels: Uint8Array;
}

/** A picture that could not be used, and why. */
interface Failure {
  readonly file: string;
  readonly error: string;
}

/** What the network takes a picture for; a machine's probabilities are {@link VOTES}. */
interface Prediction {
  readonly file: string;
  readonly class: string;
  readonly probability: number;
  /** The second best class. */
  readonly runner_up: string;
  readonly runner_up_probability: number;
}

async function predict({ options, positionals }: Parsed<typeof OPTIONS>): Promise<number> {
  const progress = new Progress({ quiet: options.quiet });
  const model = options.checkpoint === undefined
    ? await decodeClassifier(Uint8Array.fromBase64(shipped), "lenet5-mnist")
    : await loadClassifier(options.checkpoint);
  const target = targetOf(model);
  if (model.info.dataset === "fashion-mnist") {
    progress.warn("pictures are prepared as digits are, but the network was trained on clothing");
  }

  progress.line(`reading with ${model.info.model} of ${model.info.dataset} (${model.path})`);
  if (model.certainty === "votes") progress.line(`votes are ${VOTES}`);
  const { prepared, failures } = await prepareAll(positionals, target);
  for (const { error } of failures) console.error(`error: ${error}`);
  const { info, certainty } = model;
  const set = {
    images: Uint8Array.from(prepared.flatMap(({ pixels }) => [...pixels])),
    labels: new Uint8Array(prepared.length),
    count: prepared.length,
    height: target.size,
    width: target.size,
  };
  const results = await model.predict(set);
  const predictions = prepared.map(({ file }, i) => rank(file, results, i, info.classNames));
  for (const line of table(predictions, certainty)) {
    if (options.json) progress.line(line);
    else console.log(line);
  }

  if (options.out !== undefined && predictions.length > 0) {
    await savePicture(options.out, drawSheet(predictions, certainty, set.images, target));
    progress.line(`pictures as the network sees them in ${options.out}`);
  }
  if (options.json) {
    console.log(JSON.stringify({
      task: "predict",
      model: info.model,
      dataset: info.dataset,
      checkpoint: model.path,
      adapter: model.device?.adapter.name ?? null,
      certainty,
      predictions,
      failures,
    }));
  }
  return failures.length > 0 ? 1 : 0;
}

/** What the network wants pictures to look like. */
function targetOf({ path, info }: Classifier): TargetImage {
  const { height, width, channels } = info.shape;
  const size = ([28, 8] as const).find((side) => side === height && side === width);
  if (size !== undefined && channels === 1) return { size, maxValue: info.maxValue };
  throw new CheckpointError(
    `Cannot read pictures with ${path}: they can be made 28x28x1 or 8x8x1, got a network for ` +
      `${height}x${width}x${channels}. Use a network trained on MNIST or the digits.`,
  );
}

/** Prepares what can be; a bad file is no reason to leave the others unread. */
async function prepareAll(
  files: readonly string[],
  target: TargetImage,
): Promise<{ prepared: Prepared[]; failures: Failure[] }> {
  const prepared: Prepared[] = [];
  const failures: Failure[] = [];
  for (const file of files) {
    try {
      const { rgba, width, height } = await readPng(file);
      const ink = prepareImage(rgba, width, height, target);
      // The ink is in whole steps of the data set's pixels.
      const pixels = Uint8Array.from(ink, (value) => Math.round(value * target.maxValue));
      prepared.push({ file, pixels });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      const { message } = error;
      const isNamed = message.startsWith(`Cannot read ${file}`);
      failures.push({ file, error: isNamed ? message : `${file}: ${message}` });
    }
  }
  return { prepared, failures };
}

/** The two most probable classes of the `i`-th picture. */
function rank(
  file: string,
  { probabilities }: Predictions,
  i: number,
  classNames: readonly string[],
): Prediction {
  const from = i * classNames.length;
  const row = probabilities.subarray(from, from + classNames.length);
  const [first = 0, second = 0] = [...row.keys()].sort((a, b) => row[b]! - row[a]!);
  return {
    file,
    class: classNames[first]!,
    probability: row[first]!,
    runner_up: classNames[second]!,
    runner_up_probability: row[second]!,
  };
}

/** A line for each picture, in columns. */
function table(predictions: readonly Prediction[], certainty: Certainty): string[] {
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => text.length));
  const file = widest(predictions.map((p) => p.file));
  const name = widest(predictions.flatMap((p) => [p.class, p.runner_up]));
  const unit = unitOf(certainty);
  return predictions.map((p) =>
    `${p.file.padEnd(file)}  ${p.class.padEnd(name)}  ${unit}${percent(p.probability)}` +
    `  then ${p.runner_up.padEnd(name)}  ${unit}${percent(p.runner_up_probability)}`
  );
}

/** What stands before a percentage that is no probability. */
function unitOf(certainty: Certainty): string {
  return certainty === "votes" ? "votes " : "";
}

function percent(probability: number): string {
  return `${(probability * 100).toFixed(1).padStart(5)} %`;
}

function drawSheet(
  predictions: readonly Prediction[],
  certainty: Certainty,
  images: Uint8Array,
  { size, maxValue }: TargetImage,
): Uint8Array {
  const unit = unitOf(certainty);
  const short = (name: string) => name.length > 16 ? `${name.slice(0, 15)}…` : name;
  return imageGrid({
    images,
    count: predictions.length,
    height: size,
    width: size,
    maxValue,
    columns: Math.min(6, predictions.length),
    captions: predictions.map((p) =>
      `${short(basename(p.file))}\n${p.class} ${unit}${percent(p.probability).trim()}`
    ),
  });
}

if (import.meta.main) {
  await runTask({
    name: "predict",
    summary:
      "Says which digit each PNG file shows: the most probable class, its probability, and " +
      "the runner-up. A support vector machine has votes in the place of probabilities. " +
      "A picture holds one digit, dark on light or light on dark, in any size.",
    examples: [
      "deno task predict seven.png",
      "deno task predict --checkpoint runs/cnn/20250101-120000-1 seven.png",
      "deno task predict --checkpoint model.safetensors a.png b.png --out sheet.png",
    ],
    options: OPTIONS,
    positionals: { name: "PICTURE", help: "PNG files.", min: 1, max: Infinity },
  }, predict);
}
