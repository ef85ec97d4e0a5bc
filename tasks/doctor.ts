/**
 * Says what this machine offers and whether training works on it: what to paste into a bug report.
 *
 *     deno task doctor                looks, computes a little, and exits with 0 when that is right
 *     deno task doctor --net          asks the mirrors of the data sets too
 *     deno task doctor --json         the same as one line for a script
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { openDevice } from "../lib/device.ts";
import { inspectAdapter } from "../lib/doctor/adapter.ts";
import { checkCompute } from "../lib/doctor/compute.ts";
import { askMirrors, inspectDatasets } from "../lib/doctor/datasets.ts";
import {
  allVersions,
  findVulkanDrivers,
  inspectMachine,
  inspectPermissions,
  withoutUser,
} from "../lib/doctor/machine.ts";
import * as text from "../lib/doctor/text.ts";
import { DATA_OPTION } from "../lib/train/options.ts";

interface Request {
  readonly data: string;
  readonly net: boolean;
  readonly json: boolean;
}

async function examine({ data, net, json }: Request): Promise<void> {
  const report: Record<string, unknown> = { task: "doctor" };
  // Each part is printed as soon as it is known: a broken driver can take the process with it.
  const add = <T>(name: string, value: T, rows: (value: T) => text.Rows): void => {
    report[name] = value;
    if (!json) console.log(`${text.section(name, rows(value))}\n`);
  };
  add("versions", allVersions(), Object.entries);
  add("machine", await inspectMachine(), text.machineRows);
  add("drivers", await findVulkanDrivers(), text.driverRows);
  const permissions = await inspectPermissions([data, "runs"]);
  const shown = await Promise.all(
    permissions.map(async (one) => ({ ...one, target: await withoutUser(one.target) })),
  );
  add("permissions", shown, text.permissionRows);
  add("datasets", await inspectDatasets(data), text.datasetRows);
  if (net) add("mirrors", await askMirrors(), text.mirrorRows);

  let problem: unknown;
  try {
    add("adapter", await inspectAdapter(), text.adapterRows);
    add("compute", await checkCompute(await openDevice()), text.computeRows);
  } catch (error) {
    problem = error;
  }
  const message = problem instanceof Error ? problem.message : null;
  if (json) console.log(JSON.stringify({ ...report, ok: problem === undefined, problem: message }));
  if (problem !== undefined) throw problem;
  if (!json) console.log("Training works on this machine.");
}

if (import.meta.main) {
  await runTask({
    name: "doctor",
    summary: "Says what this machine offers: versions, adapter, drivers, permissions, data sets, " +
      "and whether a small computation gives the right numbers. Exits with 1 when training " +
      "cannot work.",
    examples: ["deno task doctor", "deno task doctor --net", "deno task doctor --json"],
    options: {
      data: { ...DATA_OPTION, placeholder: "DIR", help: "Folder with one folder per data set." },
      net: { type: "boolean", help: "Ask the mirrors of the data sets whether they answer." },
      json: { type: "boolean", help: "Print everything as one line of JSON." },
    },
  }, ({ options }) => examine(options));
}
