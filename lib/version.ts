/** The version of the project, as runs and checkpoints record it. @module */

/** Semantic version. */
export const VERSION: string = "0.1.0";
