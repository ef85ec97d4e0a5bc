/** The adapter's ceiling: multiplications and additions without memory. @module */

import { tf } from "../deps.ts";
import { type Program, run } from "../engine/program.ts";
import type { Tensor } from "../tensor.ts";
import type { Probe } from "./probe.ts";
import { eagerly } from "./stock.ts";
import { milliseconds, waitFloor } from "./stopwatch.ts";

/** Enough to fill the largest GPU. */
const INVOCATIONS = 2 ** 18;
/**
 * Sums that wait on none of each other, to hide the latency of an addition. With both factors they
 * fit the 16 vector registers of a software adapter; two more and it spills, at half the speed.
 */
const CHAINS = 10;
/** Turns of the loop written out, so that counting them costs little. */
const UNROLL = 16;
const TURNS = 512;
const FLOPS = 2 * INVOCATIONS * CHAINS * UNROLL * TURNS;
// The sums approach 1: numbers too large or too small can take longer.
const FACTORS: readonly [number, number] = [0.999, 0.001];

const chains = Array.from({ length: CHAINS }, (_, i) => `s${i}`);
const turn = chains.map((s) => `${s} = fma(${s}, a, b);`).join(" ");

const program: Program = {
  key: "inkling_bench_fma",
  outputShape: [INVOCATIONS],
  inputs: ["factors"],
  uniforms: "turns : i32,",
  code: `fn main(index : i32) {
    let a = factors[0];
    let b = factors[1];
    ${chains.map((s, i) => `var ${s} = f32(index + ${i});`).join(" ")}
    for (var i = 0; i < uniforms.turns; i++) {
      ${Array(UNROLL).fill(turn).join("\n      ")}
    }
    if (index < uniforms.size) { result[index] = ${chains.join(" + ")}; }
  }`,
};

/**
 * Runs the chains: invocation `i` takes `s ← a s + b` from each of `i, i + 1, … i + 9`, 16 times
 * per turn, and returns the sum of all ten.
 *
 * @param factors `a` and `b`, shape `[2]`.
 * @param turns Turns of the loop.
 * @returns Shape `[2 ** 18]`.
 */
export function fmaChains(factors: Tensor, turns: number): Tensor {
  const sums = run(program, [factors], [{ type: "int32", data: [turns] }]);
  return tf.engine().makeTensorFromTensorInfo(sums);
}

/** GFLOP/s of chains of `fma` in float32: what a kernel could reach at best. */
export const ceiling: Probe = {
  name: "fma ceiling",
  async measure({ effort }) {
    const factors = tf.tensor1d([...FACTORS]);
    const work = eagerly(() => fmaChains(factors, TURNS));
    await work(1);
    const floor = await waitFloor();
    const time = async (times: number) =>
      Math.max(0, await milliseconds(() => work(times)) - floor) / times;
    const times = Math.max(1, Math.round(effort.part / Math.max(0.1, await time(2))));
    let best = Infinity;
    for (let round = 0; round < effort.minRounds; round++) best = Math.min(best, await time(times));
    factors.dispose();
    return [{ name: ceiling.name, value: FLOPS / best / 1e6, unit: "GFLOP/s" }];
  },
};
