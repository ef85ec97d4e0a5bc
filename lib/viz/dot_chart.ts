/**
 * Dot charts as self-contained SVG: a number with its spread for each of several things, such as the
 * accuracies of classifiers. Dots, not bars: the axis need not begin at 0, where the differences
 * that matter would not be seen.
 *
 * @module
 */

import { drawAxes, type Frame } from "./line_parts.ts";
import { ellipsize, escapeMarkup } from "./markup.ts";
import { type Axis, formatNumber, linearAxis, logAxis } from "./scale.ts";
import { EDGE, px, svgDocument, TEXT, textWidth } from "./svg.ts";

/** A thing and its numbers. */
export interface DotRow {
  /** Its name, written at the left. */
  readonly name: string;
  /** The numbers measured, one or more; each is a faint dot, their mean a strong one. */
  readonly values: readonly number[];
}

/** What {@link dotChart} draws. */
export interface DotChartOptions {
  /** The heading. */
  readonly title: string;
  /** What the axis shows. */
  readonly label: string;
  /** The rows, from the top. */
  readonly rows: readonly DotRow[];
  /** How the axis is divided; on `"log"` all values are above 0. @default {"linear"} */
  readonly scale?: "linear" | "log";
  /** How values are written. @default {"number"} */
  readonly format?: "number" | "percent";
}

const NO_AXIS: Axis = { domain: [0, 1], ticks: [], position: () => 0, format: String };
const WIDTH = 760;
const ROW = 30;
const ABOVE = 62;
const BELOW = 58;
const NAME_LIMIT = 24;

/** Draws the rows over a common axis, each with its mean written at the right. */
export function dotChart(options: DotChartOptions): string {
  const { title, label, rows, scale = "linear", format = "number" } = options;
  const text = (value: number) =>
    format === "percent" ? `${(value * 100).toFixed(2)} %` : shortNumber(value);
  const names = rows.map(({ name }) => ellipsize(name, NAME_LIMIT));
  const means = rows.map(({ values }) => values.reduce((a, b) => a + b, 0) / values.length);
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map((t) => textWidth(t, TEXT)));
  const all = rows.flatMap(({ values }) => values);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const axis = scale === "log"
    ? logAxis(low, high)
    : linearAxis(low, high, { percent: format === "percent" });
  const height = ABOVE + ROW * rows.length + BELOW;
  const frame: Frame = {
    left: EDGE + widest(names) + 12,
    right: WIDTH - EDGE - widest(means.map(text)) - 12,
    top: ABOVE,
    bottom: height - BELOW,
  };
  const x = (value: number) => px(frame.left + axis.position(value) * (frame.right - frame.left));
  const drawn = rows.map(({ values }, i) => {
    const y = ABOVE + ROW * (i + 0.5);
    const [from, to] = [x(Math.min(...values)), x(Math.max(...values))];
    return [
      `<text class="ik-ink" x="${frame.left - 12}" y="${y + 4}" text-anchor="end">` +
      `${escapeMarkup(names[i]!)}</text>`,
      `<line class="ik-line" x1="${frame.left}" x2="${frame.right}" y1="${y}" y2="${y}" ` +
      `stroke-dasharray="2 4"/>`,
      `<g class="ik-s0" fill="currentColor" stroke="currentColor">`,
      `<title>${escapeMarkup(`${rows[i]!.name}: ${values.map(text).join(", ")}`)}</title>`,
      `<line x1="${from}" x2="${to}" y1="${y}" y2="${y}" stroke-width="2"/>`,
      ...values.map((v) => `<circle cx="${x(v)}" cy="${y}" r="3" stroke="none" opacity="0.45"/>`),
      `<circle cx="${x(means[i]!)}" cy="${y}" r="5.5" stroke="none"/>`,
      "</g>",
      `<text class="ik-ink" x="${WIDTH - EDGE}" y="${y + 4}" text-anchor="end">` +
      `${text(means[i]!)}</text>`,
    ].join("\n");
  });
  return svgDocument({
    title,
    description: `Dot chart of ${label}. Means: ` +
      rows.map(({ name }, i) => `${name} ${text(means[i]!)}`).join("; ") + ".",
    width: WIDTH,
    height,
    body: [
      ...drawAxes(frame, axis, NO_AXIS),
      ...drawn,
      `<text class="ik-muted" x="${px((frame.left + frame.right) / 2)}" ` +
      `y="${frame.bottom + 44}" text-anchor="middle">${escapeMarkup(label)}</text>`,
    ],
  });
}

function shortNumber(value: number): string {
  const size = Math.abs(value);
  return formatNumber(value, size < 10 ? 2 : size < 100 ? 1 : 0);
}
