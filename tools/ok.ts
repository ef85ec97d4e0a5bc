/**
 * The gate that every change passes: format, lint, types, documentation, and all tests with the
 * examples in the documentation. Runs every stage even after one failed, and ends with one line
 * that counts stages and tests together.
 *
 * @module
 */

/** One command of the gate; a stage with tests counts them, others count as one. */
interface Stage {
  readonly name: string;
  readonly args: readonly string[];
}

const STAGES: readonly Stage[] = [
  { name: "format", args: ["fmt", "--quiet", "--check"] },
  { name: "lint", args: ["lint", "--quiet"] },
  { name: "types", args: ["check", "--quiet", "mod.ts", "lib", "tasks", "tools", "tests"] },
  { name: "documentation", args: ["doc", "--quiet", "--lint", "mod.ts"] },
  { name: "tests", args: ["task", "--quiet", "test"] },
];

/** What a stage came to. */
interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** The last line of `deno test`, such as `ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)`. */
const TEST_SUMMARY =
  /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/m;

/** Reads the counts of `deno test` from its output; `undefined` when it has no summary. */
export function testCounts(output: string): Counts | undefined {
  // deno-lint-ignore no-control-regex
  const found = output.replaceAll(/\x1b\[[\d;]*m/g, "").match(TEST_SUMMARY);
  if (found === null) return undefined;
  const [, passed, failed, skipped = "0"] = found;
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}

/** Exit statuses of a process that a signal ended: SIGABRT and SIGSEGV. */
const CRASHED = [134, 139];

async function runStage({ args }: Stage): Promise<{ code: number; output: string }> {
  // Mesa complains at every start without this variable; see tools/grant.ts.
  const env = Deno.env.get("XDG_RUNTIME_DIR") ? {} : { XDG_RUNTIME_DIR: "/dev/null" };
  const child = new Deno.Command("deno", {
    args: [...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let output = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    Deno.stdout.writeSync(chunk);
    output += decoder.decode(chunk, { stream: true });
  }
  return { code: (await child.status).code, output };
}

if (import.meta.main) {
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const stage of STAGES) {
    console.log(`== ${stage.name}`);
    const { code, output } = await runStage(stage);
    const counts = stage.name === "tests" ? testCounts(output) : undefined;
    if (counts) {
      total.passed += counts.passed;
      total.failed += counts.failed;
      total.skipped += counts.skipped;
    } else if (code === 0) {
      total.passed++;
    }
    if (counts?.failed === 0 && CRASHED.includes(code)) {
      // About one process in thirty on software Vulkan: a heap is found corrupted while the driver
      // is unloaded, when the runner has counted every test and has nothing left to do.
      console.log(`note: all tests had passed when their process crashed at its end (${code})`);
    } else if (code !== 0 && !counts?.failed) {
      // Also when the tests passed one by one but their process did not.
      total.failed++;
    }
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  Deno.exit(total.failed === 0 ? 0 : 1);
}
