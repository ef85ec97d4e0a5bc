/**
 * Axes: which values get a tick, how they are written, and where a value lies.
 *
 * @module
 */

/** More significant digits than a tick has: they only cut off rounding errors. */
const TICK_DIGITS = 12;

/** One axis of a chart. */
export interface Axis {
  /** The smallest and largest value that the axis shows. */
  readonly domain: readonly [min: number, max: number];
  /** The values with a tick, ascending, all within the domain. */
  readonly ticks: readonly number[];
  /** How far along the axis a value lies: 0 at the domain's start, 1 at its end. */
  readonly position: (value: number) => number;
  /** How the value of a tick is written. */
  readonly format: (value: number) => string;
}

/** The options of {@link linearAxis}. */
export interface LinearAxisOptions {
  /**
   * About how many ticks there should be.
   *
   * @default {5}
   */
  readonly count?: number;
  /**
   * Whether only integers get a tick.
   *
   * @default {false}
   */
  readonly integers?: boolean;
  /**
   * Whether the domain grows to the next tick on both sides.
   *
   * @default {true}
   */
  readonly nice?: boolean;
  /**
   * Whether `0.5` is written `50%`.
   *
   * @default {false}
   */
  readonly percent?: boolean;
}

/**
 * An axis in equal steps of 1, 2 or 5 times a power of ten.
 *
 * @param min The smallest value to show.
 * @param max The largest value to show; when it equals `min`, the axis shows some room around it.
 */
export function linearAxis(min: number, max: number, options: LinearAxisOptions = {}): Axis {
  const { count = 5, integers = false, nice = true, percent = false } = options;
  let [low, high] = [min, max];
  const size = Math.max(Math.abs(low), Math.abs(high));
  // Below this the steps would drown in rounding; the chart of a constant shows room around it.
  if (high - low <= 1e-9 * size + (integers ? 1e-9 : 1e-100)) {
    const room = Math.max(size / 10, integers || size < 1e-100 ? 1 : 0);
    [low, high] = [low - room, high + room];
  }
  const [mantissa, exponent] = niceStep((high - low) / count, integers);
  // A power of ten with a negative exponent has no exact double; dividing keeps 0.3 at 3 / 10.
  const value = (k: number) =>
    exponent < 0 ? k * mantissa / 10 ** -exponent : k * mantissa * 10 ** exponent;
  const step = value(1);
  const slack = 1e-9 * Math.min(1, (high - low) / step);
  if (nice) {
    low = Math.min(low, value(Math.floor(low / step + slack)));
    high = Math.max(high, value(Math.ceil(high / step - slack)));
  }
  const ticks: number[] = [];
  for (let k = Math.ceil(low / step - slack); k <= high / step + slack; k++) {
    ticks.push(value(k) || 0);
  }
  const decimals = Math.max(0, -exponent);
  return {
    domain: [low, high],
    ticks,
    position: (v) => (v - low) / (high - low),
    format: percent
      ? (v) => `${(v * 100).toFixed(Math.max(0, decimals - 2))} %`
      : decimals > 4 || Math.max(Math.abs(low), Math.abs(high)) >= 1e9
      ? (v) => formatExponent(v, TICK_DIGITS)
      : (v) => formatNumber(v, decimals),
  };
}

/**
 * A logarithmic axis with ticks at powers of ten, and at 2 and 5 times them when it spans few.
 *
 * @param min The smallest value to show, above zero.
 * @param max The largest value to show.
 */
export function logAxis(min: number, max: number): Axis {
  const span = Math.log10(max / min);
  const mantissas = span <= 2.5 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.round(span / 6));
  const candidates: number[] = [];
  const last = Math.ceil(Math.log10(max)) + every;
  for (let e = Math.floor(Math.log10(min)) - every; e <= last; e++) {
    if (e % every !== 0) continue;
    for (const m of mantissas) candidates.push(Number(`${m}e${e}`));
  }
  const low = candidates.findLast((tick) => tick <= min) ?? min;
  let high = candidates.find((tick) => tick >= max) ?? max;
  if (high === low) high = candidates.find((tick) => tick > low)!;
  const [from, to] = [Math.log10(low), Math.log10(high)];
  return {
    domain: [low, high],
    ticks: candidates.filter((tick) => tick >= low && tick <= high),
    position: (v) => (Math.log10(v) - from) / (to - from),
    format: (v) =>
      v < 1e-3 || v >= 1e6
        ? formatExponent(v, TICK_DIGITS)
        : formatNumber(v, Math.max(0, -Math.floor(Math.log10(v) + 1e-9))),
  };
}

/** Writes a number with a fixed count of decimals, and with thousands apart from 10 000 on. */
export function formatNumber(value: number, decimals: number): string {
  const [whole = "", fraction] = value.toFixed(decimals).split(".");
  const grouped = Math.abs(value) >= 1e4 ? whole.replace(/\B(?=(\d{3})+$)/g, "\u2009") : whole;
  return fraction ? `${grouped}.${fraction}` : grouped;
}

/** Writes a number as mantissa and exponent with at most `digits` significant digits: `1.5e-7`. */
export function formatExponent(value: number, digits: number): string {
  return value === 0 ? "0" : Number(value.toPrecision(digits)).toExponential().replace("e+", "e");
}

/** The step of 1, 2 or 5 times a power of ten that is nearest above `raw`, as both factors. */
function niceStep(raw: number, integers: boolean): [mantissa: number, exponent: number] {
  if (integers && raw <= 1) return [1, 0];
  const exponent = Math.floor(Math.log10(raw));
  const fraction = raw / 10 ** exponent;
  if (fraction <= 1 + 1e-9) return [1, exponent];
  if (fraction <= 2 + 1e-9) return [2, exponent];
  return fraction <= 5 + 1e-9 ? [5, exponent] : [1, exponent + 1];
}
