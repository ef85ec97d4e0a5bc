/** The `deno` that tools start: the one that runs them. @module */

/** How a `deno` ended. */
export interface Ended {
  /** Whether its exit status was 0. */
  readonly success: boolean;
  /** Its standard output, as bytes. */
  readonly stdout: Uint8Array;
  /** Its standard error, as text without colours. */
  readonly stderr: string;
}

/**
 * Runs `deno` with these arguments to its end.
 *
 * @throws {Deno.errors.NotCapable} Without the permission `--allow-run=deno`.
 */
export async function runDeno(args: readonly string[]): Promise<Ended> {
  const { success, stdout, stderr } = await outputOf({
    args: [...args],
    stdin: "null",
    env: { NO_COLOR: "1" },
  });
  return { success, stdout, stderr: new TextDecoder().decode(stderr) };
}

async function outputOf(options: Deno.CommandOptions): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command(Deno.execPath(), options).output();
  } catch (error) {
    // `--allow-run=deno` names the file that PATH leads to, which may be a link to this one.
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return await new Deno.Command("deno", options).output();
  }
}
