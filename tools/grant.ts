/**
 * Starts a task that may touch the folders stated in `deno.json` and the paths and servers that the
 * user names, and nothing else; see {@link choosesLibraries} for the one exception.
 *
 * The tasks in `deno.json` have narrow, fixed permissions; yet `--out /elsewhere/run` must be
 * reachable too. So a task runs through this launcher, which turns the paths on the command line,
 * and the addresses in the place of a path, into permissions of the process that it starts:
 *
 * ```sh
 * deno run --allow-run --allow-env=XDG_RUNTIME_DIR,LD_LIBRARY_PATH,LD_PRELOAD tools/grant.ts \
 *   --write-options=out,resume --read-options=checkpoint --read-positionals \
 *   --allow-read=data,runs --allow-write=data,runs tasks/predict.ts [words of the user...]
 * ```
 *
 * @module
 */

import { UsageError } from "../lib/errors.ts";

/** The words of the launcher's command line, sorted. */
interface Launch {
  /** Flags for `deno run`, as `deno.json` states them. */
  readonly flags: readonly string[];
  /** The task's script. */
  readonly script: string;
  /** The user's words, which the script gets unchanged. */
  readonly args: readonly string[];
  /** Options of the task whose value is a path to read. */
  readonly readOptions: readonly string[];
  /** Options of the task whose value is a path to write, which may be read too. */
  readonly writeOptions: readonly string[];
  /** Options of the task whose value is a host to listen on. */
  readonly netOptions: readonly string[];
  /** Whether the task may read the file of this `deno`. */
  readonly readDeno: boolean;
  /** Whether words that belong to no option are paths to read. */
  readonly readPositionals: boolean;
}

/**
 * The usual variables that choose libraries, as CUDA's installers set them. With one of them, as with all
 * that begin with `LD_`, Deno starts another program only where any program may be started, which is why
 * the launcher itself may.
 */
const LIBRARY_VARIABLES = ["LD_LIBRARY_PATH", "LD_PRELOAD"];

/**
 * The arguments of the `deno` that runs the task.
 *
 * @param words The launcher's own command line, as in the example above.
 * @param anyProgram Whether a task that may start some programs must be allowed all of them, as
 *   {@link choosesLibraries} says.
 * @throws {RangeError} When no script is named, or a path holds a comma.
 */
export function denoArguments(
  words: readonly string[],
  anyProgram = false,
): string[] {
  const launch = readLaunch(words);
  const { read, write, net } = namedTargets(launch);
  // A file is written beside its name and then renamed, for which both must be readable too.
  const written = write.flatMap((path) => [path, `${path}.part`]);
  return [
    "run",
    "--quiet",
    "--no-prompt",
    ...launch.flags.map((flag) => anyProgram ? flag.replace(/^(--allow-run)=.*/, "$1") : flag),
    ...[...read, ...written].map((path) => `--allow-read=${checked(path)}`),
    ...written.map((path) => `--allow-write=${path}`),
    ...launch.readDeno ? [`--allow-read=${checked(Deno.execPath())}`] : [],
    ...net.map((host) => `--allow-net=${checked(host)}`),
    launch.script,
    ...launch.args,
  ];
}

/** Whether this process has a variable that chooses libraries, which those that it starts inherit. */
export function choosesLibraries(): boolean {
  return Deno.build.os === "linux" && LIBRARY_VARIABLES.some((name) => Deno.env.get(name));
}

function readLaunch(words: readonly string[]): Launch {
  const at = words.findIndex((word) => !word.startsWith("-"));
  if (at < 0) throw new RangeError("Cannot start a task: no script is named.");
  const own = words.slice(0, at);
  const list = (name: string) =>
    own.filter((word) => word.startsWith(`--${name}=`))
      .flatMap((word) => word.slice(name.length + 3).split(","));
  return {
    flags: own.filter((word) =>
      !/^--((read|write|net)-options=|read-deno$|read-positionals$)/.test(word)
    ),
    script: words[at]!,
    args: words.slice(at + 1),
    readOptions: list("read-options"),
    writeOptions: list("write-options"),
    netOptions: list("net-options"),
    readDeno: own.includes("--read-deno"),
    readPositionals: own.includes("--read-positionals"),
  };
}

/**
 * The paths and hosts among the user's words. The task's schema is not known here: the value of an
 * option that is no path passes for a positional, which is a word that the user typed all the same.
 */
function namedTargets(launch: Launch): { read: string[]; write: string[]; net: string[] } {
  const { args, readOptions, writeOptions, netOptions, readPositionals } = launch;
  const read: string[] = [];
  const write: string[] = [];
  const net: string[] = [];
  const targets = new Map([
    ...readOptions.map((name) => [name, read] as const),
    ...writeOptions.map((name) => [name, write] as const),
    ...netOptions.map((name) => [name, net] as const),
  ]);
  const positionals = readPositionals ? read : [];
  const add = (target: string[], word: string) => {
    if (isAddress(word)) net.push(hostOf(new URL(word)));
    else if (target === net && isBareIPv6(word)) net.push(`[${word}]`);
    else if (word !== "") target.push(word);
  };
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === "--") {
      positionals.push(...args.slice(i + 1));
      break;
    }
    const [, name = "", inline] = word.match(/^--([^=]+)(?:=(.*))?$/s) ?? [];
    const target = targets.get(name);
    const next = args[i + 1] ?? "";
    if (target && inline !== undefined) add(target, inline);
    else if (target && !next.startsWith("-")) add(target, args[++i] ?? "");
    else if (!word.startsWith("-")) positionals.push(word);
  }
  return { read: read.filter(Boolean), write, net };
}

/** Whether a word in the place of a path names a server, as in `--data http://server/data`. */
function isAddress(word: string): boolean {
  return /^https?:\/\//i.test(word) && URL.canParse(word);
}

/** Whether a host is an address such as `::1`, which Deno's flags want in brackets. */
function isBareIPv6(host: string): boolean {
  return /^[^[]*:[^[]*:/.test(host);
}

/** A host with its port, so that the task does not get the others of the same host. */
function hostOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

function checked(path: string): string {
  if (!path.includes(",")) return path;
  throw new RangeError(
    `Cannot start the task: Deno's permission flags split a path at its commas, got ${
      JSON.stringify(path)
    }. Use a path without a comma.`,
  );
}

/** What a launcher passes on. Windows has no other signal than Ctrl-C. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Runs `deno` with these arguments, waits for it, and gives its exit status. */
export async function launch(args: string[]): Promise<number> {
  const child = spawn(args);
  // In a terminal Ctrl-C reaches the task by itself; here it only must not end the launcher, so
  // that the task decides what it means.
  const inTerminal = [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
  for (const signal of SIGNALS) {
    Deno.addSignalListener(signal, () => {
      if (signal === "SIGINT" && inTerminal) return;
      try {
        child.kill(signal);
      } catch (error) {
        // The task ended just before.
        if (!(error instanceof TypeError)) throw error;
      }
    });
  }
  return (await child.status).code;
}

function spawn(args: string[]): Deno.ChildProcess {
  // Mesa complains on stderr at every start without this variable. Below a path that is no folder
  // there can be no socket of a display server, and the tasks need none.
  const isMissing = Deno.build.os === "linux" && !Deno.env.get("XDG_RUNTIME_DIR");
  const options = { args, env: isMissing ? { XDG_RUNTIME_DIR: "/dev/null" } : {} };
  return new Deno.Command(Deno.execPath(), options).spawn();
}

/**
 * Ends this process with the exit status that `start` gives, or with one line on stderr: and then 2
 * for a command line that cannot be, 1 for any other error.
 */
export async function exitWith(start: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await start());
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`);
    Deno.exit(error instanceof RangeError || error instanceof UsageError ? 2 : 1);
  }
}

if (import.meta.main) await exitWith(() => launch(denoArguments(Deno.args, choosesLibraries())));
