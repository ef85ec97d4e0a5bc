/** Programs in an empty folder, with a Deno that has no cache and no configuration. @module */

import type { Ended } from "../tasks/process.ts";

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

/** Serves the scripts of the project as a web server of source code would. */
export function serveSource(): { readonly url: string } & AsyncDisposable {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (!/^\/((tasks|lib|data)\/[\w./-]+|mod\.ts)$/.test(pathname)) {
      return new Response(null, { status: 404 });
    }
    const file = await Deno.open(new URL(`.${pathname}`, ROOT));
    const type = pathname.endsWith(".ts") ? "application/typescript" : "text/plain";
    return new Response(file.readable, { headers: { "content-type": type } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
