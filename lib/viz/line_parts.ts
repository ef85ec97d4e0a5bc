/**
 * The pieces that a line chart is drawn of, as SVG elements: axes, lines, and names at their ends.
 *
 * @module
 */

import { escapeMarkup } from "./markup.ts";
import type { Axis } from "./scale.ts";
import { px } from "./svg.ts";

/** A point in its place. */
export interface Spot {
  /** Pixels from the left edge of the chart. */
  readonly x: number;
  /** Pixels from the top edge of the chart. */
  readonly y: number;
  /** What is said about the point when it is pointed at. */
  readonly hint: string;
}

/** A series in its place. */
export interface Line {
  /** The text at its end. */
  readonly label: string;
  /** The number of its colour, `0..SERIES_COLORS - 1`. */
  readonly color: number;
  /** Its `stroke-dasharray`, empty for a solid line. */
  readonly dash: string;
  /** Runs of neighbouring points without a gap. */
  readonly runs: readonly (readonly Spot[])[];
}

/** The plot's edges, in pixels. */
export interface Frame {
  /** The first column. */
  readonly left: number;
  /** The last column. */
  readonly right: number;
  /** The first row. */
  readonly top: number;
  /** The last row. */
  readonly bottom: number;
}

/** From one line of labels to the next, in pixels. */
export const LABEL_GAP: number = 19;

/** From the plot's right edge to the text of the labels, in pixels. */
export const LABEL_INDENT: number = 41;

const SWATCH = { from: 10, to: 34 } as const;

/** A line with more points than this shows no marker on each. */
const MARKED_POINTS = 60;

/** Draws grid lines with their values at the left, and ticks with their values below. */
export function drawAxes({ left, right, top, bottom }: Frame, xAxis: Axis, yAxis: Axis): string[] {
  const ticksY = yAxis.ticks.map((tick) => {
    const y = px(bottom - yAxis.position(tick) * (bottom - top));
    return `<path class="ik-line" d="M${left} ${y}H${right}"/>` +
      `<text class="ik-muted" x="${left - 8}" y="${px(y + 4.5)}" text-anchor="end">` +
      `${escapeMarkup(yAxis.format(tick))}</text>`;
  });
  const ticksX = xAxis.ticks.map((tick) => {
    const x = px(left + xAxis.position(tick) * (right - left));
    return `<path class="ik-line" d="M${x} ${bottom}v6"/>` +
      `<text class="ik-muted" x="${x}" y="${bottom + 22}" text-anchor="middle">` +
      `${escapeMarkup(xAxis.format(tick))}</text>`;
  });
  return [...ticksY, ...ticksX];
}

/** Says in the middle of the plot that there is nothing to draw. */
export function drawNoData({ left, right, top, bottom }: Frame): string {
  return `<text class="ik-muted" x="${px((left + right) / 2)}" y="${px((top + bottom) / 2)}" ` +
    'text-anchor="middle">no data</text>';
}

/** Draws one line, with a marker on each point when they are few. */
export function drawLine({ runs, color, dash }: Line): string[] {
  const spots = runs.flat();
  const path = runs.map((run) => `M${run.map(({ x, y }) => `${x} ${y}`).join("L")}`).join("");
  const marked = spots.length <= MARKED_POINTS ? spots : runs.filter((r) => r.length === 1).flat();
  return [
    `<g class="ik-s${color}" fill="currentColor">`,
    `<path d="${path}" fill="none" stroke="currentColor" stroke-width="2" ` +
    `stroke-linejoin="round" stroke-linecap="round"${dashAttribute(dash)}/>`,
    ...marked.map(({ x, y, hint }) =>
      `<circle cx="${x}" cy="${y}" r="3"><title>${escapeMarkup(hint)}</title></circle>`
    ),
    "</g>",
  ];
}

/**
 * Names each line at the height of its last point, or as near to it as the other names leave room,
 * with a sample of its stroke before the name.
 */
export function drawEndLabels(lines: readonly Line[], frame: Frame): string[] {
  const ends = lines.map((line) => line.runs.at(-1)?.at(-1));
  const places = spread(ends.map((end) => end?.y ?? frame.bottom), frame.top, frame.bottom);
  return lines.map(({ label, color, dash }, i) => {
    const y = px(places[i]!);
    const end = ends[i];
    const swatch = `M${frame.right + SWATCH.from} ${y}H${frame.right + SWATCH.to}`;
    // A line that ends before the right edge has no leader: it would run across the other lines.
    const leader = end && frame.right - end.x < 1
      ? `<path d="M${px(end.x + 4)} ${end.y}L${frame.right + SWATCH.from} ${y}" ` +
        'stroke="currentColor" stroke-opacity="0.45"/>'
      : "";
    return `<g class="ik-s${color}">${leader}<path d="${swatch}" stroke="currentColor" ` +
      `stroke-width="2.5"${dashAttribute(dash)}/></g>` +
      `<text class="ik-ink" x="${frame.right + LABEL_INDENT}" y="${px(y + 4.5)}">` +
      `${escapeMarkup(label)}</text>`;
  });
}

function dashAttribute(dash: string): string {
  return dash && ` stroke-dasharray="${dash}"`;
}

/** Moves heights apart until neighbours have room for a line of text, keeping their order. */
function spread(heights: readonly number[], top: number, bottom: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]!);
  const places = [...heights];
  let free = top;
  for (const i of order) {
    places[i] = Math.max(places[i]!, free);
    free = places[i]! + LABEL_GAP;
  }
  let limit = bottom;
  for (const i of order.reverse()) {
    places[i] = Math.min(places[i]!, limit);
    limit = places[i]! - LABEL_GAP;
  }
  return places;
}
