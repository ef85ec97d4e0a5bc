/** Doing recorded commands again. @module */

import { backend, flush } from "./backend.ts";
import type { Command } from "./recorder.ts";

/** A command that is no dispatch. */
type Copy = Exclude<Command, { readonly kind: "dispatch" }>;

/** Encodes the commands `times` times over and submits them once, after what tfjs has encoded. */
export function submitCommands(commands: readonly Command[], times: number): void {
  flush();
  const { device, queue } = backend();
  const encoder = device.createCommandEncoder();
  let pass: GPUComputePassEncoder | undefined;
  for (let i = 0; i < times; i++) {
    let pipeline: GPUComputePipeline | undefined;
    for (const command of commands) {
      if (command.kind === "dispatch") {
        if (pass === undefined) {
          pass = encoder.beginComputePass();
          pipeline = undefined;
        }
        if (command.pipeline !== pipeline) pass.setPipeline(pipeline = command.pipeline);
        pass.setBindGroup(0, command.bindGroup);
        const [x, y, z] = command.workgroups;
        pass.dispatchWorkgroups(x, y, z);
      } else {
        pass?.end();
        pass = undefined;
        encodeCopy(encoder, command);
      }
    }
  }
  pass?.end();
  queue.submit([encoder.finish()]);
}

/** Encodes a copy, outside of any pass. */
export function encodeCopy(encoder: GPUCommandEncoder, copy: Copy): void {
  if (copy.kind === "texture") {
    encoder.copyBufferToTexture(copy.from, copy.to, copy.size);
  } else {
    encoder.copyBufferToBuffer(copy.from, copy.fromOffset, copy.to, copy.toOffset, copy.size);
  }
}
