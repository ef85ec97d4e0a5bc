/** What the server offers, and nothing else: a few folders, each with names of one kind. @module */

import { FETCHED } from "../data/catalog.ts";
import { namesOf } from "../data/local_file.ts";
import { join } from "../deps.ts";

/** The folders that are offered, and which of their files. */
const SHELVES: ReadonlyMap<string, (name: string) => boolean> = new Map([
  ["dist", (name) => name.endsWith(".js")],
  ["data/checkpoints", (name) => /\.(txt|json|safetensors)$/.test(name)],
  ...Object.entries(FETCHED).map(([dataset, { files }]) => {
    const names = Object.values(files).flatMap(namesOf);
    return [`data/${dataset}`, (name: string) => names.includes(name)] as const;
  }),
]);

/** Folder and name of a file, in letters that no system and no encoding reads in another way. */
const PLAIN = /^\/([a-z][a-z/-]*)\/([A-Za-z0-9_][A-Za-z0-9_.-]*)$/;

/** A file that is offered. */
export interface Offer {
  /** Its path on the server, which begins with `/`. */
  readonly pathname: string;
  /** Its path on this machine. */
  readonly path: string;
  /** Its length in bytes. */
  readonly bytes: number;
}

/**
 * The file that a request asks for, or nothing when there is none that may be had. Nothing is
 * decoded: a path with an escape (`%2e`, `%2f`) is none of ours.
 *
 * @param root The folder that the shelves are in.
 */
export async function find(root: string, pathname: string): Promise<Offer | undefined> {
  const [, folder = "", name = ""] = PLAIN.exec(pathname) ?? [];
  if (!SHELVES.get(folder)?.(name)) return undefined;
  const path = join(root, folder, name);
  try {
    // A link may lead anywhere, so none is followed, be it the file or a folder on the way to it.
    const steps = `${folder}/${name}`.split("/");
    for (const depth of steps.keys()) {
      if ((await Deno.lstat(join(root, ...steps.slice(0, depth + 1)))).isSymlink) return undefined;
    }
    const { isFile, size } = await Deno.lstat(path);
    return isFile ? { pathname, path, bytes: size } : undefined;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Everything that is offered now, by folder and name. */
export async function findAll(root: string): Promise<Offer[]> {
  const offers: Offer[] = [];
  for (const folder of SHELVES.keys()) {
    const names = await Array.fromAsync(Deno.readDir(join(root, folder)), ({ name }) => name)
      .catch((error) => {
        if (isAbsence(error)) return [];
        throw error;
      });
    for (const name of names.sort()) {
      const offer = await find(root, `/${folder}/${name}`);
      if (offer !== undefined) offers.push(offer);
    }
  }
  return offers;
}

/** Whether there is no such file, or it is closed to this user: the same to somebody who asks. */
function isAbsence(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied ||
    error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.FilesystemLoop;
}
