/** The lines of a table of layers, where layers alike share one. @module */

import type { Layer } from "./layers.ts";

/** A line of the table. */
export interface Row {
  /** How deep the layer is nested, from 0. */
  readonly depth: number;
  /** The layer's name within the one around it, or the first and last of several alike. */
  readonly name: string;
  /** How many layers are alike. */
  readonly times: number;
  /** The layer, the first one of several. */
  readonly layer: Layer;
}

/** Options of {@link rowsOf}. */
export interface RowOptions {
  /** Whether each layer has its own line. @default false */
  readonly full?: boolean;
}

/**
 * The lines of layers and, below each, of its parts. Neighbours in a list, such as `blocks.0` and
 * `blocks.1`, that agree in all figures and shapes share a line.
 */
export function rowsOf(layers: readonly Layer[], { full = false }: RowOptions = {}): Row[] {
  return rowsWithin("", 0, layers, full);
}

function rowsWithin(around: string, depth: number, layers: readonly Layer[], full: boolean): Row[] {
  const rows: Row[] = [];
  for (let at = 0, times: number; at < layers.length; at += times) {
    const layer = layers[at]!;
    times = full ? 1 : countAlike(layers, at);
    const name = layer.path.slice(around.length);
    const last = layers[at + times - 1]!.path.match(/\d+$/)?.[0];
    rows.push(
      { depth, name: times > 1 ? `${name} … ${last}` : name, times, layer },
      ...rowsWithin(`${layer.path}.`, depth + 1, layer.layers, full),
    );
  }
  return rows;
}

/** How many layers from `at` on have numbers in a row for names and are alike. */
function countAlike(layers: readonly Layer[], at: number): number {
  const first = layers[at]!;
  const [, list, number] = first.path.match(/^(.*?)(\d+)$/) ?? [];
  if (list === undefined) return 1;
  const shape = shapeOf(first, first.path);
  let count = 1;
  while (true) {
    const next = layers[at + count];
    if (next?.path !== `${list}${Number(number) + count}`) return count;
    if (shapeOf(next, next.path) !== shape) return count;
    count++;
  }
}

/** All that tells a layer from others, but for the name of the outermost one. */
function shapeOf(layer: Layer, outermost: string): string {
  return JSON.stringify(
    layer,
    (key, value) => key === "path" ? value.slice(outermost.length) : value,
  );
}
