/**
 * Answers requests for the sources of the library and its tasks, as a host of source code does: what
 * runs a task by URL on one machine, to test and to time it.
 *
 * @module
 */

/** What a task may import by URL; the bench against PyTorch takes the networks of the fixtures. */
const SOURCES =
  /^\/(?:(?:tasks|tools|lib|data)\/[\w./-]+|tests\/fixtures\/\w+\.py|mod\.ts|deno\.json)$/;

/** Answers a request for a file of the project, whose root is that of this module. */
export async function respondWithSource(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const type = pathname.endsWith(".ts") ? "application/typescript" : "text/plain; charset=utf-8";
  if (!SOURCES.test(pathname)) return new Response(null, { status: 404 });
  try {
    const file = await Deno.open(new URL(`../..${pathname}`, import.meta.url));
    return new Response(file.readable, { headers: { "content-type": type } });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return new Response(null, { status: 404 });
  }
}
