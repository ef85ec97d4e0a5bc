/**
 * What a grown forest consists of, and its file.
 *
 * Every node stands before those below it and its left part before its right part. So the left node
 * below node `k` is `k + 1`, and the right ones, like the ends of the trees, follow from which nodes
 * are leaves: the file has four bytes for each node.
 *
 * @module
 */

import { CheckpointError } from "../../errors.ts";
import { type AnyTensor, decodeTensors, encodeSafetensors } from "../../train/safetensors.ts";
import { CLASSES } from "../labels.ts";
import { toParts, type Tree } from "./tree.ts";

/** A grown forest. */
export interface Model {
  /** Rows of an image, in pixels. */
  readonly height: number;
  /** Columns of an image, in pixels. */
  readonly width: number;
  /** The nodes of all trees, as in {@link Tree.nodes}; rows of leaves count from 0. */
  readonly nodes: Int32Array;
  /** For each node with a split the node to the right below it. */
  readonly right: Int32Array;
  /** The first node of each tree, shape `(trees)`. */
  readonly roots: Int32Array;
  /** The part of each class in a leaf; the first ten rows are the pure ones. Shape `(rows, 10)`. */
  readonly leaves: Float32Array;
  /** The mean decrease of impurity of each feature, shape `(height, width)`. */
  readonly importances: Float64Array;
  /** Texts that the user keeps with it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What marks the files of this module, and the layout that they have. */
const FORMAT = "inkling-forest-1";

/** Puts trees together to a forest that gives the mean of what they give. */
export function joinTrees(trees: readonly Tree[], height: number, width: number): Model {
  const count = trees.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const values = trees.reduce((sum, { leaves }) => sum + leaves.length, 0);
  const nodes = new Int32Array(count);
  const leaves = new Float32Array(CLASSES * CLASSES + values);
  for (let c = 0; c < CLASSES; c++) leaves[c * CLASSES + c] = 1;
  const importances = new Float64Array(height * width);
  let node = 0;
  let value = CLASSES * CLASSES;
  for (const tree of trees) {
    const moved = value / CLASSES - CLASSES;
    nodes.set(tree.nodes.map((word) => word < -CLASSES ? word - moved : word), node);
    node += tree.nodes.length;
    leaves.set(tree.leaves, value);
    value += tree.leaves.length;
    tree.importances.forEach((part, feature) => importances[feature]! += part);
  }
  toParts(importances);
  return { height, width, nodes, ...link(nodes)!, leaves, importances, metadata: {} };
}

/** Encodes a forest as a safetensors file; the same forest gives the same bytes. */
export function encodeModel(model: Model): Uint8Array<ArrayBuffer> {
  const { height, width, nodes, leaves, importances } = model;
  const tensors = new Map<string, AnyTensor>([
    ["importances", { shape: [height, width], values: importances }],
    ["nodes", { shape: [nodes.length], values: nodes }],
    ["leaves", { shape: [leaves.length / CLASSES, CLASSES], values: leaves }],
  ]);
  return encodeSafetensors({ tensors, metadata: { ...model.metadata, format: FORMAT } });
}

/**
 * Decodes a file of {@link encodeModel}.
 *
 * @param name What to call it in errors.
 * @throws {CheckpointError} When it is no such file or damaged.
 */
export function decodeModel(bytes: Uint8Array, name: string): Model {
  const { tensors, metadata: all } = decodeTensors(bytes, name);
  const { format, ...metadata } = all;
  if (format !== FORMAT) {
    throw new CheckpointError(
      `Cannot load ${name}: a forest has the format ${FORMAT}, got ${JSON.stringify(format)}. ` +
        "Was it made by this project?",
    );
  }
  const importances = tensors.get("importances");
  const [height = 0, width = 0] = importances?.shape ?? [];
  const parts = {
    importances: importances?.values,
    nodes: tensors.get("nodes")?.values,
    leaves: tensors.get("leaves")?.values,
  };
  if (areParts(parts, height * width)) {
    const links = link(parts.nodes);
    if (links) return { height, width, ...parts, ...links, metadata };
  }
  throw new CheckpointError(`Cannot load ${name}: its parts do not make a forest`);
}

type Parts = Pick<Model, "nodes" | "leaves" | "importances">;

/** Whether a file's tensors have the types of a forest's, and numbers that make sense. */
function areParts(parts: { [K in keyof Parts]: unknown }, features: number): parts is Parts {
  const { nodes, leaves, importances } = parts;
  if (
    !(nodes instanceof Int32Array && leaves instanceof Float32Array) ||
    !(importances instanceof Float64Array && importances.length === features && features > 0)
  ) return false;
  const rows = leaves.length / CLASSES;
  return Number.isInteger(rows) && rows >= CLASSES &&
    leaves.every((part) => part >= 0 && part <= 1) &&
    importances.every((part) => part >= 0 && part <= 1 + 1e-9) &&
    nodes.every((word) => word < 0 ? -1 - word < rows : word >> 8 < features);
}

/**
 * Finds the right node below each split and the roots, from the last node to the first.
 *
 * @returns Nothing when the nodes are not whole trees.
 */
function link(nodes: Int32Array): Pick<Model, "right" | "roots"> | undefined {
  const right = new Int32Array(nodes.length);
  // The trees that begin at or after the current node and are not yet below another.
  const open: number[] = [];
  for (let k = nodes.length - 1; k >= 0; k--) {
    if (nodes[k]! >= 0) {
      open.pop();
      const other = open.pop();
      if (other === undefined) return undefined;
      right[k] = other;
    }
    open.push(k);
  }
  if (open.length === 0) return undefined;
  return { right, roots: Int32Array.from(open.reverse()) };
}
