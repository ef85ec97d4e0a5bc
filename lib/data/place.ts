/** What `--data` names: a folder, or the address of a server that has one. @module */

import { DataError } from "../errors.ts";
import type { FetchedName } from "./catalog.ts";

/** Where data sets that come from a server are kept, relative to the current folder. */
const KEPT = "data";

/** Where the files of data sets lie, and come from. */
export interface DataPlace {
  /** The folder that has, or will have, one folder for each data set. */
  readonly dir: string;
  /** The address of a folder like it, ending in `/`, when the user named a server. */
  readonly server?: string;
}

/**
 * Reads what was given for `--data`. An address such as `http://server/data` stands for the folder
 * `data`, with missing files to be fetched from that server alone.
 *
 * @throws {DataError} When it looks like an address and is none.
 */
export function placeOf(data: string): DataPlace {
  if (!/^https?:\/\//i.test(data)) return { dir: data };
  const url = URL.parse(data);
  if (url === null || url.search !== "" || url.hash !== "") {
    throw new DataError(
      `Cannot fetch data from ${data}: it takes the address of a folder, got one that is none. ` +
        "Write it as http://server/data.",
    );
  }
  return { dir: KEPT, server: url.href.replace(/\/?$/, "/") };
}

/** Where to fetch a data set from, or nothing for the published mirrors. */
export function mirrorsOf({ server }: DataPlace, name: FetchedName): string[] | undefined {
  return server === undefined ? undefined : [`${server}${name}/`];
}
