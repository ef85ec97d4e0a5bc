/** Answers requests for the files that are offered, and for the page that lists them. @module */

import { indexPage } from "./index_page.ts";
import { readRange } from "./range.ts";
import { find, findAll, type Offer } from "./shelf.ts";

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  txt: "text/plain; charset=utf-8",
  gz: "application/gzip",
};

/** For every answer: nothing is to be guessed about a type, and the page needs its style alone. */
const ALWAYS = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  "cache-control": "no-cache",
};

/** How much of a file is read at once, in bytes. */
const PIECE = 1 << 16;

/**
 * Answers a request: 200, 206 or 416 for a file that is offered, 404 for any other, 405 for any
 * method but GET and HEAD.
 *
 * @param root The folder that the offered folders are in.
 */
export async function respond(request: Request, root: string): Promise<Response> {
  const { method, headers } = request;
  if (method !== "GET" && method !== "HEAD") {
    return plain(405, "Only GET and HEAD are answered.", { allow: "GET, HEAD" });
  }
  const { origin, pathname } = new URL(request.url);
  const isHead = method === "HEAD";
  if (pathname === "/") {
    const page = new TextEncoder().encode(indexPage(origin, await findAll(root)));
    return new Response(isHead ? null : page, {
      headers: {
        ...ALWAYS,
        "content-type": "text/html; charset=utf-8",
        "content-length": String(page.length),
      },
    });
  }
  const offer = await find(root, pathname);
  if (offer === undefined) return plain(404, "There is no such file here. See /");
  // A range of what may have changed since is not worth the bookkeeping: the whole is right too.
  const range = isHead || headers.has("if-range") ? null : headers.get("range");
  return await sendFile(offer, range, isHead);
}

async function sendFile(
  { path, bytes: total }: Offer,
  header: string | null,
  isHead: boolean,
): Promise<Response> {
  const range = readRange(header, total);
  if (range === "unsatisfiable") {
    return plain(416, "The file ends before.", { "content-range": `bytes */${total}` });
  }
  const { from, bytes } = range ?? { from: 0, bytes: total };
  const extension = path.slice(path.lastIndexOf(".") + 1);
  return new Response(isHead ? null : await read(path, from, bytes), {
    status: range === undefined ? 200 : 206,
    headers: {
      ...ALWAYS,
      "content-type": TYPES[extension] ?? "application/octet-stream",
      "content-length": String(bytes),
      "accept-ranges": "bytes",
      ...range && { "content-range": `bytes ${from}-${from + bytes - 1}/${total}` },
    },
  });
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...ALWAYS, "content-type": "text/plain; charset=utf-8", ...headers },
  });
}

/** A part of a file, read as the other side takes it. */
async function read(
  path: string,
  from: number,
  bytes: number,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const file = await Deno.open(path);
  await file.seek(from, Deno.SeekMode.Start);
  let left = bytes;
  return new ReadableStream({
    async pull(controller) {
      const piece = new Uint8Array(Math.min(PIECE, left));
      const n = left > 0 ? await file.read(piece) : null;
      if (n === null) {
        file.close();
        controller.close();
        return;
      }
      left -= n;
      controller.enqueue(piece.subarray(0, n));
    },
    cancel: () => file.close(),
  });
}
