/**
 * Trains a random forest, on the CPU.
 *
 *     deno task rf                                          the digits
 *     deno task rf --dataset mnist                          MNIST in full
 *     deno task rf --dataset mnist --extra-trees --deskew   random thresholds, straightened images
 *
 * The forest is in lib/classical/forest/.
 *
 * @module
 */

import { RandomForest } from "../lib/classical/forest/forest.ts";
import { MAX_TREES, type MaxFeatures } from "../lib/classical/forest/options.ts";
import { withShifts } from "../lib/classical/shifts.ts";
import { type Parsed, runTask } from "../lib/cli.ts";
import { UsageError } from "../lib/errors.ts";
import { grouped } from "../lib/text.ts";
import {
  CLASSICAL_OPTIONS,
  type ClassicalRequest,
  classicalTask,
  SEED_OPTION,
} from "../lib/train/classical_task.ts";
import { forestPredictor } from "../lib/train/classifier.ts";

const OPTIONS = {
  ...CLASSICAL_OPTIONS,
  trees: { type: "integer", min: 1, max: MAX_TREES, default: 100, help: "Trees, at most 10 000." },
  "max-features": {
    type: "string",
    default: "sqrt",
    help: "Pixels that a split looks at: sqrt, log2 or all of them, a number, or a part below 1.",
  },
  "max-depth": { type: "integer", min: 1, help: "Splits on the way to a leaf; without it any." },
  "extra-trees": {
    type: "boolean",
    help: "Draw thresholds at random, as in extremely randomized trees, without bootstrap.",
  },
  seed: { ...SEED_OPTION, default: 1 },
} as const;

/** The command line. */
export const rfSpec = {
  name: "rf",
  summary: "Trains a random forest (Gini, bootstrap, a random choice of pixels at each split) " +
    "as scikit-learn does. The same seed gives the same forest, whatever the number of workers.",
  examples: [
    "deno task rf",
    "deno task rf --dataset mnist --data ../datasets",
    "deno task rf --trees 300 --extra-trees --seed 2",
  ],
  options: OPTIONS,
};

/** What the task asks for, for whoever runs it from elsewhere. */
export function rfRequest(options: Parsed<typeof OPTIONS>["options"]): ClassicalRequest {
  const { trees, jobs, seed, augment, "max-depth": maxDepth, "extra-trees": extraTrees } = options;
  const text = options["max-features"];
  const maxFeatures = readMaxFeatures(text);
  return {
    task: "rf",
    options,
    settings: { trees, maxFeatures, maxDepth: maxDepth ?? null, extraTrees },
    seed,
    fit: async (set, _maxValue, onProgress) => {
      readMaxFeatures(text, set.height * set.width);
      const forest = await RandomForest.fit(augment === "shifts" ? withShifts(set) : set, {
        trees,
        maxFeatures,
        maxDepth,
        extraTrees,
        seed,
        jobs,
        onProgress,
      });
      return {
        predict: forestPredictor(forest),
        save: (metadata) => forest.save(metadata),
        facts: [["Trees", grouped(trees)], ["Nodes", grouped(forest.nodeCount)]],
        numbers: { trees, nodes: forest.nodeCount },
      };
    },
  };
}

/**
 * Reads `--max-features`.
 *
 * @param pixels How many an image has, once that is known.
 */
function readMaxFeatures(text: string, pixels = Infinity): MaxFeatures {
  if (text === "sqrt" || text === "log2" || text === "all") return text;
  const value = Number(text);
  if (value > 0 && (value < 1 || Number.isInteger(value)) && value <= pixels) return value;
  const most = pixels === Infinity ? "" : ` up to the ${pixels} pixels of an image`;
  throw new UsageError(
    `Cannot grow a forest: --max-features must be sqrt, log2, all, a whole number${most} or a ` +
      `part below 1, got "${text}". Without it, it is sqrt`,
  );
}

if (import.meta.main) {
  await runTask(rfSpec, ({ options }) => classicalTask(rfRequest(options)));
}
