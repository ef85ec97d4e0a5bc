/** The tasks of the project, for the tools that make something of each. @module */

import { taskNamed, type TaskScript, tasksIn } from "./task_script.ts";

/** All tasks, by name. */
export async function allTasks(): Promise<TaskScript[]> {
  return await tasksIn("tasks", ".ts");
}

/**
 * The tasks with these names, each once, or all where none is named.
 *
 * @param verb What is done with them, for the message.
 * @throws {UsageError} When there is no such task.
 */
export async function tasksNamed(names: readonly string[], verb: string): Promise<TaskScript[]> {
  const all = await allTasks();
  if (names.length === 0) return all;
  const rule = "it takes scripts of tasks/";
  return [...new Set(names)].map((name) => taskNamed(name, all, { verb, rule }));
}
