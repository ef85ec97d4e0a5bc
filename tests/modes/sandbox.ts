/** Programs in an empty folder, with a Deno that has no cache and no configuration. @module */

import { respond } from "../../lib/serve/respond.ts";
import { respondWithSource } from "../../lib/serve/source.ts";
import { assert } from "../deps.ts";
import { type Ended, lastJson } from "../tasks/process.ts";

/** The root of the project. */
export const ROOT = new URL("../../", import.meta.url);

/** An empty folder that goes away with its scope. */
export interface Sandbox extends AsyncDisposable {
  /** The folder where programs are started. */
  readonly folder: string;
  /** Runs `deno` there. */
  deno(...args: string[]): Promise<Ended>;
}

/**
 * An empty folder with an empty `DENO_DIR`.
 *
 * @param packages Whether the packages from npm that this Deno has are there too. @default false
 */
export async function openSandbox({ packages = false } = {}): Promise<Sandbox> {
  const top = await Deno.makeTempDir({ prefix: "inkling-" });
  const [folder, cache] = [`${top}/empty`, `${top}/cache`];
  await Deno.mkdir(folder);
  await Deno.mkdir(cache);
  if (packages) await Deno.symlink(await npmCache(), `${cache}/npm`);
  return {
    folder,
    deno: (...args) => runDeno(args, folder, { DENO_DIR: cache }),
    [Symbol.asyncDispose]: () => Deno.remove(top, { recursive: true }),
  };
}

/** The narrowest permissions that the digits can be trained with. */
export const MAY_TRAIN: readonly string[] = ["--allow-read=runs", "--allow-write=runs"];

/** The narrowest permissions that the shipped network can draw with. */
export const MAY_DRAW: readonly string[] = ["--allow-read=samples", "--allow-write=samples"];

/** What a task needs to be asked for a short training. */
export const TRAIN: readonly string[] = ["--dataset=digits", "--epochs=1", "--json"];

/** What a task needs to be asked for a few pictures. */
export const DRAW: readonly string[] = ["--labels=2,0", "--steps=2", "--json"];

/** Asserts that `cnn` was trained on the digits for an epoch, and left its run in a folder. */
export async function assertTrained({ code, out, err }: Ended, folder: string): Promise<void> {
  assert.equal(code, 0, err);
  const { task, dataset, steps, test_accuracy, run } = lastJson(out);
  assert.deepEqual({ task, dataset, steps }, { task: "cnn", dataset: "digits", steps: 23 });
  assert.ok(test_accuracy > 0.5, `${test_accuracy}`);
  for (const name of ["model.safetensors", "report.html", "result.json"]) {
    assert.ok((await Deno.stat(`${folder}/${run}/${name}`)).size > 0, name);
  }
}

/** Asserts that `dit:sample` drew a 2, a 0, and maybe more with the network that ships, and left the picture. */
export async function assertDrawn({ code, out, err }: Ended, folder: string): Promise<void> {
  assert.equal(code, 0, err);
  const { task, checkpoint, labels, files } = lastJson(out);
  assert.deepEqual({ task, checkpoint }, { task: "dit:sample", checkpoint: "dit-light-mnist" });
  assert.deepEqual(labels.slice(0, 2), [2, 0]);
  const picture = await Deno.readFile(`${folder}/${files[0]}`);
  assert.deepEqual([...picture.subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
}

/** Bundles tasks into a folder, by the project's own command. */
export async function bundleInto(out: string, ...tasks: string[]): Promise<Ended> {
  const flags = ["--allow-run", "--allow-read=tasks,lib", `--allow-read=${out}`];
  const args = ["run", "--no-prompt", ...flags, `--allow-write=${out}`, "tools/bundle.ts"];
  return await runDeno([...args, "--out", out, ...tasks]);
}

/** Offers a folder as `deno task serve` does. */
export function serveFolder(root: string): Server {
  return serve((request) => respond(request, root));
}

/** Offers the scripts of the project as a web server of source code would. */
export function serveSource(): Server {
  return serve(respondWithSource);
}

/** A server on this machine. */
export interface Server extends AsyncDisposable {
  /** Its address, without a slash at the end. */
  readonly url: string;
}

function serve(answer: (request: Request) => Promise<Response>): Server {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Runs `deno`, in the root of the project unless told otherwise. */
export async function runDeno(
  args: string[],
  cwd: string | URL = ROOT,
  env: Record<string, string> = {},
): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1", XDG_RUNTIME_DIR: "/dev/null", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

async function npmCache(): Promise<string> {
  const { out } = await runDeno(["info", "--json"]);
  return JSON.parse(out).npmCache;
}

/** Whether `deno bundle` works here: it fetches its bundler from npm, once. */
export const canBundle: boolean = await runDeno([
  "bundle",
  "--quiet",
  "--no-config",
  "lib/version.ts",
]).then(({ code }) => code === 0);
