/** What the runs of a comparison say together. @module */

/** One trained model of a comparison, tested. */
export interface Contestant {
  /** The model's name. */
  readonly name: string;
  /** The seed. */
  readonly seed: number;
  /** Its run folder. */
  readonly run: string;
  /** Its size in its own terms, such as `3 199 106 parameters`. */
  readonly size: string;
  /** Epochs that it was trained for; `undefined` where training has none. */
  readonly epochs?: number | undefined;
  /** The name of the adapter that trained it; `undefined` for the CPU. */
  readonly adapter?: string | undefined;
  /** The name of the adapter that tested it; `undefined` for the CPU. */
  readonly testAdapter?: string | undefined;
  /** The size of its checkpoint, in bytes. */
  readonly bytes: number;
  /** Training time, in seconds. */
  readonly trainSeconds: number;
  /** Time to classify one of the test images, in seconds. */
  readonly imageSeconds: number;
  /** The class that it gives to each test image. */
  readonly classes: Uint8Array;
}

/** The figures of a model over its seeds. */
export interface ModelFigures {
  /** The model's name. */
  readonly name: string;
  /** Its size in its own terms. */
  readonly size: string;
  /** Epochs of training; `undefined` where it has none. */
  readonly epochs: number | undefined;
  /** The seeds. */
  readonly seeds: readonly number[];
  /** The accuracy of each seed. */
  readonly accuracies: readonly number[];
  /** Their mean. */
  readonly mean: number;
  /** Their standard deviation (n − 1); 0 for one seed. */
  readonly sd: number;
  /** The adapters that trained it, each once; none for the CPU. */
  readonly adapters: readonly string[];
  /** Mean training time, in seconds. */
  readonly trainSeconds: number;
  /** Mean time to classify an image, in seconds. */
  readonly imageSeconds: number;
  /** Mean size of the checkpoint, in bytes. */
  readonly bytes: number;
  /** The run folders. */
  readonly runs: readonly string[];
}

/** A test image that models get wrong. */
export interface HardImage {
  /** Its number. */
  readonly index: number;
  /** How many models get it wrong, each counted by the share of its seeds that do. */
  readonly wrong: number;
  /** The wrong class that most models, so counted, give it; of several, the lowest. */
  readonly taken: number;
}

/** A class taken for another. */
export interface Confusion {
  /** The truth. */
  readonly truth: number;
  /** What it is taken for. */
  readonly taken: number;
  /** How often, as a mean over the seeds. */
  readonly count: number;
}

/** Figures by model, the most accurate first. */
export function figuresOf(
  contestants: readonly Contestant[],
  labels: ArrayLike<number>,
): ModelFigures[] {
  const figures = [...Map.groupBy(contestants, ({ name }) => name)].map(([name, group]) => {
    const accuracies = group.map(({ classes }) => accuracy(classes, labels));
    return {
      name,
      size: group[0]!.size,
      epochs: group[0]!.epochs,
      seeds: group.map(({ seed }) => seed),
      accuracies,
      mean: mean(accuracies),
      sd: standardDeviation(accuracies),
      adapters: [...new Set(group.flatMap(({ adapter }) => adapter ?? []))],
      trainSeconds: mean(group.map(({ trainSeconds }) => trainSeconds)),
      imageSeconds: mean(group.map(({ imageSeconds }) => imageSeconds)),
      bytes: mean(group.map(({ bytes }) => bytes)),
      runs: group.map(({ run }) => run),
    };
  });
  return figures.sort((a, b) => b.mean - a.mean);
}

/** The images that most models get wrong, the hardest first; a model counts once, whatever its seeds. */
export function hardest(
  contestants: readonly Contestant[],
  labels: ArrayLike<number>,
  most: number,
): HardImage[] {
  const models = Map.groupBy(contestants, ({ name }) => name);
  const images = Array.from({ length: labels.length }, (_, index): HardImage => {
    const votes = new Map<number, number>();
    for (const { name, classes } of contestants) {
      const taken = classes[index]!;
      const share = 1 / models.get(name)!.length;
      if (taken !== labels[index]) votes.set(taken, (votes.get(taken) ?? 0) + share);
    }
    const wrong = [...votes.values()].reduce((a, b) => a + b, 0);
    const [taken = 0] = [...votes].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0] ?? [];
    return { index, wrong, taken };
  });
  return images.filter(({ wrong }) => wrong > 0)
    .sort((a, b) => b.wrong - a.wrong || a.index - b.index).slice(0, most);
}

/** What a model confuses most often, as means over its seeds. */
export function confusionsOf(
  group: readonly Contestant[],
  labels: ArrayLike<number>,
  most: number,
): Confusion[] {
  const counts = new Map<string, Confusion>();
  for (const { classes } of group) {
    for (let i = 0; i < labels.length; i++) {
      const [truth, taken] = [labels[i]!, classes[i]!];
      if (truth === taken) continue;
      const key = `${truth} ${taken}`;
      const count = (counts.get(key)?.count ?? 0) + 1 / group.length;
      counts.set(key, { truth, taken, count });
    }
  }
  return [...counts.values()]
    .sort((a, b) => b.count - a.count || a.truth - b.truth || a.taken - b.taken).slice(0, most);
}

function accuracy(classes: Uint8Array, labels: ArrayLike<number>): number {
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (classes[i] === labels[i]) right++;
  return right / labels.length;
}

/** The mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** The standard deviation (n − 1); 0 for less than two values. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return Math.sqrt(values.reduce((s, v) => s + (v - middle) ** 2, 0) / (values.length - 1));
}
