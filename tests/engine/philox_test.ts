/** Philox on the GPU against its published vectors and the CPU's. @module */

import { tf } from "../../lib/deps.ts";
import { PHILOX } from "../../lib/engine/philox.ts";
import { run } from "../../lib/engine/program.ts";
import { philox4x32, Random, type Words2, type Words4 } from "../../lib/random.ts";
import { assert } from "../deps.ts";
import { read } from "./draws.ts";

/** Blocks of many counters and keys, made on the GPU. */
async function philoxOnGpu(cases: readonly (readonly [Words4, Words2])[]): Promise<Uint32Array> {
  const blocks = await read(() => {
    const counters = tf.tensor1d(cases.flatMap(([counter]) => counter.map((w) => w | 0)), "int32");
    const keys = tf.tensor1d(cases.flatMap(([, key]) => key.map((w) => w | 0)), "int32");
    const output = run(
      {
        key: "inkling_test_philox",
        outputShape: [cases.length, 4],
        inputs: ["counters", "keys"],
        code: `${PHILOX}
          fn main(index : i32) {
            if (index < uniforms.size / 4) {
              let counter = vec4<i32>(counters[4 * index], counters[4 * index + 1],
                  counters[4 * index + 2], counters[4 * index + 3]);
              let key = vec2<i32>(keys[2 * index], keys[2 * index + 1]);
              let block = vec4<i32>(philox(vec4<u32>(counter), vec2<u32>(key)));
              result[4 * index] = block.x;
              result[4 * index + 1] = block.y;
              result[4 * index + 2] = block.z;
              result[4 * index + 3] = block.w;
            }
          }`,
      },
      [counters, keys],
      [],
      undefined,
      "int32",
    );
    return tf.engine().makeTensorFromTensorInfo(output);
  });
  return Uint32Array.from(blocks, (word) => word >>> 0);
}

Deno.test("philox() in WGSL gives the published known answers", async () => {
  // `kat_vectors` of Random123, the authors' own implementation.
  const blocks = await philoxOnGpu([
    [[0, 0, 0, 0], [0, 0]],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff]],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]],
  ]);
  assert.deepEqual([...blocks], [
    ...[0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ...[0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ...[0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ]);
});

Deno.test("philox() in WGSL agrees with the CPU's for any counter and key", async () => {
  const source = new Random(1, "counters");
  const word = () => source.uint32();
  const cases = Array.from({ length: 500 }, (): [Words4, Words2] => [
    [word(), word(), word(), word()],
    [word(), word()],
  ]);
  const expected = cases.flatMap(([counter, key]) => [...philox4x32(counter, key)]);
  assert.deepEqual([...await philoxOnGpu(cases)], expected);
});
