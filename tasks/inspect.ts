/**
 * Shows a network layer by layer: shapes, parameters, operations, memory of training.
 *
 *     deno task inspect                                   lists all networks
 *     deno task inspect --preset dit-s4                   one of them
 *     deno task inspect --preset cnn --dataset digits     for images of 8x8 pixels
 *     deno task inspect --preset ddpm --json              the same as one line for a script
 *
 * Nothing is computed: it needs no GPU, no data and no permission.
 *
 * @module
 */

import { asTyped, runTask } from "../lib/cli.ts";
import { UsageError } from "../lib/errors.ts";
import type { Inspection } from "../lib/inspect/inspect.ts";
import {
  inspectPreset,
  PRESET_NAMES,
  type PresetName,
  summaryOf,
  timestepsOf,
} from "../lib/inspect/presets.ts";
import { rowsOf } from "../lib/inspect/rows.ts";
import { columns, layerTable, sizeText, totals } from "../lib/inspect/text.ts";
import type { ImageShape } from "../lib/models/shape.ts";
import { grouped } from "../lib/text.ts";

/** The data sets' images. */
const SHAPES = {
  "mnist": { height: 28, width: 28, channels: 1, classes: 10 },
  "fashion-mnist": { height: 28, width: 28, channels: 1, classes: 10 },
  "digits": { height: 8, width: 8, channels: 1, classes: 10 },
} as const satisfies Record<string, ImageShape>;

interface Request {
  readonly dataset: keyof typeof SHAPES;
  readonly batchSize: number;
  readonly full: boolean;
  readonly json: boolean;
}

/** The network for the data set's images, or why it takes none of them. */
function look(preset: PresetName, { dataset, batchSize }: Request): Inspection | RangeError {
  try {
    return inspectPreset(preset, SHAPES[dataset], { batchSize });
  } catch (error) {
    if (error instanceof RangeError) return error;
    throw error;
  }
}

/** The network as `--json` prints it. */
function record(preset: PresetName, dataset: Request["dataset"], inspection: Inspection) {
  const { height, width, channels, classes } = SHAPES[dataset];
  const { batchSize, memory, layers, ...counts } = inspection;
  return {
    preset,
    dataset,
    input: [height, width, channels],
    classes,
    timesteps: timestepsOf(preset),
    ...counts,
    flops_per_multiply_add: 2,
    batch_size: batchSize,
    memory,
    layers,
  };
}

function showOne(preset: PresetName, request: Request): void {
  const inspection = look(preset, request);
  if (inspection instanceof RangeError) throw new UsageError(inspection.message);
  const { dataset, full, json } = request;
  if (json) {
    console.log(JSON.stringify({ task: "inspect", ...record(preset, dataset, inspection) }));
    return;
  }
  const { height, width, channels, classes } = SHAPES[dataset];
  const timesteps = timestepsOf(preset);
  console.log(`${preset}: ${summaryOf(preset)}`);
  console.log(
    `images ${sizeText([height, width, channels])}, ${classes} classes` +
      `${timesteps === null ? "" : `, ${timesteps} time steps; FLOPs are those of one`}\n`,
  );
  console.log(`${layerTable(rowsOf(inspection.layers, { full }))}\n\n${totals(inspection)}`);
}

function showAll(request: Request): void {
  const all = PRESET_NAMES.map((preset) => [preset, look(preset, request)] as const);
  const { dataset, json } = request;
  const { height, width } = SHAPES[dataset];
  if (json) {
    const presets = all.map(([preset, found]) => {
      if (found instanceof RangeError) return { preset, problem: found.message };
      const { layers: _layers, ...rest } = record(preset, dataset, found);
      return rest;
    });
    console.log(JSON.stringify({ task: "inspect", presets }));
    return;
  }
  const rows = all.map(([preset, found]) =>
    found instanceof RangeError
      ? [preset, "-", "-", `takes no ${sizeText([height, width])} images`]
      : [preset, grouped(found.parameters), grouped(found.flops), summaryOf(preset)]
  );
  console.log(columns([["preset", "parameters", "FLOPs", ""], ...rows], [1, 2]));
  console.log("\nFLOPs for one image, forward, a multiply-add counts as 2.");
  console.log(asTyped("deno task inspect --preset NAME shows the layers of one."));
}

if (import.meta.main) {
  await runTask({
    name: "inspect",
    summary: "Shows a network layer by layer: shapes, parameters, floating-point operations, and " +
      "the memory that training takes. Without --preset it lists all networks. Nothing is " +
      "computed, and no GPU is needed.",
    examples: [
      "deno task inspect",
      "deno task inspect --preset dit-s4",
      "deno task inspect --preset cnn --dataset digits --batch-size 16",
    ],
    options: {
      preset: { type: "string", choices: PRESET_NAMES, help: "The network.", placeholder: "NAME" },
      dataset: {
        type: "string",
        choices: ["mnist", "fashion-mnist", "digits"],
        default: "mnist",
        help: "Whose images it is built for: 28x28 pixels, or the digits' 8x8.",
      },
      "batch-size": {
        type: "integer",
        min: 1,
        default: 64,
        help: "Images of the training step whose memory is estimated.",
      },
      full: { type: "boolean", help: "Give each of several layers alike its own lines." },
      json: { type: "boolean", help: "Print everything as one line of JSON." },
    },
  }, ({ options }) => {
    const { preset, dataset, "batch-size": batchSize, full, json } = options;
    const request: Request = { dataset, batchSize, full, json };
    return preset === undefined ? showAll(request) : showOne(preset, request);
  });
}
