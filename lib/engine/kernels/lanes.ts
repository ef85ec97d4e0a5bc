/**
 * How wide the workgroups of one row of invocations are, by the kind of adapter.
 *
 * A software adapter runs a workgroup as vectors of the processor: one vector of 8 floats is the
 * least it takes. A GPU runs 32 or 64 invocations in step, and leaves the rest idle when a workgroup
 * has fewer.
 *
 * @module
 */

const SOFTWARE = 8;
const GPU = 64;

let width = SOFTWARE;

/** Invocations in the workgroup of a kernel whose invocations compute blocks of results. */
export function lanes(): number {
  return width;
}

/** Sets {@link lanes} for the kernels from now on to what suits the adapter. */
export function suitLanes(adapter: { readonly software: boolean }): void {
  width = adapter.software ? SOFTWARE : GPU;
}
