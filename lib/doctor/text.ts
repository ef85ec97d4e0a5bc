/** A bug report as aligned sections of text. @module */

import { asTyped } from "../cli/command.ts";
import { scaledBytes, wrap } from "../text.ts";
import type { AdapterReport } from "./adapter.ts";
import type { ComputeReport } from "./compute.ts";
import type { DatasetReport, MirrorReport } from "./datasets.ts";
import { EMBEDDED } from "./datasets.ts";
import type { Machine, Permission } from "./machine.ts";

/** Lines of a section: a word and what is to be said of it. */
export type Rows = readonly (readonly [word: string, text: string])[];

/** Columns of the text, where words allow it. */
const WIDTH = 100;
/** Columns of the words at the left. */
const LEFT = 17;

/** A heading and its rows; long texts go on in the same column. */
export function section(heading: string, rows: Rows): string {
  const lines = rows.flatMap(([word, text]) =>
    wrap(text, WIDTH - LEFT).map((line, i) =>
      `  ${(i === 0 ? word : "").padEnd(LEFT - 2)}${line}`.trimEnd()
    )
  );
  return [heading, ...lines].join("\n");
}

/** The machine. */
export function machineRows(machine: Machine): Rows {
  const { system, release, processor, cores, memory, memory_available: available } = machine;
  const unknown = "not to be told (--allow-sys)";
  return [
    ["system", release === null ? system : `${system}, ${release}`],
    ["processor", `${processor ?? unknown}, ${cores} cores`],
    [
      "memory",
      memory === null || available === null
        ? unknown
        : `${scaledBytes(memory)} in all, ${scaledBytes(available)} available`,
    ],
  ];
}

/** The Vulkan drivers. */
export function driverRows(drivers: readonly string[] | null): Rows {
  if (drivers === null) {
    return [["files", "not looked for: no such folders here, or no permission"]];
  }
  if (drivers.length === 0) return [["files", "none found"]];
  return drivers.map((path, i) => [i === 0 ? "files" : "", path]);
}

/** The adapter. */
export function adapterRows(adapter: AdapterReport): Rows {
  const { name, vendor, software, limits } = adapter;
  const limit = (key: string) => limits[key] ?? 0;
  const sizes = ["X", "Y", "Z"].map((axis) => limit(`maxComputeWorkgroupSize${axis}`));
  return [
    ["name", name],
    ["vendor", /^\d+$/.test(vendor) ? `0x${Number(vendor).toString(16)}` : vendor || "not told"],
    ["kind", software ? "software: computes on the CPU, right but slow" : "hardware"],
    ["kernels", flags(Object.entries(adapter.kernel_features))],
    ["features", adapter.features.join(", ")],
    [
      "buffers",
      `${binary(limit("maxBufferSize"))}, bound as storage ` +
      `${binary(limit("maxStorageBufferBindingSize"))}, ` +
      `${limit("maxStorageBuffersPerShaderStage")} a stage, ${limit("maxBindGroups")} bind groups`,
    ],
    [
      "workgroups",
      `${sizes.join(" x ")}, ${limit("maxComputeInvocationsPerWorkgroup")} invocations, ` +
      `${binary(limit("maxComputeWorkgroupStorageSize"))} storage, ` +
      `${limit("maxComputeWorkgroupsPerDimension")} a dimension`,
    ],
  ];
}

/** The computation. */
export function computeRows(compute: ComputeReport): Rows {
  const gigaflops = 2 * 256 ** 3 / compute.matmul_ms / 1e6;
  const right = (error: number) => `right to ${error.toExponential(0)}`;
  return [
    [
      "matmul 256³",
      `${right(compute.matmul_error)}, ${compute.matmul_ms.toFixed(2)} ms ` +
      `(${gigaflops.toPrecision(3)} GFLOP/s)`,
    ],
    [
      "MLP step",
      `${right(compute.step_error)}, ${compute.step_ms.toFixed(2)} ms for 64 images of 8x8`,
    ],
  ];
}

/** The permissions, a line for each kind. */
export function permissionRows(permissions: readonly Permission[]): Rows {
  return [...Map.groupBy(permissions, ({ kind }) => kind)].map(([kind, list]) => [
    kind,
    list.map(({ target, granted }) => `${target} ${granted ? "yes" : "no"}`.trim()).join(", "),
  ]);
}

/** The data sets, and how to get what is missing. */
export function datasetRows(datasets: readonly DatasetReport[]): Rows {
  return [
    ...datasets.map(({ name, bytes, files }) => [name, describeFiles(name, bytes, files)] as const),
    ["digits", EMBEDDED],
  ];
}

/** The mirrors. */
export function mirrorRows(mirrors: readonly MirrorReport[]): Rows {
  return mirrors.map(({ dataset, host, answer }) => [dataset, `${host}: ${answer}`]);
}

function describeFiles(name: string, bytes: number, files: DatasetReport["files"]): string {
  if (files === null) return "no permission to look";
  const counts = Object.entries(files).filter(([, count]) => count > 0)
    .map(([condition, count]) => `${count} ${condition}`).join(", ");
  if (files.damaged > 0) return asTyped(`${counts}; see deno task data verify --dataset ${name}`);
  if (files.missing > 0) {
    return asTyped(`${counts}; get it with deno task data fetch --dataset ${name}`);
  }
  return `${counts}, ${scaledBytes(bytes)}`;
}

function flags(entries: readonly (readonly [string, boolean])[]): string {
  return entries.map(([name, has]) => `${name} ${has ? "yes" : "no"}`).join(", ");
}

/** Bytes in binary units, as limits are set. */
function binary(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${units[power]}`;
}
