/** Where a step spends its time, for people. @module */

import type { CommandTime } from "../engine/profile.ts";

/** Commands of one name and size. */
interface Group {
  readonly what: string;
  count: number;
  milliseconds: number;
}

/** Columns of a terminal that the names may take. */
const WIDTH = 72;

/** The lines of a table, the costliest commands first; those of one name and size are one line. */
export function profileLines(times: readonly CommandTime[]): string[] {
  const groups = new Map<string, Group>();
  for (const { name, workgroups, milliseconds } of times) {
    const size = workgroups ? ` [${workgroups.reduce((all, n) => all * n)}]` : "";
    const what = `${name.slice(0, WIDTH)}${size}`;
    const group = groups.get(what) ?? { what, count: 0, milliseconds: 0 };
    group.count++;
    group.milliseconds += milliseconds;
    groups.set(what, group);
  }
  const total = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const line = (ms: string, share: string, count: string, what: string) =>
    `${ms.padStart(9)} ${share.padStart(6)} ${count.padStart(6)}  ${what}`;
  const sorted = [...groups.values()].sort((a, b) => b.milliseconds - a.milliseconds);
  return [
    line("ms", "share", "times", "command [workgroups]"),
    ...sorted.map(({ what, count, milliseconds }) => {
      const share = total > 0 ? `${(100 * milliseconds / total).toFixed(1)}%` : "";
      return line(milliseconds.toFixed(3), share, String(count), what);
    }),
    line(total.toFixed(3), "", String(times.length), "in all"),
  ];
}
