/** What is known of a network as text for a terminal. @module */

import { grouped, scaledBytes, wrap } from "../text.ts";
import type { Inspection } from "./inspect.ts";
import type { Layer } from "./layers.ts";
import type { Row } from "./rows.ts";

/** What stands where there is nothing to count. */
const NOTHING = ".";

/** Columns of the text, where words allow it. */
const WIDTH = 100;

/**
 * Rows of cells as aligned columns, two spaces apart. Long cells of the last one go on below.
 *
 * @param rows Cells, as many in each row.
 * @param right The places of the columns of numbers.
 */
export function columns(rows: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = rows[0]!.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  const left = widths.slice(0, -1);
  const start = left.reduce((sum, width) => sum + width + 2, 0);
  return rows.flatMap((row) => {
    const cells = left.map((width, c) =>
      (right.includes(c) ? row[c]!.padStart(width) : row[c]!.padEnd(width)) + "  "
    );
    return wrap(row.at(-1)!, WIDTH - start)
      .map((line, i) => (i === 0 ? cells.join("") : " ".repeat(start)) + line);
  }).map((line) => line.trimEnd()).join("\n");
}

/** The table of layers. */
export function layerTable(rows: readonly Row[]): string {
  const cells = rows.map(({ depth, name, times, layer }) => {
    const count = (value: number) => countOf(value, times);
    return [
      "  ".repeat(depth) + name,
      layer.kind,
      layer.output === null ? "not called" : sizeText(layer.output),
      count(layer.parameters),
      count(layer.flops),
      remark(layer),
    ];
  });
  return columns([["layer", "kind", "output", "parameters", "FLOPs", ""], ...cells], [3, 4]);
}

/** A size such as `28×28×10`. */
export function sizeText(size: readonly number[]): string {
  return size.join("×");
}

function countOf(value: number, times: number): string {
  if (value === 0) return NOTHING;
  return times > 1 ? `${times} × ${grouped(value)}` : grouped(value);
}

/** What is to be said of a layer none of whose parameters is trained. */
function remark({ parameters, frozen, unused, layers }: Layer): string {
  if (parameters === 0 || layers.length > 0) return "";
  if (frozen === parameters) return "frozen";
  return unused === parameters ? "unused" : "";
}

/** The sums, and what they mean. */
export function totals(inspection: Inspection): string {
  const { parameters, trained, frozen, unused, buffers, flops, batchSize, memory } = inspection;
  const kinds = ([[trained, "trained"], [frozen, "frozen"], [unused, "unused"]] as const)
    .filter(([count]) => count > 0 && count < parameters)
    .map(([count, word]) => `${grouped(count)} ${word}`);
  const { weights, gradients, adam, activations, largest } = memory;
  const bytes = (
    label: string,
    count: number,
    meaning: string,
  ) => [label, scaledBytes(count), meaning];
  return [
    `parameters  ${grouped(parameters)}${kinds.length > 0 ? `: ${kinds.join(", ")}` : ""}`,
    ...(buffers > 0 ? [`buffers     ${grouped(buffers)}: running statistics of batch norms`] : []),
    `FLOPs       ${grouped(flops)} for one image`,
    "            products only, forward, a multiply-add counts as 2; biases, activations,",
    "            norms, softmax and pooling are left out. A line holds all that is indented below",
    "            it, and what it does itself, such as the products of an attention",
    "",
    `memory of a training step of ${batchSize} images with Adam`,
    columns([
      bytes("  weights", weights, "float32, with buffers"),
      bytes("  gradients", gradients, "of what is trained"),
      bytes("  Adam", adam, "two averages of each gradient"),
      bytes(
        "  activations",
        activations,
        "the batch and all that the forward pass leaves for the backward pass",
      ),
      bytes(
        "  in all",
        weights + gradients + adam + activations,
        "without what the backward pass makes on its way",
      ),
      bytes("  largest", largest, "one tensor; what a kernel can bind is in deno task doctor"),
    ], [1]),
  ].join("\n");
}
