/** Trained classifiers of every kind, loaded from their checkpoints. @module */

import { RandomForest } from "../classical/forest/forest.ts";
import { deskew } from "../classical/deskew.ts";
import { SVC } from "../classical/svm/svm.ts";
import type { ImageSet } from "../data/types.ts";
import { type Device, openDevice } from "../device.ts";
import { type ModelName, models } from "../models/registry.ts";
import { decodeModel, modelFile, readCheckpoint } from "./checkpoint.ts";
import { type Predictions, predictSet } from "./evaluate.ts";
import { decodeInfo, type ModelInfo, nonsense } from "./model_info.ts";
import { decodeTensors } from "./safetensors.ts";

/** The classifiers that are no networks. */
export const CLASSICAL_MODELS = ["svm", "rf"] as const;

/** A name of {@link CLASSICAL_MODELS}. */
export type ClassicalName = typeof CLASSICAL_MODELS[number];

/**
 * What the shares that a classifier gives to the classes are: probabilities, or {@link VOTES} of a
 * machine.
 */
export type Certainty = "probability" | "votes";

/** What the shares of a machine are, in words. */
export const VOTES = "the softmax of the votes between pairs, as a machine knows no probabilities";

/** A trained classifier. */
export interface Classifier {
  /** The file that it came from. */
  readonly path: string;
  /** The size of the file, in bytes. */
  readonly bytes: number;
  /** What the checkpoint says of it. */
  readonly info: ModelInfo<ModelName | ClassicalName>;
  /** What its shares of the classes are. */
  readonly certainty: Certainty;
  /** The device that it runs on; `undefined` for the CPU. */
  readonly device: Device | undefined;
  /** Classifies images of the size that it was trained on. */
  predict(set: ImageSet): Promise<Predictions>;
  /** Frees its memory on the device. */
  dispose(): void;
}

/**
 * Loads a classifier from a checkpoint or a run folder; a network opens the device.
 *
 * @param path The file or folder.
 * @throws {CheckpointError} When there is none, or it is not one of this project's.
 * @throws {DeviceError} When a network finds no device.
 */
export async function loadClassifier(path: string): Promise<Classifier> {
  const file = await modelFile(path);
  return decodeClassifier(await readCheckpoint(file), file);
}

/**
 * Loads a classifier from the bytes of a checkpoint; a network opens the device.
 *
 * @param content The content of a safetensors file.
 * @param file What to call it.
 * @throws {CheckpointError} When it is damaged, or not one of this project's.
 * @throws {DeviceError} When a network finds no device.
 */
export async function decodeClassifier(
  content: Uint8Array<ArrayBuffer>,
  file: string,
): Promise<Classifier> {
  const { metadata } = decodeTensors(content, file);
  const names = [...Object.keys(models) as ModelName[], ...CLASSICAL_MODELS];
  const info = decodeInfo(metadata, file, names);
  const common = { path: file, bytes: content.length, info };
  if (info.model !== "svm" && info.model !== "rf") {
    const device = await openDevice();
    const { network } = decodeModel(content, file);
    return {
      ...common,
      certainty: "probability",
      device,
      predict: (set) => predictSet(device, network, set, info.maxValue),
      dispose: () => network.dispose(),
    };
  }
  const classify = info.model === "svm"
    ? svmPredictor(loadMachine(content, file, info.shape.classes), info.shape.classes)
    : forestPredictor(RandomForest.load(content, file));
  const prepare = metadata.deskew === "true" ? deskewed : (set: ImageSet) => set;
  return {
    ...common,
    certainty: info.model === "svm" ? "votes" : "probability",
    device: undefined,
    predict: (set) => classify(prepare(set).images),
    dispose: () => {},
  };
}

/** A machine for labels that stand for classes. */
function loadMachine(content: Uint8Array, file: string, classCount: number): SVC {
  const svm = SVC.load(content, file);
  if (svm.classes.some((label) => label >= classCount)) throw nonsense(file);
  return svm;
}

/** A set whose images stand upright. */
export function deskewed(set: ImageSet): ImageSet {
  return { ...set, images: deskew(set) };
}

/** Predicts with a machine; see {@link voteShares}. */
export function svmPredictor(
  svm: SVC,
  classCount: number,
): (images: Uint8Array) => Promise<Predictions> {
  return async (images) => {
    const decisions = await svm.decisionFunction(images);
    return voteShares(decisions, svm.classes, classCount);
  };
}

/**
 * Classes and shares from the decisions between pairs of classes. The shares are {@link VOTES}, so
 * that the class with the most votes (of several, the lowest) has the largest.
 */
function voteShares(decisions: Float64Array, known: Uint8Array, classCount: number): Predictions {
  const pairs = known.length * (known.length - 1) / 2;
  const rows = decisions.length / pairs;
  const probabilities = new Float32Array(rows * classCount);
  const classes = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const votes = new Float64Array(known.length);
    let pair = row * pairs;
    for (let first = 0; first < known.length; first++) {
      for (let second = first + 1; second < known.length; second++) {
        votes[decisions[pair++]! > 0 ? first : second]!++;
      }
    }
    classes[row] = known[votes.indexOf(Math.max(...votes))]!;
    const weights = votes.map((count) => Math.exp(count - known.length));
    const sum = weights.reduce((a, b) => a + b);
    weights.forEach((weight, k) => probabilities[row * classCount + known[k]!] = weight / sum);
  }
  return { probabilities, classes };
}

/** Predicts with a forest. */
export function forestPredictor(
  forest: RandomForest,
): (images: Uint8Array) => Promise<Predictions> {
  return (images) => {
    const probabilities = Float32Array.from(forest.probabilities(images));
    return Promise.resolve({ probabilities, classes: forest.predict(images) });
  };
}
