/** A sweep as a page, a Markdown table, JSON, and CSV with a line for each run. @module */

import { markdown } from "../compare/page.ts";
import { formatSpan } from "../train/progress.ts";
import { dotChart } from "../viz/dot_chart.ts";
import { reportHtml, type ReportSection, type ReportTable } from "../viz/report.ts";
import type { RunResult } from "./attempt.ts";
import { describeEnd } from "./failures.ts";
import { describeRun } from "./grid.ts";
import { lossText, percent } from "./measure.ts";
import { commonOptions, type Configuration, configurationsOf, spreadOf } from "./results.ts";
import type { RunOutcome } from "./run_sweep.ts";

/** What is written of a sweep. */
export interface SweepReport {
  /** Its name. */
  readonly name: string;
  /** Its runs and what became of them. */
  readonly outcomes: readonly RunOutcome[];
  /** The end of the log of each run that failed, by its identity. */
  readonly logs: ReadonlyMap<string, string>;
  /** The day, for the page. */
  readonly date: string;
}

/** The files of a sweep by name: `report.html`, `table.md`, `table.json` and `runs.csv`. */
export function sweepFiles(report: SweepReport): Record<string, string> {
  const configurations = configurationsOf(report.outcomes);
  const table = tableOf(configurations);
  return {
    "report.html": pageOf(report, configurations, table),
    "table.md": markdown(table.columns, table.rows),
    "table.json": JSON.stringify(jsonOf(report, configurations), null, 2) + "\n",
    "runs.csv": csvOf(report.outcomes),
  };
}

function tableOf(configurations: readonly Configuration[]): ReportTable {
  const has = (key: "accuracies" | "losses") => configurations.some((c) => c[key].length > 0);
  return {
    columns: [
      "Configuration",
      ...(has("accuracies") ? ["Test accuracy"] : []),
      ...(has("losses") ? ["Training loss"] : []),
      "Runs",
      "Size",
      "Epochs",
      "Training",
    ],
    rows: configurations.map((c) => [
      c.name,
      ...(has("accuracies") ? [accuracyText(c.accuracies)] : []),
      ...(has("losses") ? [meanLossText(c.losses)] : []),
      c.missing === 0 ? String(c.runs.length) : `${c.runs.length} of ${c.runs.length + c.missing}`,
      c.size ?? "–",
      String(c.epochs ?? "–"),
      timeText(c.seconds),
    ]),
  };
}

function pageOf(
  { name, outcomes, logs, date }: SweepReport,
  configurations: readonly Configuration[],
  table: ReportTable,
): string {
  const done = outcomes.filter(({ result }) => result);
  const failed = outcomes.filter(({ state, result }) => !result && state.standing === "failed");
  const adapters = new Set(done.flatMap(({ result }) => result!.adapter ?? []));
  return reportHtml({
    title: `Sweep ${name}`,
    subtitle: `${configurations.length} configurations, ${done.length} of ${outcomes.length} runs`,
    facts: [
      ...commonFacts(configurations),
      ["Adapter", [...adapters].join(", ") || "–"],
      ["Date", date],
    ],
    sections: [
      {
        heading: "Results",
        table,
        caption: "Mean ± standard deviation over the runs of a configuration, which differ in " +
          "their seed alone.",
      },
      ...charts(configurations),
      ...failures(failed, logs),
    ],
  });
}

/** What the table leaves out because it does not vary; by task, where there are several. */
function commonFacts(configurations: readonly Configuration[]): [string, string][] {
  const tasks = Map.groupBy(configurations, ({ task }) => task);
  return [...tasks].flatMap(([task, group]): [string, string][] => {
    const common = Object.entries(commonOptions(group));
    if (tasks.size === 1) return common.map(([name, value]) => [name, String(value)]);
    if (common.length === 0) return [];
    return [[task, common.map(([name, value]) => `${name}=${value}`).join(", ")]];
  });
}

function charts(configurations: readonly Configuration[]): ReportSection[] {
  const tasks = new Set(configurations.map(({ task }) => task));
  const rows = (values: (c: Configuration) => readonly number[]) =>
    configurations.filter((c) => values(c).length > 0)
      .map((c) => ({ name: shortName(c, tasks.size > 1), values: values(c) }));
  const accuracies = rows((c) => c.accuracies);
  const losses = rows((c) => c.accuracies.length > 0 ? [] : c.losses);
  const seconds = rows((c) => c.seconds.map((time) => Math.max(time, 1e-3)));
  return [
    ...(accuracies.length === 0 ? [] : [{
      heading: "Accuracy",
      svg: dotChart({
        title: "Test accuracy",
        label: "accuracy; each small dot is a run",
        format: "percent",
        rows: accuracies,
      }),
    }]),
    ...(losses.length === 0 ? [] : [{
      heading: "Training loss",
      svg: dotChart({
        title: "Training loss of the last epoch",
        label: "loss; each small dot is a run",
        rows: losses,
      }),
    }]),
    ...(seconds.length === 0 ? [] : [{
      heading: "Training time",
      svg: dotChart({
        title: "Training time",
        label: "seconds, on a logarithmic axis",
        scale: "log",
        rows: seconds,
      }),
    }]),
  ];
}

function failures(
  failed: readonly RunOutcome[],
  logs: ReadonlyMap<string, string>,
): ReportSection[] {
  if (failed.length === 0) return [];
  return [{
    heading: "Failures",
    table: {
      columns: ["Run", "Attempts", "Ended with", "Folder"],
      rows: failed.map(({ run, state, folder }) => [
        describeRun(run),
        state.attempts,
        describeEnd(state),
        folder,
      ]),
    },
    pre: failed.map(({ run }) => `${describeRun(run)}\n${logs.get(run.id) ?? ""}`).join("\n\n"),
    caption: "The last lines that each of them printed.",
  }];
}

function jsonOf(
  { name, outcomes, logs }: SweepReport,
  configurations: readonly Configuration[],
): object {
  return {
    name,
    runs: outcomes.length,
    done: outcomes.filter(({ result }) => result).length,
    configurations: configurations.map((c) => ({
      task: c.task,
      options: c.options,
      seeds: c.seeds,
      accuracies: c.accuracies,
      test_accuracy: spreadOf(c.accuracies) ?? null,
      losses: c.losses,
      train_loss: spreadOf(c.losses) ?? null,
      train_seconds: spreadOf(c.seconds)?.mean ?? null,
      size: c.size ?? null,
      epochs: c.epochs ?? null,
      missing: c.missing,
      runs: c.runs,
    })),
    failures: outcomes.filter(({ state, result }) => !result && state.standing === "failed")
      .map(({ run, state, folder }) => ({
        task: run.task,
        options: run.options,
        seed: run.seed ?? null,
        attempts: state.attempts,
        exit: state.exit,
        folder,
        log: logs.get(run.id) ?? "",
      })),
  };
}

/** Columns of what a run came to, after those of its options, none of which has such a name. */
const CSV_FIGURES = {
  test_accuracy: "test_accuracy",
  train_loss: "train_loss",
  seconds: "seconds",
  parameters: "parameters",
  epochs_done: "epochs",
  run: "run",
} as const satisfies Record<string, keyof RunResult>;

function csvOf(outcomes: readonly RunOutcome[]): string {
  const options = [...new Set(outcomes.flatMap(({ run }) => Object.keys(run.options)))];
  const columns = ["task", ...options, "seed", "standing"];
  const rows = outcomes.map(({ run, state, result }) => [
    run.task,
    ...options.map((name) => run.options[name]),
    run.seed,
    result ? "done" : state.standing,
    ...Object.values(CSV_FIGURES).map((figure) => result?.[figure]),
  ]);
  return [[...columns, ...Object.keys(CSV_FIGURES)], ...rows].map((row) =>
    row.map(csvCell).join(",") + "\n"
  ).join(
    "",
  );
}

/** A cell by RFC 4180. */
function csvCell(value: unknown): string {
  const text = value === undefined ? "" : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function shortName({ task, varied }: Configuration, several: boolean): string {
  const values = Object.values(varied).map(String).join(", ");
  if (values === "") return task;
  return several ? `${task} ${values}` : values;
}

function accuracyText(values: readonly number[]): string {
  const spread = spreadOf(values);
  if (!spread) return "–";
  return percent(spread.mean) + (values.length > 1 ? ` ± ${(100 * spread.sd).toFixed(2)}` : "");
}

function meanLossText(values: readonly number[]): string {
  const spread = spreadOf(values);
  if (!spread) return "–";
  return lossText(spread.mean) + (values.length > 1 ? ` ± ${spread.sd.toPrecision(2)}` : "");
}

function timeText(values: readonly number[]): string {
  const spread = spreadOf(values);
  return spread ? formatSpan(spread.mean) : "–";
}
