/** The ways to run a task, each made ready by the project's own commands. @module */

import { join, resolve } from "../deps.ts";
import { runDeno } from "../dist/deno.ts";
import { programPath } from "../dist/compile.ts";
import { thisTarget } from "../dist/targets.ts";
import type { TaskScript } from "../dist/task_script.ts";
import { InklingError } from "../errors.ts";
import { shell } from "./shell.ts";

/** A way to run tasks. */
export interface Mode {
  /** What it is called. */
  readonly name: string;
  /** The program that runs a task, with its arguments up to those of the task. */
  readonly command: (task: TaskScript) => readonly string[];
  /** The folder where it is run. */
  readonly cwd: string;
  /** The folder where Deno keeps what it has seen. */
  readonly cache: string;
  /** Whether it takes packages from that folder, which are there from the beginning. */
  readonly usesPackages: boolean;
}

/** Where the modes are made, and who serves them. */
export interface Workshop {
  /** An absolute path. */
  readonly folder: string;
  /** The address of the project's sources. */
  readonly sources: string;
  /** The address of the folder, as `deno task serve` offers it. */
  readonly served: string;
}

/**
 * Makes all that the modes need.
 *
 * @param tasks The tasks that are going to be run.
 * @param note Told what was made, and what cannot be had here.
 * @throws {InklingError} When a task cannot be bundled or packed.
 */
export async function prepareModes(
  tasks: readonly TaskScript[],
  { folder, sources, served }: Workshop,
  note: (text: string) => void,
): Promise<Mode[]> {
  const names = tasks.map(({ name }) => name);
  const [empty, dist] = [join(folder, "empty"), join(folder, "dist")];
  await Deno.mkdir(empty, { recursive: true });
  note(await make("bundle", ...names, "--out", dist));
  note(await make("pack", ...names, "--out", dist));
  const top = await unpack(dist);

  const mode = (name: string, command: Mode["command"], more: Partial<Mode> = {}): Mode => {
    const cache = join(folder, "cache", name.replaceAll(/\W+/g, "-"));
    return { name, command, cwd: empty, cache, usesPackages: false, ...more };
  };
  const run = (script: (file: string) => string) => ({ file, permissions }: TaskScript) => {
    return ["deno", "run", "--quiet", "--no-prompt", ...permissions, script(file)];
  };
  return [
    mode(
      "checkout",
      ({ name }) => ["deno", "task", "--quiet", name, "--out", join(folder, "out")],
      {
        cwd: resolve("."),
        usesPackages: true,
      },
    ),
    mode("by URL", run((file) => `${sources}/tasks/${file}.ts`), { usesPackages: true }),
    mode("bundle, from a file", run((file) => join(dist, `${file}.js`))),
    mode("bundle, by http", run((file) => `${served}/dist/${file}.js`)),
    mode("archive", ({ name }) => ["sh", join(top, "inkling"), name], {
      cache: join(top, ".deno"),
    }),
    ...await compile(tasks, dist, note)
      ? [mode("program", (task) => ["sh", "-c", 'exec "$0" "$@"', programOf(task, dist)])]
      : [],
  ];
}

/** Runs a command of the project, and gives what it prints. */
async function make(...words: string[]): Promise<string> {
  const { success, stdout, stderr } = await runDeno(["task", "--quiet", ...words]);
  if (success) return new TextDecoder().decode(stdout).trimEnd();
  throw new InklingError(stderr.trimEnd().split("\n").at(-1)!.replace(/^error: /, ""));
}

/** Unpacks the one archive of a folder there, and gives the folder that it holds. */
async function unpack(dist: string): Promise<string> {
  const names = await Array.fromAsync(Deno.readDir(dist), ({ name }) => name);
  const archive = names.find((name) => name.endsWith(".tar.gz"))!;
  await shell('cd "$0" && tar xzf "$1"', dist, archive);
  return join(dist, archive.slice(0, -".tar.gz".length));
}

/** Makes programs, if Deno's runtime for them can be had, and says if not. */
async function compile(
  tasks: readonly TaskScript[],
  dist: string,
  note: (text: string) => void,
): Promise<boolean> {
  try {
    note(await make("compile", ...tasks.map(({ name }) => name), "--out", dist));
  } catch (error) {
    if (!(error instanceof InklingError)) throw error;
    note(`No programs here: ${error.message}`);
    return false;
  }
  // With Deno's own binary in the place of the runtime, a program is nothing but Deno.
  const help = await shell('"$0" --help', programOf(tasks[0]!, dist));
  if (help.startsWith("Usage: ")) return true;
  note("No programs here: DENORT_BIN is Deno itself, and not its runtime for programs.");
  return false;
}

function programOf({ file }: TaskScript, dist: string): string {
  const target = thisTarget();
  return programPath(join(dist, "bin", target, file), target);
}
