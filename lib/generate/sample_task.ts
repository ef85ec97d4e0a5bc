/** Drawing with a trained generator, from parsed options to pictures. @module */

import { openDevice } from "../device.ts";
import { CheckpointError, UsageError } from "../errors.ts";
import { makeFolder } from "../files.ts";
import { DenoisingNetwork } from "../models/denoising_network.ts";
import type { GAN } from "../models/gan.ts";
import { type DenoiserName, denoisers, type GeneratorName } from "../models/generators.ts";
import { counted } from "../text.ts";
import { announceAdapter } from "../train/announce.ts";
import type { ShippedCheckpoint } from "../train/checkpoint.ts";
import { bar, formatDuration, Progress } from "../train/progress.ts";
import { decodeGenerator, type LoadedGenerator, loadGenerator } from "./checkpoint.ts";
import { diffusionDrawer, networkPlan } from "./diffusion_drawer.ts";
import { BatchDrawer } from "./draw.ts";
import { judge, judgementText, loadJudge } from "./judge.ts";
import { parseLabels } from "./labels.ts";
import { latentDrawer } from "./latent_drawer.ts";
import type { Drawn } from "./pictures.ts";
import type { SampleOptions } from "./sample_options.ts";
import { writePictures } from "./sample_pictures.ts";
import type { Drawer } from "./training.ts";

/** What a sampling task is asked for. */
export interface SampleTask {
  /** Its name, such as `dit:sample`. */
  readonly task: string;
  /** The generators that it draws with. */
  readonly models: readonly GeneratorName[];
  /** What it draws with when no checkpoint is named. @default a checkpoint must be named */
  readonly shipped?: ShippedCheckpoint;
  /** The parsed options. */
  readonly options: SampleOptions;
}

/** The scale of guidance where none is asked for. */
const USUAL_GUIDANCE = 2;
/** Images of `--n` where there are no classes. */
const USUAL_COUNT = 10;
/** Frames of a GIF. */
const FRAMES = 30;

/**
 * Draws images and writes the pictures.
 *
 * @returns The exit status 0.
 * @throws {UsageError} For options that do not go together, or do not suit the network.
 * @throws {CheckpointError} When the checkpoint is absent, damaged or of another task.
 * @throws {DataError} When the pictures cannot be written.
 */
export async function sampleTask(request: SampleTask): Promise<number> {
  const { task, options } = request;
  const progress = new Progress({ quiet: options.quiet });
  const device = await openDevice();
  announceAdapter(device, progress);
  const generator = await open(request);
  const { info } = generator;
  const { classes } = info.shape;
  const asked = parseLabels(options.labels ?? [`0-${classes - 1}`], classes);
  const count = options.n ?? (options.labels ? asked.length : USUAL_COUNT);
  const batchSize = Math.min(count, options["batch-size"]);
  const settings = settingsOf(generator, options);
  const labels = settings.labelled
    ? Array.from({ length: count }, (_, i) => asked[i % asked.length]!)
    : undefined;
  const classifier = options.judge === undefined
    ? undefined
    : await loadJudge(options.judge, info.shape);
  await makeFolder(options.out, "pictures");
  progress.line(
    `drawing ${counted(count, "image")} with ${info.model} of ${info.dataset} (${generator.path})` +
      settings.description,
  );

  const drawer = new BatchDrawer(settings.drawer, batchSize);
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const { images, frames } = await drawer.draw({
    count,
    labels,
    frames: options.gif ? FRAMES : 0,
    onProgress: (share) => {
      const left = share < 1 ? `, ${formatDuration(elapsed() * (1 / share - 1))} left` : "";
      progress.transient(`${bar(share, 1)} ${Math.round(100 * share)} %${left}`);
    },
  });
  device.check();
  drawer.dispose();
  progress.clear();
  const seconds = elapsed();

  const { height, width } = info.shape;
  const drawn: Drawn = { images, height, width, range: settings.range };
  const files = await writePictures(options, drawn, frames, labels, info.classNames);
  const judged = classifier && await judge(classifier, drawn, labels);
  classifier?.dispose();
  const summary = `${counted(count, "image")} in ${seconds.toFixed(1)} s: ${files[0]}` +
    (judged === undefined ? "" : `\n${judgementText(judged, info.classNames)}`);
  if (options.json) {
    progress.line(summary);
    console.log(JSON.stringify({
      task,
      model: info.model,
      dataset: info.dataset,
      checkpoint: generator.path,
      n: count,
      labels: labels ?? null,
      ...settings.facts,
      seed: options.seed,
      seconds: Number(seconds.toFixed(3)),
      judged: judged ?? null,
      adapter: device.adapter.name,
      files,
    }));
  } else {
    console.log(summary);
  }
  return 0;
}

async function open({ task, models, shipped, options }: SampleTask): Promise<LoadedGenerator> {
  const training = task.replace(":sample", "");
  let generator: LoadedGenerator;
  if (options.checkpoint !== undefined) {
    generator = await loadGenerator(options.checkpoint);
  } else if (shipped) {
    const bytes = Uint8Array.fromBase64(shipped.base64);
    generator = decodeGenerator(bytes, shipped.name);
  } else {
    throw new UsageError(
      `Cannot draw: no network is named. Train one with: deno task ${training}, and then give ` +
        `--checkpoint runs/${training}/<run>`,
    );
  }
  if (!models.includes(generator.info.model)) {
    throw new CheckpointError(
      `Cannot draw with ${generator.path}: ${task} takes ${models.join(", ")}, got ` +
        `${generator.info.model}`,
    );
  }
  return generator;
}

/** How a network is sampled with the given options. */
interface Settings {
  readonly labelled: boolean;
  readonly range: readonly [number, number];
  /** For the line that says what is done. */
  readonly description: string;
  /** For the JSON. */
  readonly facts: Readonly<Record<string, string | number>>;
  readonly drawer: (batchSize: number) => Drawer;
}

function settingsOf({ network, info }: LoadedGenerator, options: SampleOptions): Settings {
  const { seed } = options;
  if (info.process === undefined || !(network instanceof DenoisingNetwork)) {
    const { generator } = network as GAN;
    return {
      labelled: false,
      range: [-1, 1],
      description: "",
      facts: {},
      drawer: (batchSize) => latentDrawer(generator, batchSize, seed),
    };
  }
  const { process, shape } = info;
  const model = info.model as DenoiserName;
  const { labels } = denoisers[model];
  const guidable = labels === "optional" && info.dropsLabels === true;
  const guidance = options.guidance ?? (guidable ? USUAL_GUIDANCE : 1);
  if (guidance !== 1 && !guidable) {
    throw new UsageError(
      `Cannot guide ${info.model}: it never learnt without labels, got --guidance ${guidance}. ` +
        `Leave it out${labels === "optional" ? ", or train with --drop-labels 0.1" : ""}`,
    );
  }
  const plan = networkPlan(model, process, options.sampler, options.steps);
  return {
    labelled: labels !== "none",
    range: process.range,
    description: `: ${plan.length} evaluations${labels === "none" ? "" : `, guidance ${guidance}`}`,
    facts: { evaluations: plan.length, ...(labels !== "none" && { guidance }) },
    drawer: (count) =>
      diffusionDrawer({ model, network, shape, process }, plan, { count, seed, guidance }),
  };
}
