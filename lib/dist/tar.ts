/**
 * Archives in the tar format of POSIX (ustar), the same bytes for the same files: neither owners nor
 * times are recorded.
 *
 * @module
 */

/** A file for an archive. */
export interface ArchiveFile {
  /** Its path in the archive: ASCII, at most 100 characters, relative. */
  readonly path: string;
  /** Whether it is a program. */
  readonly isProgram: boolean;
  /** Its content. */
  readonly content: Uint8Array<ArrayBuffer>;
}

const BLOCK = 512;

/** 2000-01-01: some programs warn of files as old as time. */
const TIME = 946_684_800;

/**
 * Writes files one after the other as a tar archive.
 *
 * @throws {RangeError} When a path does not fit into the format.
 */
export async function* tar(
  files: AsyncIterable<ArchiveFile>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const file of files) {
    yield header(file);
    yield file.content;
    yield new Uint8Array(-file.content.length & (BLOCK - 1));
  }
  yield new Uint8Array(2 * BLOCK);
}

/** Fields by offset; numbers are in octal, the checksum counts its own field as spaces. */
function header({ path, isProgram, content }: ArchiveFile): Uint8Array<ArrayBuffer> {
  if (!/^[\x21-\x7e]{1,100}$/.test(path)) {
    throw new RangeError(`Cannot archive: a path has 1 to 100 plain characters, got ${path}.`);
  }
  const block = new Uint8Array(BLOCK);
  const encoder = new TextEncoder();
  const put = (at: number, text: string) => block.set(encoder.encode(text), at);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  put(0, path);
  put(100, octal(isProgram ? 0o755 : 0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(content.length, 11));
  put(136, octal(TIME, 11));
  put(148, " ".repeat(8));
  put(156, "0");
  put(257, "ustar\x0000");
  put(148, `${octal(block.reduce((sum, byte) => sum + byte, 0), 6)} `);
  return block;
}
