/** What a run draws on its way: the same noise again and again, so that one sees what was learnt. @module */

import { join } from "../deps.ts";
import { writeFileAtomic } from "../files.ts";
import { bar, type Progress } from "../train/progress.ts";
import { withKeptWeights } from "../train/run.ts";
import { BatchDrawer } from "./draw.ts";
import { forwardGrid, type RealImages, realImages, sampleGif, sampleGrid } from "./pictures.ts";
import type { GeneratorRun } from "./train_task.ts";

/** Frames of a film. */
const FRAMES = 30;
/** Rows of real images beneath the drawn ones. */
const REAL_ROWS = 2;
/** The folder of the pictures within a run folder. */
const FOLDER = "samples";

/** A picture of the last drawing, for the report. */
export interface Shown {
  /** Scale of guidance, where there is any. */
  readonly guidance: number | undefined;
  /** The picture. */
  readonly png: Uint8Array;
  /** The way to it, where it was filmed. */
  readonly gif: Uint8Array | undefined;
}

/** Who watches while a run draws. */
export interface Watch {
  /** Is shown how far a drawing is. */
  readonly progress: Progress;
  /** Stops a drawing. */
  readonly signal: AbortSignal;
}

/** Draws for one run. */
export class Showcase {
  readonly #run: GeneratorRun;
  readonly #real: RealImages;
  /** By scale of guidance. They keep their recordings from epoch to epoch. */
  readonly #drawers = new Map<number | undefined, BatchDrawer>();
  /** The last pictures. */
  shown: readonly Shown[] = [];
  /** Images on their way to noise, once they were drawn. */
  forward: Uint8Array | undefined;

  /** Shows `run`. */
  constructor(run: GeneratorRun) {
    this.#run = run;
    this.#real = realImages(run.dataset, REAL_ROWS, run.training.range);
  }

  /** Draws images on their way to noise, where there is such a way. */
  async drawForward(): Promise<void> {
    const { training: { noisy }, folder, dataset: { classNames } } = this.#run;
    if (!noisy) return;
    this.forward = await forwardGrid(noisy, this.#real, this.#size, classNames);
    await writeFileAtomic(join(folder, "forward.png"), this.forward);
  }

  /**
   * Draws what is due after an epoch, and everything after the last one.
   *
   * @throws The reason of the signal when it stops the drawing.
   */
  async draw(epoch: number, watch: Watch): Promise<void> {
    const { epochs, samples: { every, gifEvery } } = this.#run.config.recipe;
    const isDue = (interval: number) => epoch === epochs || interval > 0 && epoch % interval === 0;
    if (isDue(every) || isDue(gifEvery)) await this.#drawAll(epoch, isDue(gifEvery), watch);
  }

  /** Draws everything again for a run that has no epoch left; as {@link draw}. */
  async drawLast(watch: Watch): Promise<void> {
    await this.#drawAll(this.#run.config.recipe.epochs, true, watch);
  }

  /** Frees the recordings. */
  dispose(): void {
    for (const drawer of this.#drawers.values()) drawer.dispose();
  }

  get #size() {
    const { train: { height, width }, training: { range } } = this.#run;
    return { height, width, range };
  }

  async #drawAll(epoch: number, filmed: boolean, watch: Watch): Promise<void> {
    const { folder, config: { recipe: { samples } }, training: { labelled } } = this.#run;
    await Deno.mkdir(join(folder, FOLDER), { recursive: true });
    const shown: Shown[] = [];
    for (const guidance of labelled && samples.guidance || [undefined]) {
      const pictures = await withKeptWeights(
        this.#run,
        () => this.#drawOne(epoch, guidance, filmed, watch),
      );
      const name = `epoch-${String(epoch).padStart(4, "0")}` +
        (guidance === undefined ? "" : `-s${guidance}`);
      await writeFileAtomic(join(folder, FOLDER, `${name}.png`), pictures.png);
      if (pictures.gif) await writeFileAtomic(join(folder, FOLDER, `${name}.gif`), pictures.gif);
      shown.push(pictures);
    }
    this.shown = shown;
  }

  async #drawOne(
    epoch: number,
    guidance: number | undefined,
    filmed: boolean,
    { progress, signal }: Watch,
  ): Promise<Shown> {
    const { training, dataset: { classNames, name }, config: { recipe, model } } = this.#run;
    const columns = classNames.length;
    const count = columns * recipe.samples.rows;
    const drawer = this.#drawers.get(guidance) ?? new BatchDrawer((count) =>
      training.drawer({
        count,
        seed: recipe.seed,
        ...(guidance !== undefined && { guidance }),
      }), count);
    this.#drawers.set(guidance, drawer);
    const scale = guidance === undefined ? "" : `, guidance ${guidance}`;
    const { images, frames } = await drawer.draw({
      count,
      labels: training.labelled ? Array.from({ length: columns }, (_, i) => i) : undefined,
      ...(filmed && { frames: FRAMES }),
      onProgress(share) {
        signal.throwIfAborted();
        progress.transient(`${bar(share, 1)} drawing after epoch ${epoch}${scale}`);
      },
    });
    const title = `${model} on ${name}, epoch ${epoch}${scale}`;
    const drawn = { images, ...this.#size };
    return {
      guidance,
      png: sampleGrid(drawn, this.#real, classNames, title, training.labelled),
      gif: frames.length > 1 ? sampleGif(frames, this.#size, columns) : undefined,
    };
  }
}
