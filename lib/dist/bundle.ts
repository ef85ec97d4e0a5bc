/**
 * A script as one file that needs nothing else: no package, no network, no file beside it.
 *
 * `deno bundle` leaves two things to do. Packages that call `require()` find none in a module, so
 * one is put before the code, with a base that exists wherever the bundle comes from. And the
 * modules of workers, which are named by URL and not imported, are bundled on their own and embedded
 * as `data:` URLs: these load from a file, by http and in a compiled program alike, and need no
 * permission.
 *
 * @module
 */

import { basename, join } from "../deps.ts";
import { InklingError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import { BUNDLE_BUDGET, checkBudget } from "./budget.ts";
import { runDeno } from "./deno.ts";
import type { TaskScript } from "./task_script.ts";

/** How a library names the module of a worker, as `deno bundle` writes it. */
const WORKER = /new URL\("\.\/(\w+_worker)\.ts",\s*import\.meta\.url\)/g;

const REQUIRE = 'import { createRequire as inklingCreateRequire } from "node:module";\n' +
  'const require = inklingCreateRequire("file:///");\n';

/** A bundle that was written. */
export interface Bundle {
  /** The task. */
  readonly task: TaskScript;
  /** Its path. */
  readonly path: string;
  /** Its length in bytes. */
  readonly bytes: number;
}

/**
 * Writes `<file>.js` of each task into a folder, which is made when there is none.
 *
 * @param onBundle Told each when it is there.
 * @throws {InklingError} When one cannot be bundled or, at the end, has more than its budget.
 */
export async function bundleTasks(
  tasks: readonly TaskScript[],
  folder: string,
  onBundle: (bundle: Bundle) => void = () => {},
): Promise<Bundle[]> {
  await Deno.mkdir(folder, { recursive: true });
  const bundles: Bundle[] = [];
  const scripts = await bundleScripts(tasks.map(({ script }) => script), folder);
  for (const [i, task] of tasks.entries()) {
    const code = new TextEncoder().encode(scripts[i]!);
    const path = join(folder, `${task.file}.js`);
    await writeFileAtomic(path, code);
    const bundle = { task, path, bytes: code.length };
    bundles.push(bundle);
    onBundle(bundle);
  }
  const weights = new Map(bundles.map(({ task, bytes }) => [task.name, bytes]));
  checkBudget("a bundle", weights, BUNDLE_BUDGET);
  return bundles;
}

/**
 * Bundles a script of the project; names of classes and functions are kept.
 *
 * @param script A path, relative to the root of the project, which is the current folder.
 * @returns JavaScript.
 * @throws {InklingError} When the script cannot be bundled.
 */
export async function bundleScript(script: string): Promise<string> {
  return await finish(script, new TextDecoder().decode(await bundle([script])), new Map());
}

/**
 * Bundles scripts of one folder, each for itself. All at once takes a third of the time that one after
 * the other does.
 *
 * @param scripts Paths, as of {@link bundleScript}.
 * @param folder A folder that there is, in which one for the time being is made.
 * @returns JavaScript, in the order of the scripts.
 * @throws {InklingError} When one of them cannot be bundled.
 */
async function bundleScripts(scripts: readonly string[], folder: string): Promise<string[]> {
  const temporary = await Deno.makeTempDir({ dir: folder, prefix: ".bundling-" });
  try {
    await bundle(scripts, `--outdir=${temporary}`);
    const workers = new Map<string, string>();
    const codes: string[] = [];
    for (const script of scripts) {
      const code = await Deno.readTextFile(join(temporary, `${basename(script, ".ts")}.js`));
      // A script that imports another of them would take itself for that one too, and run both.
      const isAlone = code.split("import.meta.main").length <= 2;
      const own = isAlone ? code : new TextDecoder().decode(await bundle([script]));
      codes.push(await finish(script, own, workers));
    }
    return codes;
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

/** What `deno bundle` leaves to do. @param workers URLs of the workers that are bundled already. */
async function finish(script: string, bundled: string, workers: Map<string, string>) {
  const code = await embedWorkers(bundled, workers);
  if (code.includes("import.meta.url")) {
    throw new InklingError(
      `Cannot bundle ${script}: a bundle has no files beside it, got code that looks for one by ` +
        'import.meta.url. Import it, with { type: "text" } if it is data.',
    );
  }
  return REQUIRE + code;
}

/** Runs `deno bundle`. Returns what it prints: without an option for output the bundle of one script. */
async function bundle(scripts: readonly string[], ...options: string[]): Promise<Uint8Array> {
  const { success, stdout, stderr } = await runDeno([
    "bundle",
    "--quiet",
    "--frozen-lockfile",
    "--platform=deno",
    "--minify",
    "--keep-names",
    ...options,
    ...scripts,
  ]);
  if (success) return stdout;
  throw new InklingError(
    `Cannot bundle ${scripts.join(", ")}: deno bundle refuses, got ${
      JSON.stringify(stderr.trim())
    }. ` + "Its packages come from the npm registry at the first time; see that it can be reached.",
  );
}

async function embedWorkers(code: string, urls: Map<string, string>): Promise<string> {
  for (const [, name] of code.matchAll(WORKER)) {
    if (urls.has(name!)) continue;
    const worker = await bundle([await findModule(name!)]);
    urls.set(name!, `data:text/javascript;base64,${worker.toBase64()}`);
  }
  return code.replaceAll(WORKER, (_, name) => `new URL("${urls.get(name)}")`);
}

/** The path of the one module in `lib/` with this name. */
async function findModule(name: string): Promise<string> {
  const found: string[] = [];
  const search = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(folder)) {
      const path = join(folder, entry.name);
      if (entry.isDirectory) await search(path);
      else if (entry.name === `${name}.ts`) found.push(path);
    }
  };
  await search("lib");
  if (found.length === 1) return found[0]!;
  throw new InklingError(
    `Cannot bundle the worker ${name}: there is one module of that name in lib/, got ` +
      `${found.length === 0 ? "none" : found.join(" and ")}. Give it a name of its own.`,
  );
}
