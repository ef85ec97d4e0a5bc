/** Numbers and lines for people. @module */

/** A whole number with its digits in groups of three: `3 199 106`. */
export function grouped(count: number): string {
  return count.toLocaleString("en").replaceAll(",", " ");
}

/** How many there are of something: `1 epoch`, `20 epochs`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? "" : "s"}`;
}

const UNITS = ["kB", "MB", "GB", "TB"] as const;

/** Bytes in decimal units, as shops and systems count memory and files: `11.6 MB`. */
export function scaledBytes(bytes: number): string {
  const power = UNITS.findLastIndex((_, i) => bytes >= 1000 ** (i + 1));
  return power < 0 ? `${bytes} B` : `${(bytes / 1000 ** (power + 1)).toFixed(1)} ${UNITS[power]}`;
}

/** A row of a table of files: a name, how much it weighs, and where it is. */
export function sizeLine(name: string, bytes: number, path: string): string {
  return `${name.padEnd(14)} ${scaledBytes(bytes).padStart(8)}  ${path}`;
}

/** The lines of a text, broken at spaces so that they have `width` columns, where words allow it. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}
