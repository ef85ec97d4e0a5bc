/**
 * Tests a trained network on a data set.
 *
 *     deno task eval runs/cnn/<run>                       on the data set that it was trained on
 *     deno task eval --checkpoint model.safetensors       a single file
 *     deno task eval runs/cnn/<run> --dataset mnist       on another data set of the same size
 *     deno task eval runs/cnn/<run> --out mistakes.png    with a picture of its mistakes
 *
 * @module
 */

import { type Options, type Parsed, runTask } from "../lib/cli.ts";
import { loadDataset } from "../lib/data/load.ts";
import { takeFirst } from "../lib/data/split.ts";
import type { Dataset } from "../lib/data/types.ts";
import { dirname, join } from "../lib/deps.ts";
import { CheckpointError, UsageError } from "../lib/errors.ts";
import { classificationReport, confusionMatrix } from "../lib/metrics/classification.ts";
import { formatConfusionMatrix, formatReport } from "../lib/metrics/text.ts";
import { grouped } from "../lib/text.ts";
import { announceAdapter, showFetch } from "../lib/train/announce.ts";
import { type Classifier, loadClassifier } from "../lib/train/classifier.ts";
import type { Predictions } from "../lib/train/evaluate.ts";
import { drawMistakes } from "../lib/train/mistakes.ts";
import { DATA_OPTION, DATASET_CHOICES, OUTPUT_OPTIONS } from "../lib/train/options.ts";
import { Progress } from "../lib/train/progress.ts";
import { readConfig } from "../lib/train/run_folder.ts";
import { savePicture } from "../lib/viz/save.ts";

const OPTIONS = {
  checkpoint: {
    type: "path",
    placeholder: "PATH",
    help: "The checkpoint, or the folder of a run; in the place of RUN.",
  },
  dataset: {
    type: "string",
    choices: DATASET_CHOICES,
    help: "Test on this data set; without it on that which the network was trained on.",
  },
  data: DATA_OPTION,
  "test-subset": { type: "integer", min: 1, help: "Test on the first N test images." },
  out: {
    type: "path",
    placeholder: "FILE.png",
    help: "Draw the mistakes, the most confident first, into this PNG.",
  },
  ...OUTPUT_OPTIONS,
} as const satisfies Options;

/** Enough images to have every shader compiled before the clock starts. */
const WARM_UP = 250;

async function evaluate(parsed: Parsed<typeof OPTIONS>): Promise<void> {
  const { options } = parsed;
  const path = checkpointOf(parsed);
  const progress = new Progress({ quiet: options.quiet });
  const model = await loadClassifier(path);
  const dataset = await loadDataset({
    dataset: options.dataset ?? model.info.dataset,
    dir: await dataFolder(parsed, model),
    testSubset: options["test-subset"],
    onProgress: showFetch(progress),
    notice: (line) => progress.warn(line),
  });
  checkFits(model, dataset);
  if (model.device) announceAdapter(model.device, progress);
  progress.line(`model ${model.info.model}, trained on ${model.info.dataset}: ${model.path}`);
  progress.line(
    `data ${dataset.name} (${dataset.source}): ${grouped(dataset.test.count)} test images`,
  );

  const { predictions, seconds } = await predictTimed(model, dataset);
  const { test, classNames } = dataset;
  const matrix = confusionMatrix(test.labels, predictions.classes, classNames.length);
  const report = classificationReport(matrix, classNames);
  const rate = test.count / seconds;
  const right = matrix.reduce((sum, row, c) => sum + row[c]!, 0);
  const text = `${formatReport(report)}\n${formatConfusionMatrix(matrix, classNames)}\n` +
    `${(report.accuracy * 100).toFixed(2)} % right (${grouped(right)} of ${
      grouped(test.count)
    }), ` +
    `${rate < 100 ? rate.toPrecision(3) : grouped(Math.round(rate))} images/s`;
  if (options.json) progress.line(text);
  else console.log(text);

  if (options.out !== undefined) await saveMistakes(options.out, dataset, predictions, progress);
  if (!options.json) return;
  console.log(JSON.stringify({
    task: "eval",
    model: model.info.model,
    dataset: dataset.name,
    checkpoint: model.path,
    test_accuracy: report.accuracy,
    test_images: test.count,
    seconds: Number(seconds.toFixed(3)),
    images_per_second: Number(rate.toPrecision(4)),
    adapter: model.device?.adapter.name ?? null,
    report: { classes: report.classes, macro: report.macro, weighted: report.weighted },
    confusion_matrix: matrix,
  }));
}

function checkpointOf({ options, positionals }: Parsed<typeof OPTIONS>): string {
  const paths = [...positionals, ...(options.checkpoint === undefined ? [] : [options.checkpoint])];
  const [path] = paths;
  if (path !== undefined && paths.length === 1) return path;
  throw new UsageError(
    "Cannot run eval: it tests one checkpoint, named alone or by --checkpoint, got " +
      `${paths.length === 0 ? "none" : paths.join(" and ")}. Name one run folder or file.`,
  );
}

/** `--data`; without it the folder that the run was trained from, if it can be read here. */
async function dataFolder(
  { options, given }: Parsed<typeof OPTIONS>,
  { path, info }: Classifier,
): Promise<string> {
  if (given.has("data")) return options.data;
  const config = await readConfig(dirname(path)).catch(() => undefined);
  if (config === undefined) return options.data;
  const name = options.dataset ?? info.dataset;
  const folder = join(config.dataset.dir, name === "auto" ? "mnist" : name);
  const { state } = await Deno.permissions.query({ name: "read", path: folder });
  const isThere = state === "granted" && await Deno.stat(folder).then(() => true, () => false);
  return isThere ? config.dataset.dir : options.data;
}

function checkFits({ path, info }: Classifier, { name, test, classNames }: Dataset): void {
  const describe = (height: number, width: number, channels: number, classes: number) =>
    `${height}x${width}x${channels} images of ${classes} classes`;
  const { height, width, channels, classes } = info.shape;
  const takes = describe(height, width, channels, classes);
  const gets = describe(test.height, test.width, 1, classNames.length);
  if (takes === gets) return;
  throw new CheckpointError(
    `Cannot test ${path} on ${name}: the network takes ${takes}, got ${gets}. ` +
      `Choose another --dataset; it was trained on ${info.dataset}.`,
  );
}

async function predictTimed(
  model: Classifier,
  { test }: Dataset,
): Promise<{ predictions: Predictions; seconds: number }> {
  await model.predict(takeFirst(test, Math.min(WARM_UP, test.count)));
  const started = performance.now();
  const predictions = await model.predict(test);
  return { predictions, seconds: (performance.now() - started) / 1000 };
}

async function saveMistakes(
  path: string,
  dataset: Dataset,
  predictions: Predictions,
  progress: Progress,
): Promise<void> {
  const png = drawMistakes(dataset, predictions);
  if (png === undefined) {
    progress.warn(`no mistakes, so ${path} was not written`);
    return;
  }
  await savePicture(path, png);
  progress.line(`mistakes drawn in ${path}`);
}

if (import.meta.main) {
  await runTask({
    name: "eval",
    summary: "Tests a trained network: precision, recall and F1 of each class as scikit-learn " +
      "prints them, the confusion matrix, the accuracy and the speed.",
    examples: [
      "deno task eval runs/cnn/20250101-120000-1",
      "deno task eval --checkpoint model.safetensors --dataset mnist --json",
      "deno task eval runs/mlp/20250101-120000-1 --out mistakes.png",
    ],
    options: OPTIONS,
    positionals: { name: "RUN", help: "The folder of a run, or a checkpoint.", min: 0, max: 1 },
  }, evaluate);
}
