/** Numbering the workgroups of kernels whose invocations compute blocks of results. @module */

/**
 * The number of the workgroup, in WGSL, for a dispatch of `[n, 1, 1]`.
 *
 * A device dispatches only so many workgroups along one axis; tfjs folds a longer axis into two or
 * three and rounds up, so that there may be workgroups past the last one. The number is the same
 * for all invocations of a workgroup, and a compiler can see that it is.
 */
export const BLOCK =
  "i32((workgroupId.z * numWorkgroups.y + workgroupId.y) * numWorkgroups.x + workgroupId.x)";
