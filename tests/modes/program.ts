/**
 * Reads programs that `deno compile` made, so that what is in them can be looked at, and run, where
 * the runtime that belongs before it cannot be had.
 *
 * Behind the runtime and a magic word stand the metadata as JSON and the embedded files: a listing
 * as JSON, then their bytes. Each part has its length before it, in eight bytes.
 *
 * @module
 */

/** What a program carries beside its runtime. */
export interface Program {
  /** Its permissions, as flags of `deno run`. */
  readonly flags: readonly string[];
  /** Whether it asks for what it may not. */
  readonly asks: boolean;
  /** Its files, by name. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

const MAGIC = "d3n0l4nd";

/** An embedded file: its name, and where its bytes begin and how many they are. */
interface Entry {
  readonly File: { readonly n: string; readonly o: readonly [number, number] };
}

/** Takes a program apart. */
export function openProgram(bytes: Uint8Array<ArrayBuffer>): Program {
  const { buffer, byteOffset } = bytes;
  // One character for each byte, so that an index is an offset.
  const text = new TextDecoder("latin1").decode(bytes);
  const view = new DataView(buffer, byteOffset);
  const lengthBefore = (at: number) => Number(view.getBigUint64(at - 8, true));
  const part = (at: number) => text.slice(at, at + lengthBefore(at));

  const metadataAt = text.lastIndexOf(`${MAGIC}${MAGIC}`) + 2 * MAGIC.length + 8;
  const { permissions } = JSON.parse(part(metadataAt));
  const listingAt = text.indexOf('[{"File":', metadataAt);
  const listing = part(listingAt);
  const filesAt = listingAt + listing.length + 8;
  const files = (JSON.parse(listing) as Entry[]).map(({ File: { n, o: [from, length] } }) => {
    const at = filesAt + from;
    return [n, bytes.slice(at, at + length)] as const;
  });
  const flags = Object.entries(permissions).flatMap(([name, value]) =>
    // What may be imported is the same for every program, and of none of ours.
    name.startsWith("allow_") && name !== "allow_import" && Array.isArray(value)
      ? [`--${name.replace("_", "-")}=${value.join(",")}`]
      : []
  );
  return { flags, asks: permissions.prompt, files: new Map(files) };
}
