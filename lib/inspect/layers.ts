/** A network as a tree of layers with their figures. @module */

import { BatchNorm2d } from "../nn/batch_norm2d.ts";
import { Module, type Parameter } from "../nn/module.ts";
import type { Observer } from "./observe.ts";
import { partsOf } from "./parts.ts";

/** What is counted of a network and of each of its layers. */
export interface Figures {
  /** Values of all parameters, trained or not, without buffers. */
  readonly parameters: number;
  /** Of these, values that a pass reads and training leaves as they are. */
  readonly frozen: number;
  /** Of these, values that no pass reads and training leaves as they are. */
  readonly unused: number;
  /** Running statistics of batch norms, which are saved beside the parameters. */
  readonly buffers: number;
  /** Floating-point operations of the products for one image; a multiply-add is 2. */
  readonly flops: number;
}

/** A module, or a parameter beside modules. Its figures include those of its parts. */
export interface Layer extends Figures {
  /** Its name in checkpoints, such as `blocks.0.attn.qkv`. */
  readonly path: string;
  /** Its class. */
  readonly kind: string;
  /**
   * The shape of its output for one image, of a parameter its own; `null` of a module that is not
   * called.
   */
  readonly output: readonly number[] | null;
  /** Its parts, in the order of their definition. */
  readonly layers: readonly Layer[];
}

const FIGURES = ["parameters", "frozen", "unused", "buffers", "flops"] as const;

/** The sums of several figures. */
export function sumFigures(list: readonly Figures[]): Figures {
  const sum = (key: keyof Figures) => list.reduce((total, figures) => total + figures[key], 0);
  return Object.fromEntries(FIGURES.map((key) => [key, sum(key)])) as unknown as Figures;
}

/**
 * A module as a layer, after a pass for one image was observed.
 *
 * @param path Its name; empty for a network.
 * @param module The module.
 * @param observer Who observed the pass.
 */
export function layerOf(path: string, module: Module, observer: Observer): Layer {
  const parts = partsOf(module);
  const isComposed = parts.some(([, part]) => part instanceof Module);
  const layers = parts.map(([name, part]) => {
    const inner = path === "" ? name : `${path}.${name}`;
    return part instanceof Module
      ? layerOf(inner, part, observer)
      : parameterLayer(inner, part, module, observer);
  });
  const { output, flops } = observer.of(module);
  const own: Figures = { parameters: 0, frozen: 0, unused: 0, buffers: 0, flops };
  return {
    path,
    kind: module.constructor.name,
    output: output && forOneImage(output),
    ...sumFigures([own, ...layers]),
    layers: isComposed ? layers : [],
  };
}

function parameterLayer(
  path: string,
  { layout, size, trainable, variable }: Parameter,
  owner: Module,
  observer: Observer,
): Layer {
  const isBuffer = !trainable && owner instanceof BatchNorm2d;
  const isLeft = !trainable && !isBuffer;
  const isRead = observer.wasRead(variable);
  return {
    path,
    kind: "Parameter",
    output: forOneImage(layout.shape),
    parameters: isBuffer ? 0 : size,
    frozen: isLeft && isRead ? size : 0,
    unused: isLeft && !isRead ? size : 0,
    buffers: isBuffer ? size : 0,
    flops: 0,
    layers: [],
  };
}

/** A shape without the axis of the batch, which is of one image. Tokens as rows have none. */
function forOneImage(shape: readonly number[]): readonly number[] {
  return shape.length > 1 && shape[0] === 1 ? shape.slice(1) : shape;
}
