/**
 * The command line of a task: one schema gives typed parsing, validation, help text and exit
 * statuses.
 *
 * @module
 */

export * from "./cli/spec.ts";
export { asTyped } from "./cli/command.ts";
export { helpText } from "./cli/help.ts";
export { isAsked, parseCommand } from "./cli/parse.ts";
export { runTask } from "./cli/run.ts";
