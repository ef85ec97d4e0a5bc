/** PyTorch in a process of its own, which is asked to do and time things. @module */

import loadCheckpoint from "../../../tests/fixtures/load_checkpoint.py" with { type: "text" };
import makeDit from "../../../tests/fixtures/make_dit.py" with { type: "text" };
import makeUnets from "../../../tests/fixtures/make_unets.py" with { type: "text" };
import networks from "../../../tests/fixtures/networks.py" with { type: "text" };
import { InklingError } from "../../errors.ts";
import jobs from "./jobs.py" with { type: "text" };
import side from "./side.py" with { type: "text" };

/** The modules that `side.py` imports, by their names. */
const MODULES = {
  load_checkpoint: loadCheckpoint,
  make_dit: makeDit,
  make_unets: makeUnets,
  networks,
  jobs,
};

/** What PyTorch runs on. */
export interface TorchInfo {
  /** Its version. */
  readonly torch: string;
  /** The GPU's name, or that of the CPU with the number of threads. */
  readonly device: string;
}

/** The ways in which PyTorch runs something; see `jobs.py`. */
export const VARIANTS = ["eager", "compile", "graphs", "shipped"] as const;

/** One of {@link VARIANTS}. */
export type Variant = typeof VARIANTS[number];

/** Something for PyTorch to do. */
export interface TorchJob {
  /** Which of the jobs of `jobs.py`. */
  readonly kind: "epoch" | "denoising" | "product" | "convolution";
  /** Its sizes and names. */
  readonly sizes: Readonly<Record<string, number | string>>;
  /** Its data. */
  readonly parts?: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
}

/** An answer: what was asked for, or why there is none. */
type Answer<T> = T | { readonly error: string };

/** A running PyTorch with the job that was opened last. */
export class TorchPeer implements AsyncDisposable {
  /** What it runs on. */
  readonly info: TorchInfo;
  readonly #child: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #answers: AsyncIterator<string>;

  private constructor(
    info: TorchInfo,
    child: Deno.ChildProcess,
    requests: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
    answers: AsyncIterator<string>,
  ) {
    this.info = info;
    this.#child = child;
    this.#requests = requests;
    this.#answers = answers;
  }

  /**
   * Starts `python3`.
   *
   * @throws {InklingError} When there is none, or it has no PyTorch.
   */
  static async start(): Promise<TorchPeer> {
    const child = spawn();
    const answers = lines(child.stdout);
    const requests = child.stdin.getWriter();
    // A process that ended at once says so by having no answer.
    await writeLine(requests, MODULES).catch(() => {});
    const info = await next<TorchInfo>(answers);
    if ("error" in info) {
      await requests.close().catch(() => {});
      await child.status;
      throw missing(info.error);
    }
    return new TorchPeer(info, child, requests, answers);
  }

  /**
   * Makes a job ready, in the place of the last one.
   *
   * @returns Its losses in the first steps, where it has any.
   * @throws {InklingError} When PyTorch cannot, or has ended.
   */
  async open({ kind, sizes, parts = {} }: TorchJob): Promise<readonly number[] | null> {
    const lengths = Object.entries(parts).map(([name, bytes]) => [name, bytes.length]);
    const request = { do: "open", kind, ...sizes, parts: Object.fromEntries(lengths) };
    const answer = await this.#ask<{ losses: number[] | null }>(request, Object.values(parts));
    if (!("error" in answer)) return answer.losses;
    throw new InklingError(`Cannot compare: PyTorch must make the same, got ${answer.error}`);
  }

  /**
   * Milliseconds that a variant of the job takes `times` over, or why it cannot be run.
   *
   * @throws {InklingError} When PyTorch has ended.
   */
  async run(variant: Variant, times: number): Promise<Answer<{ readonly ms: number }>> {
    const answer = await this.#ask<{ seconds: number }>({ do: "run", variant, times });
    return "error" in answer ? answer : { ms: answer.seconds * 1000 };
  }

  async #ask<T>(
    request: object,
    parts: readonly Uint8Array<ArrayBuffer>[] = [],
  ): Promise<Answer<T>> {
    try {
      await writeLine(this.#requests, request);
      for (const part of parts) await this.#requests.write(part);
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
    const answer = await next<T>(this.#answers);
    if (answer !== ENDED) return answer;
    const { code } = await this.#child.status;
    throw new InklingError(
      `Cannot go on: PyTorch must keep running, got the end of its process with status ${code}`,
    );
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close().catch(() => {});
    await this.#child.status;
  }
}

function spawn(): Deno.ChildProcess {
  try {
    return new Deno.Command("python3", {
      args: ["-c", side],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
  } catch (error) {
    // A program that was not there at the start was not granted either.
    const kinds = [Deno.errors.NotFound, Deno.errors.NotCapable];
    if (!kinds.some((kind) => error instanceof kind)) throw error;
    const { message } = error as Error;
    if (!/environment variable/.test(message)) throw missing("no python3 on the PATH");
    throw new InklingError(
      `Cannot start PyTorch: a variable that chooses libraries asks for the whole permission, got ` +
        `"${message}" Give --allow-run without a name.`,
    );
  }
}

async function writeLine(
  requests: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
  value: object,
): Promise<void> {
  await requests.write(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

function missing(got: string): InklingError {
  return new InklingError(
    `Cannot compare with PyTorch: python3 must have torch and numpy, got ${got}. ` +
      "Install them, or activate the environment that has them",
  );
}

/** What stands in the place of an answer when the process has ended. */
const ENDED = { error: "an end of the process" } as const;

async function next<T>(answers: AsyncIterator<string>): Promise<Answer<T>> {
  const { value, done } = await answers.next();
  return done ? ENDED : JSON.parse(value);
}

async function* lines(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + text).split("\n");
    rest = whole.pop()!;
    yield* whole;
  }
}
