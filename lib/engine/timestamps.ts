/** When the GPU began and ended each dispatch of a recorded step, by its own clock. @module */

import { backend, flush } from "./backend.ts";
import type { Command } from "./recorder.ts";
import { encodeCopy } from "./replay.ts";

/** Queries that a set holds at most. */
const MAX_QUERIES = 4096;

/** Whether the device tells the time. */
export function tellsTime(): boolean {
  return backend().device.features.has("timestamp-query");
}

/**
 * Runs all commands once, each dispatch in a pass of its own.
 *
 * @returns Milliseconds of each dispatch, in order; `undefined` for a copy, of which the GPU tells none,
 *   and where the clock did not go on.
 */
export async function timeDispatches(
  commands: readonly Command[],
): Promise<(number | undefined)[]> {
  flush();
  const { device, queue } = backend();
  const count = commands.filter(({ kind }) => kind === "dispatch").length;
  // Each as large as it will be filled: a GPU may wait forever for a query that is never written.
  const sizes = Array.from(
    { length: Math.ceil(2 * count / MAX_QUERIES) },
    (_, i) => Math.min(MAX_QUERIES, 2 * count - i * MAX_QUERIES),
  );
  const sets = sizes.map((count) => device.createQuerySet({ type: "timestamp", count }));
  const size = Math.max(1, sets.length) * MAX_QUERIES * 8;
  const make = (usage: number) => device.createBuffer({ size, usage });
  const resolved = make(GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC);
  const read = make(GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  const encoder = device.createCommandEncoder();
  let query = 0;
  for (const command of commands) {
    if (command.kind === "dispatch") {
      const pass = encoder.beginComputePass({
        timestampWrites: {
          querySet: sets[Math.floor(query / MAX_QUERIES)]!,
          beginningOfPassWriteIndex: query % MAX_QUERIES,
          endOfPassWriteIndex: query % MAX_QUERIES + 1,
        },
      });
      query += 2;
      pass.setPipeline(command.pipeline);
      pass.setBindGroup(0, command.bindGroup);
      pass.dispatchWorkgroups(...command.workgroups);
      pass.end();
    } else {
      encodeCopy(encoder, command);
    }
  }
  sets.forEach((set, i) =>
    encoder.resolveQuerySet(set, 0, sizes[i]!, resolved, i * MAX_QUERIES * 8)
  );
  encoder.copyBufferToBuffer(resolved, 0, read, 0, size);
  queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  const nanoseconds = new BigUint64Array(read.getMappedRange().slice(0));
  for (const part of [read, resolved, ...sets]) part.destroy();
  query = 0;
  return commands.map(({ kind }) => {
    if (kind !== "dispatch") return undefined;
    const [begin, end] = [nanoseconds[query]!, nanoseconds[query + 1]!];
    query += 2;
    return end > begin ? Number(end - begin) / 1e6 : undefined;
  });
}
