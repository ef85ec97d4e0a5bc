/**
 * Training small neural networks on the runtime's own WebGPU, with PyTorch's names.
 *
 * Tensors are tfjs's. `tf` is imported from `lib/deps.ts`, which names the version that everything
 * here runs on: another version would be another library with tensors of its own.
 *
 * @example Train a network of your own on the embedded digits
 * ```ts
 * import {
 *   Adam, Context, Conv2d, digits, flatten, Linear, makeBatch, maxPool2d, Module, openDevice,
 *   Random, relu, trainStep,
 * } from "./mod.ts";
 * import { tf } from "./lib/deps.ts";
 * import assert from "node:assert/strict";
 *
 * class Net extends Module {
 *   readonly conv: Conv2d;
 *   readonly fc: Linear;
 *   constructor(random: Random) {
 *     super();
 *     this.conv = new Conv2d(1, 8, 3, { padding: 1, random });
 *     this.fc = new Linear(4 * 4 * 8, 10, { flattened: [4, 4, 8], random });
 *   }
 *   forward(x: tf.Tensor): tf.Tensor {
 *     const h = maxPool2d(relu(this.conv.forward(x)), 2); // (N, 4, 4, 8)
 *     return this.fc.forward(flatten(h)); //                 (N, 10)
 *   }
 * }
 *
 * const device = await openDevice();
 * const { train, maxValue } = await digits();
 * const net = new Net(new Random(1, "init"));
 * const optimizer = new Adam(net.namedParameters(), { lr: 1e-2 });
 * const losses: number[] = [];
 * for (let step = 0; step < 10; step++) {
 *   const indices = Array.from({ length: 64 }, (_, i) => step * 64 + i);
 *   const batch = makeBatch(train, indices, { maxValue });
 *   const loss = trainStep(net, optimizer, batch, Context.training(1, step));
 *   losses.push((await loss.data())[0]!);
 *   tf.dispose([loss, batch.images, batch.labels]);
 *   device.check();
 * }
 * assert.ok(losses.at(-1)! < losses[0]!);
 * ```
 *
 * @example Make any tfjs model fast: record its training step once, and replay it
 * ```ts
 * import { Adam, Clock, compileStep, openDevice, Parameter } from "./mod.ts";
 * import { tf } from "./lib/deps.ts";
 * import assert from "node:assert/strict";
 *
 * const device = await openDevice();
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.dense({ units: 16, activation: "tanh", inputShape: [2] }),
 *     tf.layers.dense({ units: 1 }),
 *   ],
 * });
 * const x = tf.tensor2d([[0, 0], [0, 1], [1, 0], [1, 1]]);
 * const y = tf.tensor2d([[0], [1], [1], [0]]); // exclusive or
 *
 * const parameters = model.trainableWeights.map((w): [string, Parameter] =>
 *   [w.name, new Parameter(w.read() as tf.Variable, w.shape as number[])]
 * );
 * const optimizer = new Adam(parameters, { lr: 0.05 });
 * const clock = new Clock(); // what changes from step to step is looked up by it, on the GPU
 * optimizer.follow(clock, (step) => 0.05 * 0.995 ** step, 400);
 *
 * const step = compileStep(() => {
 *   const loss = () =>
 *     tf.losses.sigmoidCrossEntropy(y, model.apply(x) as tf.Tensor) as tf.Scalar;
 *   const { value, grads } = tf.variableGrads(loss, optimizer.variables);
 *   optimizer.step(grads);
 *   clock.advance();
 *   return value;
 * });
 * const losses = await step.run(400); // two steps through tfjs, 398 replayed
 * device.check();
 * assert.ok(losses.at(-1)! < 0.5 * losses[0]!);
 * step.dispose();
 * ```
 *
 * @module
 */

export * from "./lib/errors.ts";
export * from "./lib/random.ts";
export * from "./lib/tensor.ts";
export { VERSION } from "./lib/version.ts";
export {
  type AdapterInfo,
  adapterLimits,
  describeAdapter,
  type Device,
  openDevice,
  requestAdapter,
} from "./lib/device.ts";
export { type Activation } from "./lib/engine/kernels/linear.ts";
export { Clock } from "./lib/engine/clock.ts";
export { type Batch, Feed, type FeedOptions } from "./lib/engine/feed.ts";
export { collectIfDue } from "./lib/engine/collect.ts";
export { GpuRandom } from "./lib/engine/random.ts";
export {
  type CompiledStep,
  type CompileOptions,
  compileStep,
  type Step,
  type StepStats,
} from "./lib/engine/step.ts";
export { type CommandTime } from "./lib/engine/profile.ts";
export { updateAll, type UpdateRule } from "./lib/engine/multi_update.ts";
export { updateInPlace } from "./lib/engine/update.ts";
export { type Program, run, runInPlace, type Uniform } from "./lib/engine/program.ts";

export * from "./lib/data/types.ts";
export * from "./lib/data/augment.ts";
export { type FetchProgress } from "./lib/data/fetch.ts";
export { type Field, type Pixels, type Warp } from "./lib/data/warp.ts";
export { padDataset, padImages } from "./lib/data/pad.ts";
export { digits } from "./lib/data/digits.ts";
export { type IdxArray, parseIdx } from "./lib/data/idx.ts";
export { loadDataset, type LoadOptions } from "./lib/data/load.ts";
export { epochOrder } from "./lib/data/shuffle.ts";
export { splitValidation, takeFirst, type ValidationSplit } from "./lib/data/split.ts";

export * from "./lib/nn/activations.ts";
export * from "./lib/nn/batch_norm2d.ts";
export * from "./lib/nn/bce.ts";
export * from "./lib/nn/conditional.ts";
export * from "./lib/nn/conv2d.ts";
export * from "./lib/nn/conv_transpose2d.ts";
export * from "./lib/nn/dropout.ts";
export * from "./lib/nn/embedding.ts";
export * from "./lib/nn/functional.ts";
export * from "./lib/nn/group_norm.ts";
export * from "./lib/nn/gru.ts";
export * from "./lib/nn/init.ts";
export * from "./lib/nn/layer_norm.ts";
export * from "./lib/nn/linear.ts";
export * from "./lib/nn/loss.ts";
export * from "./lib/nn/module.ts";
export * from "./lib/nn/multihead_attention.ts";
export * from "./lib/nn/sequential.ts";
export * from "./lib/nn/optim/adam.ts";
export * from "./lib/nn/optim/ema.ts";
export { Optimizer, type OptimizerRule } from "./lib/nn/optim/optimizer.ts";
export * from "./lib/nn/optim/schedule.ts";
export * from "./lib/nn/optim/sgd.ts";

export * from "./lib/models/cnn.ts";
export * from "./lib/models/context_unet.ts";
export * from "./lib/models/denoising_network.ts";
export * from "./lib/models/dit.ts";
export * from "./lib/models/dit_block.ts";
export * from "./lib/models/dit_tiny.ts";
export * from "./lib/models/dit_presets.ts";
export * from "./lib/models/gan.ts";
export * from "./lib/models/generators.ts";
export * from "./lib/models/gru.ts";
export * from "./lib/models/lenet5.ts";
export * from "./lib/models/mlp.ts";
export * from "./lib/models/registry.ts";
export * from "./lib/models/resnet.ts";
export * from "./lib/models/resnet18ish.ts";
export * from "./lib/models/shape.ts";
export * from "./lib/models/time_embedding.ts";
export * from "./lib/models/unet.ts";
export * from "./lib/models/vit.ts";

export {
  type Inspection,
  inspectNetwork,
  type InspectOptions,
  type TrainingMemory,
} from "./lib/inspect/inspect.ts";
export { type Figures, type Layer } from "./lib/inspect/layers.ts";
export { inspectPreset, PRESET_NAMES, type PresetName } from "./lib/inspect/presets.ts";

export {
  type ClassificationReport,
  classificationReport,
  type ClassificationReportOptions,
  type ClassScores,
  type ConfusionMatrix,
  confusionMatrix,
  type NamedScores,
} from "./lib/metrics/classification.ts";
export * from "./lib/metrics/text.ts";
export * from "./lib/classical/deskew.ts";
export { SVC } from "./lib/classical/svm/svm.ts";
export { type SVCOptions, type WorkOptions } from "./lib/classical/svm/options.ts";
export { type KernelName, type KernelParameters } from "./lib/classical/svm/kernel.ts";
export { fitVirtual } from "./lib/classical/svm/virtual.ts";
export { withShifts } from "./lib/classical/shifts.ts";
export { RandomForest } from "./lib/classical/forest/forest.ts";
export { type ForestOptions, type MaxFeatures } from "./lib/classical/forest/options.ts";
export * from "./lib/diffusion/forward.ts";
export * from "./lib/diffusion/guidance.ts";
export * from "./lib/diffusion/loss.ts";
export * from "./lib/diffusion/prediction.ts";
export * from "./lib/diffusion/sampler.ts";
export * from "./lib/diffusion/samplers/ddim.ts";
export * from "./lib/diffusion/samplers/ddpm.ts";
export * from "./lib/diffusion/samplers/dpm_solver.ts";
export { type Evaluation, type SamplerPlan } from "./lib/diffusion/samplers/plan.ts";
export * from "./lib/diffusion/samplers/rectified_flow.ts";
export { type Spacing } from "./lib/diffusion/samplers/spacing.ts";
export * from "./lib/diffusion/schedule.ts";
export {
  decodeGenerator,
  encodeGenerator,
  type GeneratorInfo,
  type LoadedGenerator,
  loadGenerator,
  saveGenerator,
} from "./lib/generate/checkpoint.ts";
export { diffusionTraining } from "./lib/generate/diffusion.ts";
export { BatchDrawer, type DrawRequest } from "./lib/generate/draw.ts";
export { ganTraining } from "./lib/generate/gan.ts";
export { latentDrawer } from "./lib/generate/latent_drawer.ts";
export {
  NOISES,
  planOf as samplerPlan,
  PREDICTIONS,
  type Process,
  type SamplerName,
  SAMPLERS,
  scheduleOf as processSchedule,
} from "./lib/generate/process.ts";
export {
  type DiffusionRecipe,
  type DiffusionSampleSettings,
  type GanRecipe,
  type SampleSettings,
} from "./lib/generate/recipe.ts";
export {
  type Drawer,
  type DrawerOptions,
  type GeneratorTraining,
  type TrainedGenerator,
} from "./lib/generate/training.ts";
export * from "./lib/viz/chart.ts";
export * from "./lib/viz/dot_chart.ts";
export * from "./lib/viz/gif.ts";
export * from "./lib/viz/grid.ts";
export { type Rgb } from "./lib/viz/png.ts";
export {
  reportHtml,
  type ReportOptions,
  type ReportSection,
  type ReportTable,
} from "./lib/viz/report.ts";

export { type BatchOptions, makeBatch } from "./lib/train/batches.ts";
export { type LoadedModel, loadModel, saveModel } from "./lib/train/checkpoint.ts";
export { type ModelInfo } from "./lib/train/model_info.ts";
export { accuracyOf, type Predictions, predictSet } from "./lib/train/evaluate.ts";
export { type EpochsJob, type StepLosses, type Stepper, trainEpochs } from "./lib/train/epochs.ts";
export { FeedStepper, type FeedStepperOptions } from "./lib/train/feed_stepper.ts";
export { trainClassifier, type TrainingJob, trainStep } from "./lib/train/loop.ts";
export { type Position, Progress } from "./lib/train/progress.ts";
export {
  makeOptimizer,
  makeSchedule,
  type Optimization,
  OPTIMIZERS,
  type Recipe,
  SCHEDULES,
} from "./lib/train/recipe.ts";
export {
  type AnyTensor,
  decodeSafetensors,
  decodeTensors,
  type EncodeOptions,
  encodeSafetensors,
  type SafetensorsFile,
  type TensorFile,
} from "./lib/train/safetensors.ts";
export { type TensorValues } from "./lib/train/number_formats.ts";
export {
  type Accuracies,
  type EpochFigures,
  type EpochRecord,
  initialState,
  type Trained,
  type TrainingState,
} from "./lib/train/state.ts";
