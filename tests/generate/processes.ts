/** The published process, and a rectified flow, for tests. @module */

import type { Process } from "../../lib/generate/process.ts";

export const linear: Process = {
  timesteps: 400,
  noise: "linear",
  zeroSnr: false,
  prediction: "epsilon",
  range: [0, 1],
};

export const flow: Process = { ...linear, noise: "rectified-flow", prediction: "velocity" };
