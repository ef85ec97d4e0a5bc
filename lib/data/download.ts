/**
 * One file from the first of several mirrors that serves it, checked before it gets its name.
 *
 * The bytes go to `NAME.part`, which stays when a download breaks off and is resumed by the next
 * one. A lock on it, which the system drops when its holder dies, keeps two processes from writing
 * at once: the second waits, then finds the file there.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "../deps.ts";
import type { DataFile } from "./catalog.ts";
import { MissingDataError } from "./missing.ts";
import { messageOf, statOf } from "./files.ts";

const WRONG_HASH = "its sha256 is not the published one";

/** How long a mirror may be silent. */
export interface Patience {
  /** Until the answer begins, in milliseconds. */
  readonly connectMs: number;
  /** Between two pieces of the body, in milliseconds. */
  readonly stallMs: number;
}

/** How {@link downloadFile} goes about it. */
export interface DownloadOptions {
  /** Addresses of folders that serve the file, each ending in `/`, tried in this order. */
  readonly mirrors: readonly string[];
  /** How long a mirror may be silent. */
  readonly patience: Patience;
  /** Told the bytes that `NAME.part` holds so far, after every piece. */
  readonly onBytes?: (received: number) => void;
}

/**
 * Brings one file into a folder that exists, unless a verified copy appears there meanwhile.
 *
 * Never asks for a permission: a host that may not be reached counts as one that does not answer.
 *
 * @throws {MissingDataError} When no mirror gave the file; the folder then holds at most a `.part`.
 */
export async function downloadFile(
  file: DataFile,
  folder: string,
  { mirrors, patience, onBytes }: DownloadOptions,
): Promise<void> {
  const target = join(folder, file.name);
  using part = await openPart(`${target}.part`, target);
  if (part === undefined) return;
  const failures: string[] = [];
  for (const mirror of mirrors) {
    const url = new URL(file.name, mirror);
    const resumed = part.statSync().size > 0;
    let failure = await attempt(url, part, file, patience, onBytes);
    // What an earlier download left may be the damaged piece, so this mirror gets a clean start.
    if (failure === WRONG_HASH && resumed) {
      failure = await attempt(url, part, file, patience, onBytes);
    }
    if (failure === undefined) {
      part.syncSync();
      await Deno.rename(`${target}.part`, target);
      return;
    }
    failures.push(`${url.host}: ${failure}`);
  }
  if (part.statSync().size === 0) await Deno.remove(`${target}.part`);
  throw new MissingDataError(`no mirror gave ${file.name} (${failures.join("; ")})`);
}

/** The locked `.part`, or nothing when another process finished the file while we waited. */
async function openPart(path: string, target: string): Promise<Deno.FsFile | undefined> {
  for (;;) {
    const part = await Deno.open(path, { read: true, write: true, create: true });
    try {
      await part.lock(true);
    } catch (error) {
      part.close();
      throw new MissingDataError(`${path} cannot be locked (${messageOf(error)})`);
    }
    // The holder before us renames the very file that we waited for: then it is no longer `.part`.
    const current = await isFileAt(part, path);
    if (current && !await exists(target)) return part;
    part.close();
    if (current) await Deno.remove(path);
    if (await exists(target)) return undefined;
  }
}

/** One request to one mirror; says why it failed, and nothing when the file is there and whole. */
async function attempt(
  url: URL,
  part: Deno.FsFile,
  file: DataFile,
  patience: Patience,
  onBytes?: (received: number) => void,
): Promise<string | undefined> {
  let have = part.statSync().size;
  if (have > file.bytes) part.truncateSync(have = 0);
  if (have < file.bytes) {
    const host = `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
    const { state } = await Deno.permissions.query({ name: "net", host });
    if (state !== "granted") return "no permission (--allow-net)";
    const failure = await receive(url, part, have, file.bytes, patience, onBytes);
    if (failure !== undefined) return failure;
  }
  if (await hashOf(part) === file.sha256) return undefined;
  part.truncateSync(0);
  return WRONG_HASH;
}

async function receive(
  url: URL,
  part: Deno.FsFile,
  have: number,
  total: number,
  patience: Patience,
  onBytes?: (received: number) => void,
): Promise<string | undefined> {
  using watch = new Watch();
  watch.expect(patience.connectMs, "no answer");
  try {
    // Any other encoding would be undone by fetch(), and the hash is that of the gzip file.
    const headers = { "accept-encoding": "identity", ...have > 0 && { range: `bytes=${have}-` } };
    // A redirect leads to a host that nobody allowed: a login page, as a rule.
    const response = await fetch(url, { headers, redirect: "manual", signal: watch.signal });
    const from = startOf(response);
    if (from === undefined || response.body === null) return `HTTP ${response.status}`;
    if (from > 0 && from !== have) return `it answered from byte ${from}, asked from ${have}`;
    let received = from;
    part.truncateSync(received);
    part.seekSync(received, Deno.SeekMode.Start);
    watch.expect(patience.stallMs, "stalled");
    for await (const chunk of response.body) {
      if (received + chunk.length > total) {
        part.truncateSync(0);
        return `it sent more than ${total} bytes`;
      }
      for (let at = 0; at < chunk.length;) at += await part.write(chunk.subarray(at));
      received += chunk.length;
      onBytes?.(received);
      watch.expect(patience.stallMs, "stalled");
    }
    return received === total ? undefined : `it ended after ${received} of ${total} bytes`;
  } catch (error) {
    if (watch.signal.aborted) return String(watch.signal.reason);
    // fetch() and a broken body throw TypeError; a full disk must not be blamed on the mirror.
    if (error instanceof TypeError) return rootMessage(error);
    throw error;
  }
}

/** The byte that an answer begins at, or nothing when it carries no file. */
function startOf(response: Response): number | undefined {
  if (response.status === 200) return 0;
  if (response.status !== 206) return undefined;
  const range = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
  return range === null ? undefined : Number(range[1]);
}

/** Aborts a request when what is expected of it does not happen in time, and at the end of a scope. */
class Watch {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the clock anew. */
  expect(ms: number, failure: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#controller.abort(`${failure} for ${ms / 1000} s`),
      ms,
    );
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}

async function hashOf(part: Deno.FsFile): Promise<string> {
  const hash = createHash("sha256");
  const piece = new Uint8Array(1 << 20);
  part.seekSync(0, Deno.SeekMode.Start);
  for (let n = await part.read(piece); n !== null; n = await part.read(piece)) {
    hash.update(piece.subarray(0, n));
  }
  return hash.digest("hex");
}

async function isFileAt(file: Deno.FsFile, path: string): Promise<boolean> {
  const there = await statOf(path);
  const { ino, dev } = await file.stat();
  return there?.ino === ino && there.dev === dev;
}

async function exists(path: string): Promise<boolean> {
  return await statOf(path) !== undefined;
}

/** The innermost message, which names the cause: fetch() itself says only that it failed. */
function rootMessage(error: Error): string {
  let root = error;
  while (root.cause instanceof Error) root = root.cause;
  return root.message.replace(/^.*client error \(\w+\): /, "");
}
