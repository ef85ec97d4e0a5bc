/** The pictures, charts and the report that a finished run leaves in its folder. @module */

import type { Dataset } from "../data/types.ts";
import { join } from "../deps.ts";
import { writeFileAtomic } from "../files.ts";
import { classificationReport, confusionMatrix } from "../metrics/classification.ts";
import { formatConfusionMatrix, formatCounts, formatReport } from "../metrics/text.ts";
import { confusionChart, lineChart } from "../viz/chart.ts";
import { CAPTION_COLORS, imageGrid } from "../viz/grid.ts";
import { reportHtml, type ReportSection } from "../viz/report.ts";
import type { Predictions } from "./evaluate.ts";
import { drawMistakes } from "./mistakes.ts";
import { grouped } from "../text.ts";
import { formatSpan } from "./progress.ts";
import type { EpochRecord } from "./state.ts";

/** A finished run. */
export interface FinishedRun {
  /** Its folder. */
  readonly folder: string;
  /** What was run, for the report. */
  readonly config: object;
  /** When it began, in UTC. */
  readonly started: string;
  /** What came out. */
  readonly result: {
    /** The model's name. */
    readonly model: string;
    /** The seed. */
    readonly seed: number;
    /** Accuracy on the test images. */
    readonly test_accuracy: number;
    /** Training time, in seconds. */
    readonly seconds: number;
  };
  /** What the head of the report says beside seed and start. */
  readonly facts: readonly (readonly [string, string])[];
  /** The figures of each epoch; none for a model without epochs. */
  readonly records: readonly EpochRecord[];
  /** The data set. */
  readonly dataset: Dataset;
  /** What the kept model says of the test images. */
  readonly predictions: Predictions;
  /** What its percentages are. @default probabilities */
  readonly certainty?: string;
}

/** What to print of a finished run. */
export interface RunSummary {
  /** The classification report. */
  readonly report: string;
  /** The confusion matrix, in numbers. */
  readonly counts: string;
  /** The accuracy, and where to read more. */
  readonly verdict: string;
}

/** Writes `report.txt`, `report.html`, `result.json`, the charts and the pictures. */
export async function writeArtifacts(run: FinishedRun): Promise<RunSummary> {
  const { folder, config, result, dataset, predictions } = run;
  const { test, classNames } = dataset;
  const matrix = confusionMatrix(test.labels, predictions.classes, classNames.length);
  const report = formatReport(classificationReport(matrix, classNames));
  const percent = `${(result.test_accuracy * 100).toFixed(2)} %`;
  const right = Math.round(result.test_accuracy * test.count);

  const title = `${result.model} on ${dataset.name}`;
  const charts = drawCharts(run.records, title);
  const confusion = confusionChart(matrix, classNames, `Confusion matrix, ${title}`);
  const examples = drawExamples(dataset, predictions);
  const mistakes = drawMistakes(dataset, predictions);
  const files: Record<string, string | Uint8Array> = {
    "report.txt": `${report}\n\n${formatConfusionMatrix(matrix, classNames)}\n`,
    "result.json": JSON.stringify(result, null, 2) + "\n",
    ...(charts && { "loss.svg": charts.loss, "accuracy.svg": charts.accuracy }),
    "confusion.svg": confusion,
    "examples.png": examples,
    ...(mistakes && { "mistakes.png": mistakes }),
  };
  const sections: ReportSection[] = [
    { heading: "Examples", png: examples, caption: "The first test images; truth → prediction." },
    ...(charts
      ? [
        { heading: "Accuracy", svg: charts.accuracy, caption: "After each epoch." },
        { heading: "Loss", svg: charts.loss, caption: "Mean over each epoch's training images." },
      ]
      : []),
    { heading: "Confusion matrix", svg: confusion },
    ...(mistakes
      ? [{
        heading: "Mistakes",
        png: mistakes,
        caption:
          "The misclassified test images, the most confident first: truth → prediction, and " +
          `${run.certainty ?? "its probability"}.`,
      }]
      : []),
    { heading: "Classification report", pre: report },
    { heading: "Configuration", pre: JSON.stringify(config, null, 2) },
  ];
  files["report.html"] = reportHtml({
    title: `${title}: ${percent}`,
    subtitle: `${grouped(right)} of ${grouped(test.count)} test images right`,
    facts: [
      ...run.facts,
      ["Seed", String(result.seed)],
      ["Started", run.started.slice(0, 19).replace("T", " ") + " UTC"],
    ],
    sections,
  });
  for (const [name, content] of Object.entries(files)) {
    await writeFileAtomic(join(folder, name), content);
  }

  const score = `${grouped(right)} of ${grouped(test.count)}`;
  return {
    report,
    counts: `Confusion matrix, a row for each true class:\n${formatCounts(matrix)}`,
    verdict: `${percent} of the test images right (${score}), trained in ` +
      `${formatSpan(result.seconds)}\nsee ${join(folder, "report.html")}`,
  };
}

function drawCharts(
  records: readonly EpochRecord[],
  title: string,
): { loss: string; accuracy: string } | undefined {
  if (records.length === 0) return undefined;
  const watched = records.some((record) => record.val_accuracy !== null) ? "validation" : "test";
  return {
    loss: lineChart({
      title: `Training loss, ${title}`,
      xLabel: "epoch",
      yLabel: "cross-entropy",
      series: [{ name: "training", points: records.map((r) => [r.epoch, r.train_loss]) }],
    }),
    accuracy: lineChart({
      title: `Accuracy, ${title}`,
      xLabel: "epoch",
      yLabel: "accuracy",
      yFormat: "percent",
      series: [{
        name: watched,
        points: records.map((r) => [r.epoch, r.val_accuracy ?? r.test_accuracy]),
      }],
    }),
  };
}

function drawExamples({ test, maxValue, classNames }: Dataset, predictions: Predictions) {
  const count = Math.min(9, test.count);
  const indices = Array.from({ length: count }, (_, i) => i);
  const captions = indices.map((i) => {
    const right = predictions.classes[i] === test.labels[i];
    const truth = classNames[test.labels[i]!]!;
    return `${right ? "✓" : "✗"} ${truth}→${classNames[predictions.classes[i]!]!}`;
  });
  return imageGrid({
    images: test.images.subarray(0, count * test.height * test.width),
    count,
    height: test.height,
    width: test.width,
    maxValue,
    columns: 3,
    captions,
    captionColors: captions.map((text) =>
      text.startsWith("✓") ? CAPTION_COLORS.right : CAPTION_COLORS.wrong
    ),
  });
}
