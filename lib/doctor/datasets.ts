/** What a bug report says of the data sets, and of the way to them. @module */

import { DIGITS, FETCHED, type FetchedName } from "../data/catalog.ts";
import { type Condition, inspectDataset } from "../data/inspect.ts";
import { join } from "../deps.ts";

/** A data set in its folder. */
export interface DatasetReport {
  /** Which one. */
  readonly name: string;
  /** Bytes of its files that are there and sound, as published; 0 for the embedded digits. */
  readonly bytes: number;
  /** How many of its files are in each condition; `null` without permission to look. */
  readonly files: Readonly<Record<Condition, number>> | null;
}

/** A mirror of a data set. */
export interface MirrorReport {
  /** The data set. */
  readonly dataset: string;
  /** The host. */
  readonly host: string;
  /** What it answered, such as `200`, or why it did not. */
  readonly answer: string;
}

/** For how long a mirror may think, in ms. */
const PATIENCE = 5_000;

/** Reads and hashes the data sets in `dir`. */
export async function inspectDatasets(dir: string): Promise<DatasetReport[]> {
  const reports: DatasetReport[] = [];
  for (const name of Object.keys(FETCHED) as FetchedName[]) {
    const { state } = await Deno.permissions.query({ name: "read", path: join(dir, name) });
    if (state !== "granted") {
      reports.push({ name, bytes: 0, files: null });
      continue;
    }
    const files = { verified: 0, unpacked: 0, damaged: 0, missing: 0 };
    let bytes = 0;
    for (const { file, condition } of await inspectDataset(name, dir)) {
      files[condition]++;
      if (condition === "verified" || condition === "unpacked") bytes += file.bytes;
    }
    reports.push({ name, bytes, files });
  }
  return reports;
}

/** The data set that is part of the program, as the end of the list. */
export const EMBEDDED: string = `${DIGITS.title.toLowerCase()}; part of the program`;

/** Asks every mirror for the head of one file. */
export async function askMirrors(): Promise<MirrorReport[]> {
  const asked = Object.entries(FETCHED).flatMap(([dataset, { mirrors, files }]) =>
    mirrors.map((mirror) => ({ dataset, url: new URL(files.testLabels.name, mirror) }))
  );
  return await Promise.all(asked.map(async ({ dataset, url }) => ({
    dataset,
    host: url.host,
    answer: await ask(url),
  })));
}

async function ask(url: URL): Promise<string> {
  const { state } = await Deno.permissions.query({ name: "net", host: url.host });
  if (state !== "granted") return `no permission (--allow-net=${url.host})`;
  try {
    const response = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(PATIENCE) });
    await response.body?.cancel();
    return String(response.status);
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    return isLate ? `no answer within ${PATIENCE / 1000} s` : "cannot be reached";
  }
}
