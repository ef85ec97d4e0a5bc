/** A comparison as a page, a Markdown table and JSON. @module */

import type { Dataset } from "../data/types.ts";
import { dotChart } from "../viz/dot_chart.ts";
import { imageGrid } from "../viz/grid.ts";
import { reportHtml, type ReportTable } from "../viz/report.ts";
import { counted, grouped } from "../text.ts";
import { mistakeCaption } from "../train/mistakes.ts";
import { formatSpan } from "../train/progress.ts";
import { confusionsOf, type Contestant, figuresOf, hardest } from "./statistics.ts";

/** What is compared. */
export interface Comparison {
  /** The data set, whose test images all are tested on. */
  readonly dataset: Dataset;
  /** The trained models. */
  readonly contestants: readonly Contestant[];
  /** How they were trained, in words. */
  readonly conditions: readonly (readonly [string, string])[];
}

const HARD_IMAGES = 32;
const CONFUSIONS = 3;

const COLUMNS = [
  "Model",
  "Accuracy",
  "Seeds",
  "Size",
  "Epochs",
  "Training",
  "Per image",
  "On disk",
];

/** The files of a comparison by name: `report.html`, `table.md` and `table.json`. */
export function comparisonFiles(comparison: Comparison): Record<string, string> {
  const { dataset, contestants, conditions } = comparison;
  const { test, classNames } = dataset;
  const figures = figuresOf(contestants, test.labels);
  const trainers = new Set(figures.flatMap(({ adapters }) => adapters));
  const columns = trainers.size > 1 ? [...COLUMNS, "Trained on"] : COLUMNS;
  const rows = figures.map((f) => [
    f.name,
    `${percent(f.mean)}${f.seeds.length > 1 ? ` ± ${(100 * f.sd).toFixed(2)}` : ""}`,
    f.seeds.length,
    f.size,
    String(f.epochs ?? "–"),
    formatSpan(f.trainSeconds),
    formatTime(f.imageSeconds),
    formatBytes(f.bytes),
    ...(trainers.size > 1 ? [f.adapters.join(", ") || "CPU"] : []),
  ]);
  const models = Map.groupBy(contestants, ({ name }) => name);
  const confusions: ReportTable = {
    columns: ["Model", ...Array.from({ length: CONFUSIONS }, (_, i) => `${i + 1}.`)],
    rows: figures.map(({ name }) => {
      const cells = confusionsOf(models.get(name)!, test.labels, CONFUSIONS)
        .map(({ truth, taken, count }) =>
          `${classNames[truth]} → ${classNames[taken]} (${Number(count.toFixed(1))})`
        );
      return [name, ...cells, ...Array<string>(CONFUSIONS - cells.length).fill("")];
    }),
  };
  const hard = drawHard(comparison);
  const spread = figures.some(({ seeds }) => seeds.length > 1);
  const report = reportHtml({
    title: `Classifiers on ${dataset.name}`,
    subtitle: `${counted(figures.length, "model")}, ${counted(contestants.length, "run")}, ${
      grouped(test.count)
    } test images`,
    facts: conditions,
    sections: [
      {
        heading: "Results",
        table: { columns, rows },
        caption: `${spread ? "Mean ± standard deviation over the seeds. " : ""}` +
          "Training times are those of the machine that trained a run, which may be another for " +
          "runs that were found; test times are those of this machine. A model's first images, " +
          "which compile its shaders, are not timed.",
      },
      {
        heading: "Accuracy",
        svg: dotChart({
          title: `Test accuracy on ${dataset.name}`,
          label: spread ? "accuracy; each small dot is a seed" : "accuracy",
          format: "percent",
          rows: figures.map(({ name, accuracies }) => ({ name, values: accuracies })),
        }),
      },
      {
        heading: "Training time",
        svg: dotChart({
          title: `Training time on ${dataset.name}`,
          label: "seconds, on a logarithmic axis",
          scale: "log",
          rows: figures.map(({ name }) => ({
            name,
            values: models.get(name)!.map(({ trainSeconds }) => Math.max(trainSeconds, 1e-3)),
          })),
        }),
      },
      ...(hard
        ? [{
          heading: "The hardest images",
          png: hard,
          caption:
            "The test images that the most models get wrong: truth → what most of these take it " +
            "for, and how many models are wrong, each counted by the share of its seeds that are.",
        }]
        : []),
      {
        heading: "Who confuses what",
        table: confusions,
        caption: "The most frequent mistakes of each model, truth → prediction, and how many of " +
          "them a run makes.",
      },
    ],
  });
  const json = {
    dataset: dataset.name,
    test_images: test.count,
    models: figures.map(({ trainSeconds, imageSeconds, ...figure }) => ({
      ...figure,
      train_seconds: trainSeconds,
      image_seconds: imageSeconds,
    })),
  };
  return {
    "report.html": report,
    "table.md": markdown(columns, rows),
    "table.json": JSON.stringify(json, null, 2) + "\n",
  };
}

/** A table in Markdown, its columns aligned to be read as text too. */
export function markdown(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const cells = [columns, ...rows].map((row) => row.map(String));
  const widths = columns.map((_, c) => Math.max(...cells.map((row) => row[c]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, c) => cell.padEnd(widths[c]!)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(cells[0]!), rule, ...cells.slice(1).map(line), ""].join("\n");
}

function drawHard({ dataset, contestants }: Comparison): Uint8Array | undefined {
  const { test, maxValue, classNames } = dataset;
  const models = new Set(contestants.map(({ name }) => name)).size;
  const hard = hardest(contestants, test.labels, HARD_IMAGES);
  if (hard.length === 0) return undefined;
  const size = test.height * test.width;
  const images = new Uint8Array(hard.length * size);
  hard.forEach(({ index }, k) =>
    images.set(test.images.subarray(index * size, (index + 1) * size), k * size)
  );
  return imageGrid({
    images,
    count: hard.length,
    height: test.height,
    width: test.width,
    maxValue,
    columns: Math.min(8, hard.length),
    captions: hard.map(({ index, wrong, taken }) =>
      `${mistakeCaption(classNames[test.labels[index]!]!, classNames[taken]!)}\n` +
      `${Number(wrong.toFixed(1))} of ${models}`
    ),
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function formatTime(seconds: number): string {
  if (seconds >= 1e-3) return `${(seconds * 1e3).toPrecision(3)} ms`;
  return `${Number((seconds * 1e6).toPrecision(3))} µs`;
}

function formatBytes(bytes: number): string {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}
