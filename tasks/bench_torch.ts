/**
 * Measures this library against PyTorch on the same machine.
 *
 *     deno task bench:torch                          all rows; wants a GPU
 *     deno task bench:torch --filter mlp --quick     a look at one network
 *
 * PyTorch runs in a process of its own, `python3`, on the GPU where it sees one. A round times this
 * library and then PyTorch in each variant, one after the other, while the other side waits. See
 * docs/performance.md.
 *
 * @module
 */

import { ceiling } from "../lib/bench/ceiling.ts";
import { QUICK, THOROUGH } from "../lib/bench/stopwatch.ts";
import {
  compareWithTorch,
  type TorchComparison,
  type TorchContest,
} from "../lib/bench/torch/contest.ts";
import { TorchPeer } from "../lib/bench/torch/peer.ts";
import { pickTorchRows } from "../lib/bench/torch/rows.ts";
import {
  ceilingLine,
  missingLines,
  torchHeader,
  torchLine,
  torchRow,
} from "../lib/bench/torch/text.ts";
import { runTask } from "../lib/cli.ts";
import { type Device, openDevice } from "../lib/device.ts";
import { allVersions } from "../lib/doctor/machine.ts";
import { InklingError } from "../lib/errors.ts";

interface Request {
  readonly rows: readonly TorchContest[];
  readonly quick: boolean;
  readonly json: boolean;
}

async function bench({ rows, quick, json }: Request): Promise<number> {
  await using peer = await TorchPeer.start();
  const device = await openDevice();
  const effort = quick ? QUICK : THOROUGH;
  const { info } = peer;
  const versions = allVersions();
  const date = new Date().toISOString().slice(0, 10);
  console.log(`ours: ${device.adapter.name}, inkling ${versions.inkling}`);
  console.log(`PyTorch ${info.torch}: ${info.device}; TF32 is off, but for "shipped"`);
  console.log(`${date}\n`);
  const most = await ceilingOf(device, rows, quick);
  const comparisons: TorchComparison[] = [];
  const failures: { name: string; message: string }[] = [];
  for (const line of torchHeader()) console.log(line);
  for (const row of rows) {
    try {
      const comparison = await compareWithTorch(row, peer, effort);
      device.check();
      comparisons.push(comparison);
      console.log(torchLine(comparison));
      const share = most && ceilingLine(comparison, most);
      if (share) console.log(share);
    } catch (error) {
      if (!(error instanceof InklingError)) throw error;
      failures.push({ name: row.name, message: error.message });
      console.error(`error: ${row.name}: ${error.message}`);
    }
  }
  const missing = missingLines(comparisons);
  if (missing.length > 0) console.log(`\n${missing.join("\n")}`);
  if (json) {
    console.log(JSON.stringify({
      task: "bench:torch",
      date,
      adapter: device.adapter,
      versions,
      ...info,
      quick,
      ceiling_gflops: most ?? null,
      rows: comparisons.map(torchRow),
      failures,
    }));
  }
  return failures.length === 0 ? 0 : 1;
}

/** GFLOP/s that an adapter can reach, where a row is about that. */
async function ceilingOf(
  device: Device,
  rows: readonly TorchContest[],
  quick: boolean,
): Promise<number | undefined> {
  if (!rows.some(({ flops }) => flops !== undefined)) return undefined;
  const effort = quick ? QUICK : THOROUGH;
  const [measured] = await ceiling.measure({ device, effort, longSteps: 0 });
  return measured!.value;
}

if (import.meta.main) {
  await runTask(
    {
      name: "bench:torch",
      summary: "Measures this library against PyTorch on the same machine, in turns: epochs of " +
        "classifiers, steps of generators, products and convolutions. PyTorch runs eagerly, through " +
        "torch.compile and as CUDA graphs, all without TF32, and eagerly as shipped. Needs python3 " +
        "with torch; wants a GPU and a quiet machine. Exits with 1 when a row could not be run.",
      examples: [
        "deno task bench:torch",
        "deno task bench:torch --filter mlp --images 2000 --quick",
        "deno task bench:torch --filter matmul --json",
      ],
      options: {
        filter: { type: "string", help: "Run only rows with this in their name." },
        images: { type: "integer", min: 1, default: 60_000, help: "Images in an epoch." },
        quick: { type: "boolean", help: "Two short rounds a row: a look, not a result." },
        json: { type: "boolean", help: "End with all results as one line of JSON." },
      },
    },
    ({ options: { filter = "", images, quick, json } }) =>
      bench({ rows: pickTorchRows(filter, images), quick, json }),
  );
}
