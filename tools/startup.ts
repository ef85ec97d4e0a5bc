/**
 * Times the start of tasks in each way to run them: in a checkout, by URL, bundled, packed, compiled.
 *
 *     deno task startup                     all, some minutes; wants a quiet machine
 *     deno task startup --repeats 1         a look, not a result
 *
 * Prints the rows of the table in docs/anywhere.md. What it makes is in dist/startup/.
 *
 * @module
 */

import { summary } from "../lib/bench/stopwatch.ts";
import { runTask } from "../lib/cli.ts";
import { resolve } from "../lib/deps.ts";
import { runDeno } from "../lib/dist/deno.ts";
import { tasksNamed } from "../lib/dist/tasks.ts";
import { InklingError } from "../lib/errors.ts";
import { respond } from "../lib/serve/respond.ts";
import { respondWithSource } from "../lib/serve/source.ts";
import { measure, type Start } from "../lib/startup/measure.ts";
import { prepareModes } from "../lib/startup/modes.ts";

const FOLDER = "dist/startup";

async function startup(repeats: number): Promise<void> {
  if (Deno.build.os === "windows") {
    throw new InklingError(
      "Cannot time the tasks: archives are started by a shell, got Windows. Use another system.",
    );
  }
  const folder = resolve(FOLDER);
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await using sources = serve(respondWithSource);
  await using served = serve((request) => respond(request, folder));
  const workshop = { folder, sources: addressOf(sources), served: addressOf(served) };
  const starts = await readStarts();
  const modes = await prepareModes(starts.map(({ task }) => task), workshop, console.log);
  const packages = await packageFolder();

  console.log(`\nload ${Deno.loadavg()[0]!.toFixed(2)}; seconds, medians of ${repeats}\n`);
  const titles = starts.flatMap(({ task }) => [`${task.name}, first start`, "later"]);
  console.log(`| ${["", ...titles].join(" | ")} |\n|---${"|--:".repeat(titles.length)}|`);
  for (const mode of modes) {
    const cells: string[] = [];
    for (const start of starts) {
      const { first, later } = await measure(start, mode, repeats, packages);
      cells.push(...[first, later].map((seconds) => summary(seconds).median.toFixed(1)));
    }
    console.log(`| ${[mode.name, ...cells].join(" | ")} |`);
  }
}

/** What is started: a training up to its first step, and a drawing up to its picture. */
async function readStarts(): Promise<Start[]> {
  const [cnn, sample] = await tasksNamed(["cnn", "dit:sample"], "time");
  return [{
    task: cnn!,
    words: ["--dataset", "digits", "--subset", "64", "--epochs", "1"],
    mark: /^epoch 1\/1, step 1\/1, loss /m,
  }, {
    task: sample!,
    words: ["--labels", "2", "--steps", "2"],
    mark: /^1 image in .*\.png$/m,
  }];
}

function serve(answer: (request: Request) => Promise<Response>): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
}

function addressOf({ addr }: Deno.HttpServer<Deno.NetAddr>): string {
  return `http://127.0.0.1:${addr.port}`;
}

/** Where this Deno keeps packages from npm. */
async function packageFolder(): Promise<string> {
  const { stdout } = await runDeno(["info", "--json"]);
  return JSON.parse(new TextDecoder().decode(stdout)).npmCache;
}

if (import.meta.main) {
  await runTask({
    name: "startup",
    summary: "Times cnn on the digits up to its first training step, and dit:sample up to its " +
      "picture: in a checkout, by URL from a server on this machine, as bundles, from an " +
      "archive, and as programs where Deno's runtime for them can be had. First starts have an " +
      "empty cache of Deno, but for packages from npm. Wants a quiet machine.",
    examples: ["deno task startup", "deno task startup --repeats 1"],
    options: {
      repeats: {
        type: "integer",
        min: 1,
        max: 99,
        default: 3,
        help: "Starts of each kind, of which the median is told.",
      },
    },
  }, ({ options }) => startup(options.repeats));
}
