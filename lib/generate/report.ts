/** The chart and the report of a generator's run. @module */

import { join } from "../deps.ts";
import { writeFileAtomic } from "../files.ts";
import { counted, grouped } from "../text.ts";
import { formatSpan } from "../train/progress.ts";
import type { EpochFigures } from "../train/state.ts";
import { lineChart } from "../viz/chart.ts";
import { reportHtml, type ReportSection } from "../viz/report.ts";
import type { Showcase } from "./showcase.ts";
import type { GeneratorResult, GeneratorRun, MoreLosses } from "./train_task.ts";

const LOSS_NAMES = {
  mse: "mean squared error",
  l1: "mean absolute error",
  bce: "binary cross-entropy",
};

/** A finished run. */
export interface FinishedGenerator {
  /** The run. */
  readonly run: GeneratorRun;
  /** What it came to. */
  readonly result: GeneratorResult;
  /** The figures of each epoch. */
  readonly records: readonly (EpochFigures & MoreLosses)[];
  /** What it drew. */
  readonly showcase: Showcase;
}

/** Writes `loss.svg`, `result.json` and `report.html` into the run folder. */
export async function writeReport(
  { run, result, records, showcase }: FinishedGenerator,
): Promise<void> {
  const { folder, config, training } = run;
  const title = `${result.model} on ${result.dataset}`;
  const names = training.losses.length === 1 ? ["training"] : ["discriminator", "generator"];
  const loss = lineChart({
    title: `Training loss, ${title}`,
    xLabel: "epoch",
    yLabel: LOSS_NAMES[config.recipe.loss ?? "bce"],
    series: training.losses.map((key, i) => ({
      name: names[i]!,
      points: records.map((record) => [record.epoch, record[key] ?? null]),
    })),
  });
  const sections: ReportSection[] = [
    ...showcase.shown.flatMap(({ guidance, png, gif }) => {
      const heading = guidance === undefined ? "Drawn images" : `Guidance ${guidance}`;
      return [
        { heading, png, caption: "After the last epoch, above images of the training set." },
        ...(gif ? [{ heading: `${heading}: from noise to image`, gif }] : []),
      ];
    }),
    { heading: "Loss", svg: loss, caption: "Mean over each epoch." },
    ...(showcase.forward
      ? [{
        heading: "From image to noise",
        png: showcase.forward,
        caption: "What the network learns to undo, at quarters of the way.",
      }]
      : []),
    { heading: "Configuration", pre: JSON.stringify(config, null, 2) },
  ];
  const page = reportHtml({
    title: `${title}: loss ${result.train_loss.toFixed(4)}`,
    subtitle: `after ${counted(result.epochs, "epoch")}`,
    facts: [
      ["Parameters", grouped(result.parameters)],
      ["Steps", grouped(result.steps)],
      ["Time, with drawing", formatSpan(result.seconds)],
      ["Adapter", result.adapter],
      ["Seed", String(result.seed)],
      ["Started", config.started.slice(0, 19).replace("T", " ") + " UTC"],
    ],
    sections,
  });
  const files = {
    "loss.svg": loss,
    "result.json": JSON.stringify(result, null, 2) + "\n",
    "report.html": page,
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFileAtomic(join(folder, name), content);
  }
}
