/** A mirror on this machine that serves one folder's files, and misbehaves when told to. @module */

/** A running mirror. */
export interface Mirror extends AsyncDisposable {
  /** Its address, ending in `/`. */
  readonly url: string;
  /** What was asked so far: the path, and the Range header when there was one. */
  readonly asked: string[];
}

/** Serves with the given function, which may return nothing to have the file sent as it should. */
export function startMirror(
  files: Record<string, Uint8Array>,
  misbehave: (request: Request, bytes: Uint8Array) => Response | undefined = () => undefined,
): Mirror {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const name = new URL(request.url).pathname.slice(1);
    const range = request.headers.get("range");
    asked.push(range === null ? name : `${name} ${range}`);
    const bytes = files[name];
    if (bytes === undefined) return new Response("absent", { status: 404 });
    return misbehave(request, bytes) ?? answer(bytes, range);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function answer(bytes: Uint8Array, range: string | null): Response {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  const body = bytes.slice(from);
  if (range === null) return new Response(body);
  const headers = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  return new Response(body, { status: 206, headers });
}

/** A body that sends some bytes and then nothing more, without ever ending. */
export function stalling(bytes: Uint8Array): Response {
  return new Response(
    new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(bytes) }),
  );
}

/** A temporary folder that goes away with its scope. */
export async function temporaryFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
