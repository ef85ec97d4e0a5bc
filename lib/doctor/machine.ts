/** What a bug report says of the machine, the runtime and its permissions. @module */

import os from "node:os";
import { DATA_HOSTS } from "../data/catalog.ts";
import { versions } from "../train/run_folder.ts";

/** The machine; what the runtime may not tell is `null`. */
export interface Machine {
  /** Operating system and architecture, such as `linux x86_64`. */
  readonly system: string;
  /** The system's own version, such as that of the Linux kernel. */
  readonly release: string | null;
  /** The processor's name for people. */
  readonly processor: string | null;
  /** Logical processor cores. */
  readonly cores: number;
  /** Main memory in bytes. */
  readonly memory: number | null;
  /** Main memory in bytes that programs can have now. */
  readonly memory_available: number | null;
}

/** Whether one thing is permitted. */
export interface Permission {
  /** The kind of access, such as `read`. */
  readonly kind: string;
  /** The folder or host; empty for all of the kind. */
  readonly target: string;
  /** Whether it is granted. */
  readonly granted: boolean;
}

/** Where Vulkan's loader looks for drivers on Linux. */
const DRIVER_FOLDERS = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** The versions of the project and of everything that it stands on. */
export function allVersions(): Record<string, string> {
  return { ...versions(), typescript: Deno.version.typescript };
}

/** Looks at the machine as far as the permission `sys` goes. */
export async function inspectMachine(): Promise<Machine> {
  const tell = async <T>(kind: "osRelease" | "cpus" | "systemMemoryInfo", ask: () => T) =>
    await isGranted({ name: "sys", kind }) ? ask() : null;
  const memory = await tell("systemMemoryInfo", () => Deno.systemMemoryInfo());
  return {
    system: `${Deno.build.os} ${Deno.build.arch}`,
    release: await tell("osRelease", () => Deno.osRelease()),
    processor: await tell("cpus", () => os.cpus()[0]?.model.trim() ?? null),
    cores: navigator.hardwareConcurrency,
    memory: memory?.total ?? null,
    memory_available: memory?.available ?? null,
  };
}

/**
 * The files by which Vulkan finds its drivers, with their folders; `null` where the system has no
 * such files or none of the folders may be read.
 */
export async function findVulkanDrivers(): Promise<string[] | null> {
  if (Deno.build.os !== "linux") return null;
  let found: string[] | null = null;
  for (const folder of DRIVER_FOLDERS) {
    if (!await isGranted({ name: "read", path: folder })) continue;
    found ??= [];
    try {
      for await (const { name } of Deno.readDir(folder)) found.push(`${folder}/${name}`);
    } catch {
      // A folder that is absent or closed to this user holds no driver for it.
    }
  }
  return found?.sort() ?? null;
}

/** What this process may do of all that tasks need. */
export async function inspectPermissions(folders: readonly string[]): Promise<Permission[]> {
  const questions: Deno.PermissionDescriptor[] = [
    ...folders.map((path) => ({ name: "read", path }) as const),
    ...folders.map((path) => ({ name: "write", path }) as const),
    ...DATA_HOSTS.map((host) => ({ name: "net", host }) as const),
    { name: "env" },
    { name: "run" },
    { name: "sys" },
  ];
  return await Promise.all(questions.map(async (question) => ({
    kind: question.name,
    target: "path" in question
      ? String(question.path)
      : "host" in question
      ? String(question.host)
      : "",
    granted: await isGranted(question),
  })));
}

/**
 * A path without what names its user: the home folder is `~`, a folder called like the user `…`.
 * Unchanged where the permission `sys` is missing.
 */
export async function withoutUser(path: string): Promise<string> {
  if (!await isGranted({ name: "sys" })) return path;
  const home = os.homedir() ?? "";
  const isAtHome = home.length > 1 && `${path}/`.startsWith(`${home}/`);
  const user = userName();
  return (isAtHome ? `~${path.slice(home.length)}` : path)
    .split("/").map((part) => part === user ? "…" : part).join("/");
}

/** In a container the process may run under a number that has no name. */
function userName(): string | undefined {
  try {
    return os.userInfo().username;
  } catch {
    return undefined;
  }
}

async function isGranted(descriptor: Deno.PermissionDescriptor): Promise<boolean> {
  return (await Deno.permissions.query(descriptor)).state === "granted";
}
