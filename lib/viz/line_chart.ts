/**
 * Line charts as self-contained SVG: loss and accuracy by epoch.
 *
 * @module
 */

import {
  drawAxes,
  drawEndLabels,
  drawLine,
  drawNoData,
  type Frame,
  LABEL_GAP,
  LABEL_INDENT,
  type Line,
  type Spot,
} from "./line_parts.ts";
import { ellipsize, escapeMarkup } from "./markup.ts";
import { type Axis, formatExponent, formatNumber, linearAxis, logAxis } from "./scale.ts";
import { EDGE, px, SERIES_COLORS, svgDocument, TEXT, textWidth } from "./svg.ts";

/** A point of a series; `null`, NaN and infinity leave a gap in the line. */
export type Point = readonly [x: number, y: number | null];

/** One line of a {@link lineChart}. */
export interface Series {
  /** What the line shows, written at its end. */
  readonly name: string;
  /** The points, in drawing order. */
  readonly points: readonly Point[];
  /**
   * Whether the line is dashed.
   *
   * @default {false}
   */
  readonly dashed?: boolean;
}

/** What {@link lineChart} draws. */
export interface LineChartOptions {
  /** The heading. */
  readonly title: string;
  /** What the horizontal axis shows. */
  readonly xLabel: string;
  /** What the vertical axis shows. */
  readonly yLabel: string;
  /** The lines. */
  readonly series: readonly Series[];
  /**
   * How the vertical axis is divided. On `"log"`, values of zero and below leave a gap.
   *
   * @default {"linear"}
   */
  readonly yScale?: "linear" | "log";
  /**
   * How vertical values are written: `0.985`, or `98.5%` on a linear axis.
   *
   * @default {"number"}
   */
  readonly yFormat?: "number" | "percent";
  /**
   * Which horizontal values may have a tick: integers only, as epochs are, or any.
   *
   * @default {"integer"}
   */
  readonly xTicks?: "integer" | "any";
  /**
   * The width of the picture, in pixels; it grows when names and plot need more.
   *
   * @default {760}
   */
  readonly width?: number;
  /**
   * The height of the picture, in pixels; it grows when there are more series than fit.
   *
   * @default {420}
   */
  readonly height?: number;
}

/** Sizes in pixels. */
const TICK_GAP = 8;
const ABOVE_PLOT = 82;
const BELOW_PLOT = 58;
const MIN_PLOT_WIDTH = 240;

/** How many characters of a name are written at the end of its line. */
const NAME_LIMIT = 28;

/**
 * Draws lines over a common pair of axes. Each line is named at its right end with its last value,
 * outside of the plot, so that no label covers a line.
 *
 * @returns An SVG document without script, font or link, for light and dark pages.
 */
export function lineChart(options: LineChartOptions): string {
  const { title, xLabel, yLabel, series } = options;
  const room = ABOVE_PLOT + BELOW_PLOT + LABEL_GAP * series.length;
  const height = Math.max(options.height ?? 420, room);
  const isDrawn = drawnBy(options);
  const drawn = series.map((s) => s.points.filter(isDrawn));
  const labels = series.map((s, i) => endLabel(s.name, drawn[i]!.at(-1), options));
  const { xAxis, yAxis } = axes(drawn.flat(), options);

  const labelRoom = Math.max(0, ...labels.map((label) => textWidth(label, TEXT)));
  const tickRoom = Math.max(...yAxis.ticks.map((t) => textWidth(yAxis.format(t), TEXT)));
  const beside = LABEL_INDENT + labelRoom + EDGE;
  const left = EDGE + tickRoom + TICK_GAP;
  const width = Math.max(options.width ?? 760, left + MIN_PLOT_WIDTH + beside);
  const frame: Frame = {
    left,
    right: width - beside,
    top: ABOVE_PLOT,
    bottom: height - BELOW_PLOT,
  };
  const lines = series.map((s, i): Line => ({
    label: labels[i]!,
    color: i % SERIES_COLORS,
    dash: dashOf(s, i),
    runs: runs(s.points, isDrawn, (x, y) => ({
      x: px(frame.left + xAxis.position(x) * (frame.right - frame.left)),
      y: px(frame.bottom - yAxis.position(y) * (frame.bottom - frame.top)),
      hint: `${s.name}, ${xLabel} ${x}: ${valueText(y, options)}`,
    })),
  }));

  const last = labels.join("; ") || "none";
  return svgDocument({
    title,
    description: `Line chart of ${yLabel} by ${xLabel}. Last values: ${last}.`,
    width,
    height,
    body: [
      `<text class="ik-muted" x="${EDGE}" y="62">${escapeMarkup(yLabel)}</text>`,
      ...drawAxes(frame, xAxis, yAxis),
      `<text class="ik-muted" x="${px((frame.left + frame.right) / 2)}" ` +
      `y="${frame.bottom + 44}" text-anchor="middle">${escapeMarkup(xLabel)}</text>`,
      ...(drawn.flat().length === 0 ? [drawNoData(frame)] : []),
      ...lines.flatMap(drawLine),
      ...drawEndLabels(lines, frame),
    ],
  });
}

/** Which points can be drawn; a value that a float32 cannot hold is no measurement of ours. */
function drawnBy({ yScale }: LineChartOptions): (point: Point) => point is [number, number] {
  return (point): point is [number, number] => {
    const [x, y] = point;
    if (y === null || !Number.isFinite(Math.fround(x)) || !Number.isFinite(Math.fround(y))) {
      return false;
    }
    return yScale !== "log" || Math.fround(y) > 0;
  };
}

interface Axes {
  readonly xAxis: Axis;
  readonly yAxis: Axis;
}

function axes(points: readonly (readonly [number, number])[], options: LineChartOptions): Axes {
  const range = (values: readonly number[]): [number, number] =>
    values.length === 0 ? [0, 1] : [
      values.reduce((a, b) => Math.min(a, b)),
      values.reduce((a, b) => Math.max(a, b)),
    ];
  const integers = options.xTicks !== "any";
  const [low, high] = range(points.map(([, y]) => y));
  return {
    xAxis: linearAxis(...range(points.map(([x]) => x)), {
      count: integers ? 12 : 8,
      nice: false,
      integers,
    }),
    yAxis: options.yScale === "log"
      ? logAxis(low || 0.1, high)
      : linearAxis(low, high, { percent: options.yFormat === "percent" }),
  };
}

/** Cuts a series at its gaps and turns what is left into places. */
function runs(
  points: readonly Point[],
  isDrawn: (point: Point) => point is [number, number],
  place: (x: number, y: number) => Spot,
): Spot[][] {
  const found: Spot[][] = [[]];
  for (const point of points) {
    if (isDrawn(point)) found.at(-1)!.push(place(...point));
    else found.push([]);
  }
  return found.filter((run) => run.length > 0);
}

function dashOf({ dashed }: Series, index: number): string {
  if (dashed) return "7 5";
  return index >= SERIES_COLORS ? "2 3" : "";
}

function valueText(value: number, { yFormat }: LineChartOptions): string {
  if (yFormat === "percent") return `${(value * 100).toFixed(2)} %`;
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return formatExponent(value, 3);
  return formatNumber(value, size < 10 ? 4 : size < 1000 ? 2 : 0);
}

function endLabel(
  name: string,
  last: readonly [number, number] | undefined,
  options: LineChartOptions,
): string {
  const short = ellipsize(name, NAME_LIMIT);
  return last ? `${short} ${valueText(last[1], options)}` : `${short} (no data)`;
}
