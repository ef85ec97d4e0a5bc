/**
 * Trains a support vector machine, on the CPU.
 *
 *     deno task svm                                     the digits, as scikit-learn's example does
 *     deno task svm --dataset mnist --subset 10000      the first 10 000 images of MNIST
 *     deno task svm --dataset mnist --C 10 --deskew     all of them, straightened
 *
 * The machine is in lib/classical/svm/.
 *
 * @module
 */

import { fitVirtual } from "../lib/classical/svm/virtual.ts";
import { MAX_DEGREE, type SVCOptions } from "../lib/classical/svm/options.ts";
import { SVC } from "../lib/classical/svm/svm.ts";
import { type Parsed, runTask } from "../lib/cli.ts";
import { grouped } from "../lib/text.ts";
import {
  CLASSICAL_OPTIONS,
  type ClassicalRequest,
  classicalTask,
} from "../lib/train/classical_task.ts";
import { svmPredictor, VOTES } from "../lib/train/classifier.ts";

const OPTIONS = {
  ...CLASSICAL_OPTIONS,
  C: {
    type: "number",
    min: 0,
    exclusiveMin: true,
    default: 1,
    help: "What a training image on the wrong side costs.",
  },
  kernel: {
    type: "string",
    choices: ["rbf", "linear", "poly"],
    default: "rbf",
    help: "Kernel.",
  },
  gamma: {
    type: "number",
    min: 0,
    exclusiveMin: true,
    help: "How steep rbf and poly are; without it 1 / (pixels x variance).",
  },
  degree: { type: "integer", min: 1, max: MAX_DEGREE, default: 3, help: "Degree of poly." },
  coef0: { type: "number", default: 0, help: "Constant of poly." },
} as const;

/** The command line. */
export const svmSpec = {
  name: "svm",
  summary:
    "Trains a support vector machine (one against one, SMO) as LIBSVM and scikit-learn do: the " +
    "same support vectors, the same predictions. Deterministic.",
  examples: [
    "deno task svm",
    "deno task svm --dataset mnist --subset 10000 --data ../datasets",
    "deno task svm --kernel poly --degree 2",
  ],
  options: OPTIONS,
};

/** What the task asks for, for whoever runs it from elsewhere. */
export function svmRequest(options: Parsed<typeof OPTIONS>["options"]): ClassicalRequest {
  const { C, kernel, gamma = "scale", degree, coef0, jobs, augment } = options;
  return {
    task: "svm",
    options,
    settings: { C, kernel, gamma, degree, coef0 },
    seed: 0,
    fit: async (set, maxValue, onProgress) => {
      // The digits' pixels stay as they are, 0 to 16, as in scikit-learn's example.
      const scale = maxValue === 255 ? 1 / 255 : 1;
      const settings: SVCOptions = { C, kernel, gamma, degree, coef0, scale, jobs, onProgress };
      const first = await SVC.fit(set, settings);
      const svm = augment === "shifts" ? await fitVirtual(first, { jobs, onProgress }) : first;
      return {
        predict: svmPredictor(svm, 10),
        save: (metadata) => svm.save(metadata),
        certainty: VOTES,
        facts: [
          ["Support vectors", grouped(svm.supportVectorCount)],
          ["Kernel", kernel],
          ["Gamma", String(Number(svm.parameters.gamma.toPrecision(6)))],
          ["C", String(svm.C)],
        ],
        numbers: { support_vectors: svm.supportVectorCount, gamma: svm.parameters.gamma },
      };
    },
  };
}

if (import.meta.main) {
  await runTask(svmSpec, ({ options }) => classicalTask(svmRequest(options)));
}
