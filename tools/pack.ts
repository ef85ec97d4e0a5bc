/**
 * Makes one archive for a machine that has no network: Deno, all tasks, data sets and checkpoints.
 *
 *     deno task pack                                       for a machine like this one
 *     deno task pack --target linux-arm64 --deno FILE      for another, with its Deno
 *
 * There, `tar xzf inkling-*.tar.gz && cd inkling-* && ./inkling cnn` is all.
 *
 * @module
 */

import { runTask } from "../lib/cli.ts";
import { join } from "../lib/deps.ts";
import { bundleTasks } from "../lib/dist/bundle.ts";
import { findData, packFiles } from "../lib/dist/pack.ts";
import { tar } from "../lib/dist/tar.ts";
import { releaseOf, type Target, TARGET_NAMES, thisTarget } from "../lib/dist/targets.ts";
import type { TaskScript } from "../lib/dist/task_script.ts";
import { tasksNamed } from "../lib/dist/tasks.ts";
import { InklingError } from "../lib/errors.ts";
import { scaledBytes } from "../lib/text.ts";
import { VERSION } from "../lib/version.ts";

/** What the command line asks for. */
interface Request {
  readonly tasks: readonly TaskScript[];
  readonly target: Target;
  readonly deno: string | undefined;
  readonly out: string;
  readonly data: string;
}

async function pack({ tasks, target, deno, out, data }: Request): Promise<void> {
  const top = `inkling-${VERSION}-${target}`;
  const path = join(out, `${top}.tar.gz`);
  const binary = deno ?? ownDeno(target);
  const dataFiles = await findData(data);
  await checkFile(binary, target);
  const bundles = await bundleTasks(tasks, out);
  let unpacked = 0;
  const files = tar(packFiles({ top, target, deno: binary, bundles, data, dataFiles }));
  const counting = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(piece, controller): void {
      unpacked += piece.length;
      controller.enqueue(piece);
    },
  });
  const part = `${path}.part`;
  try {
    const file = await Deno.open(part, { write: true, create: true, truncate: true });
    await ReadableStream.from(files)
      .pipeThrough(counting)
      .pipeThrough(new CompressionStream("gzip"))
      .pipeTo(file.writable);
    await Deno.rename(part, path);
  } catch (error) {
    await Deno.remove(part).catch(() => {});
    throw error;
  }
  const { size } = await Deno.stat(path);
  console.log(`${path}: ${scaledBytes(size)}, unpacked ${scaledBytes(unpacked)}`);
}

/** Looks for Deno's binary before anything is made. */
async function checkFile(path: string, target: Target): Promise<void> {
  const reason = await Deno.stat(path).then(
    ({ isFile }) => isFile ? undefined : `${path}, which is no file`,
    (error) => `${path} (${error.message})`,
  );
  if (reason === undefined) return;
  throw new InklingError(
    `Cannot pack for ${target}: --deno is the file of Deno's binary, got ${reason}. ` +
      `Unpack ${releaseOf("deno", target)} and name its file.`,
  );
}

/** The binary of this Deno, for a machine like this one. */
function ownDeno(target: Target): string {
  const own = thisTarget();
  if (target === own) return Deno.execPath();
  throw new InklingError(
    `Cannot pack for ${target}: it needs Deno's binary for that machine, got the one for ${own}. ` +
      `Unpack ${releaseOf("deno", target)} and name its file by --deno.`,
  );
}

if (import.meta.main) {
  await runTask({
    name: "pack",
    summary: "Makes one archive for a machine that has no network: Deno's binary, the bundles of " +
      "the tasks, the data sets and checkpoints that are there, a script that starts a task, and " +
      "SHA256SUMS. That machine needs a driver for its graphics, and nothing else.",
    examples: [
      "deno task pack",
      "deno task pack --target linux-arm64 --deno ~/arm64/deno",
    ],
    options: {
      target: {
        type: "string",
        choices: TARGET_NAMES,
        help: "The machine to pack for; without it, one like this.",
      },
      deno: {
        type: "path",
        placeholder: "FILE",
        help: "Deno's binary for that machine; without it the one that runs this.",
      },
      data: {
        type: "path",
        placeholder: "DIR",
        default: "data",
        help: "Folder with the data sets and checkpoints.",
      },
      out: { type: "path", placeholder: "DIR", default: "dist", help: "Folder for the archive." },
    },
    positionals: {
      name: "TASK",
      help: "The tasks to pack; without any, all of them.",
      min: 0,
      max: Infinity,
    },
  }, async ({ options, positionals }) => {
    const tasks = await tasksNamed(positionals, "pack");
    await pack({ ...options, tasks, target: options.target ?? thisTarget() });
  });
}
