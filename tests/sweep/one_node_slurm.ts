/**
 * A Slurm of this machine alone, for the tests: its three daemons as processes of ours, with all that
 * they write in a folder of their own, beside any other Slurm and munge of the machine.
 *
 * @module
 */

import { join } from "../../lib/deps.ts";

/** Where Debian has its daemons; not all users have it on their PATH. */
const PATH = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/sbin`;

/** Whether Slurm is installed, with daemons that this user may start. */
export function hasSlurm(): boolean {
  return Deno.build.os === "linux" && Deno.uid() === 0 &&
    ["sbatch", "squeue", "slurmctld", "slurmd", "munged"].every(isThere);
}

function isThere(program: string): boolean {
  return PATH.split(":").some((folder) => {
    try {
      return Deno.statSync(join(folder, program)).isFile;
    } catch {
      return false;
    }
  });
}

/** Starts Slurm; `SLURM_CONF` names it to its programs until it is disposed of. */
export async function startSlurm(): Promise<AsyncDisposable> {
  const folder = await Deno.makeTempDir({ dir: "/tmp", prefix: "slurm-" });
  const daemons: Daemon[] = [];
  const stop = async () => {
    Deno.env.delete("SLURM_CONF");
    for (const daemon of daemons.reverse()) await daemon.stop();
    await Deno.remove(folder, { recursive: true });
  };
  try {
    for (const name of ["state", "spool"]) await Deno.mkdir(join(folder, name));
    const key = crypto.getRandomValues(new Uint8Array(1024));
    await Deno.writeFile(join(folder, "munge.key"), key, { mode: 0o400 });
    const conf = join(folder, "slurm.conf");
    await Deno.writeTextFile(conf, configuration(folder));
    Deno.env.set("SLURM_CONF", conf);
    daemons.push(startDaemon("munged", folder, [
      "--foreground",
      "--force",
      `--key-file=${join(folder, "munge.key")}`,
      `--socket=${join(folder, "munge.socket")}`,
      `--pid-file=${join(folder, "munged.pid")}`,
      `--seed-file=${join(folder, "munged.seed")}`,
    ]));
    daemons.push(startDaemon("slurmctld", folder, ["-D", "-c"]));
    daemons.push(startDaemon("slurmd", folder, ["-D"]));
    await isReady(folder);
  } catch (error) {
    await stop();
    throw error;
  }
  return { [Symbol.asyncDispose]: stop };
}

function configuration(folder: string): string {
  const host = Deno.hostname().split(".")[0];
  return [
    "ClusterName=test",
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${freePort()}`,
    `SlurmdPort=${freePort()}`,
    "SlurmUser=root",
    "AuthType=auth/munge",
    `AuthInfo=socket=${folder}/munge.socket`,
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool`,
    `SlurmctldPidFile=${folder}/slurmctld.pid`,
    `SlurmdPidFile=${folder}/slurmd.pid`,
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "JobAcctGatherType=jobacct_gather/none",
    "MpiDefault=none",
    "ReturnToService=2",
    "KillWait=2",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_CPU",
    "SlurmdParameters=config_overrides",
    "SchedulerParameters=batch_sched_delay=0,sched_interval=1",
    `NodeName=${host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN`,
    "PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP",
    "",
  ].join("\n");
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

interface Daemon {
  stop(): Promise<void>;
}

/** Starts a daemon in the foreground, its output in a file of the folder. */
function startDaemon(program: string, folder: string, args: readonly string[]): Daemon {
  const log = Deno.openSync(join(folder, `${program}.log`), { create: true, append: true });
  const child = new Deno.Command(program, {
    args: [...args],
    env: { PATH },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const copied = child.stderr.pipeTo(log.writable);
  return {
    async stop() {
      try {
        child.kill("SIGTERM");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
      await child.status;
      await copied;
    },
  };
}

async function isReady(folder: string): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 200) {
    const { stdout } = await new Deno.Command("sinfo", {
      args: ["--noheader", "-o", "%T"],
      stderr: "null",
    }).output();
    if (new TextDecoder().decode(stdout).trim() === "idle") return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const logs = ["munged", "slurmctld", "slurmd"].map((name) =>
    Deno.readTextFileSync(join(folder, `${name}.log`)).split("\n").slice(-8).join("\n")
  );
  throw new Error(`Slurm did not start:\n${logs.join("\n")}`);
}
