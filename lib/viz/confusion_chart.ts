/**
 * A confusion matrix as a heat map, as self-contained SVG.
 *
 * @module
 */

import { checkMatrix, type ConfusionMatrix } from "../metrics/classification.ts";
import { ellipsize, escapeMarkup } from "./markup.ts";
import { formatNumber } from "./scale.ts";
import { EDGE, px, svgDocument, TEXT, textWidth } from "./svg.ts";

/** Sizes in pixels. */
const CELL_HEIGHT = 34;
const CELL_MIN_WIDTH = 44;
const ABOVE_NAMES = 78;
const GAP = 2;
const NAME_LIMIT = 18;

/** The slope of column names that are wider than their column, in degrees. */
const SLOPE = 40;

/** From this strength on, a blue cell carries its text in the page's colour: contrast 4 or more. */
const STRONG = 0.7;

/** Where the cells stand, in pixels. */
interface Layout {
  readonly left: number;
  readonly top: number;
  readonly cellWidth: number;
  readonly sloped: boolean;
  readonly namesRight: number;
}

/**
 * Draws the counts as a heat map: a row for each true class, a column for each predicted one. On
 * the diagonal (blue) the colour is as strong as the part of the row that is right; beside it
 * (orange) it grows with the square root of the count, so that rare mistakes show too.
 *
 * @returns An SVG document without script, font or link, for light and dark pages.
 * @throws {RangeError} When the matrix is not square or has another size than `classNames`.
 */
export function confusionChart(
  matrix: ConfusionMatrix,
  classNames: readonly string[],
  title: string,
): string {
  checkMatrix(matrix, classNames);
  const size = matrix.length;
  const names = classNames.map((name) => ellipsize(name, NAME_LIMIT));
  const supports = matrix.map((row) => row.reduce((a, b) => a + b, 0));
  const total = supports.reduce((a, b) => a + b, 0);
  const right = matrix.reduce((hits, row, c) => hits + row[c]!, 0);
  const worst = Math.max(1, ...matrix.flatMap((row, r) => row.filter((_, c) => c !== r)));

  const layout = layOut(matrix, names);
  const { left, top, cellWidth } = layout;
  const summary = total === 0
    ? "no images"
    : `${formatNumber(right, 0)} of ${formatNumber(total, 0)} right (${percent(right / total)})`;
  const key = `${summary}. Rows: truth, columns: prediction.`;
  const recallX = left + size * cellWidth + 14;
  const recallWidth = textWidth("100.00 %", TEXT);

  return svgDocument({
    title,
    description: `Confusion matrix of ${size} classes, ${key}`,
    width: Math.max(recallX + recallWidth, layout.namesRight, EDGE + textWidth(key, TEXT)) + EDGE,
    height: top + size * CELL_HEIGHT + EDGE,
    body: [
      `<text class="ik-muted" x="${EDGE}" y="60">${escapeMarkup(key)}</text>`,
      ...names.map((name, c) => drawColumnName(name, c, layout)),
      `<text class="ik-muted" x="${recallX}" y="${top - 10}">recall</text>`,
      ...matrix.flatMap((row, r) => {
        const middle = px(top + (r + 0.5) * CELL_HEIGHT + 4.5);
        const recall = supports[r] ? percent(row[r]! / supports[r]) : "–";
        return [
          `<text class="ik-ink" x="${left - 10}" y="${middle}" text-anchor="end">` +
          `${escapeMarkup(names[r]!)}</text>`,
          ...row.map((count, c) => {
            const share = c === r ? count / (supports[r] || 1) : 0.75 * Math.sqrt(count / worst);
            const hint = `${classNames[r]} taken for ${classNames[c]}: ${count}`;
            return drawCell(count, share, hint, r, c, layout);
          }),
          `<text class="ik-muted" x="${recallX}" y="${middle}">${recall}</text>`,
        ];
      }),
    ],
  });
}

function layOut(matrix: ConfusionMatrix, names: readonly string[]): Layout {
  const digits = matrix.flat().map((count) => textWidth(String(count), TEXT) + 10);
  const cellWidth = Math.max(CELL_MIN_WIDTH, ...digits);
  const longest = Math.max(...names.map((name) => textWidth(name, TEXT)));
  const sloped = longest > cellWidth - 6;
  const angle = sloped ? SLOPE * Math.PI / 180 : 0;
  const left = EDGE + longest + 10;
  return {
    left,
    top: Math.ceil(ABOVE_NAMES + Math.max(TEXT, longest * Math.sin(angle)) + 10),
    cellWidth,
    sloped,
    namesRight: Math.ceil(left + (matrix.length - 0.5) * cellWidth + longest * Math.cos(angle)),
  };
}

function drawColumnName(name: string, c: number, { left, top, cellWidth, sloped }: Layout): string {
  const x = px(left + (c + 0.5) * cellWidth);
  const y = top - 10;
  const place = sloped
    ? `transform="translate(${x} ${y}) rotate(-${SLOPE})"`
    : `x="${x}" y="${y}" text-anchor="middle"`;
  return `<text class="ik-ink" ${place}>${escapeMarkup(name)}</text>`;
}

function drawCell(
  count: number,
  share: number,
  hint: string,
  row: number,
  column: number,
  { left, top, cellWidth }: Layout,
): string {
  const x = px(left + column * cellWidth);
  const y = top + row * CELL_HEIGHT;
  const strength = count === 0 ? 0.05 : Math.round((0.12 + 0.88 * share) * 100) / 100;
  const kind = row === column ? "ik-hit" : "ik-miss";
  const onStrong = row === column && strength >= STRONG ? "ik-on-hit" : "ik-ink";
  const ink = count === 0 ? "ik-muted" : onStrong;
  return `<g class="${kind}"><title>${escapeMarkup(hint)}</title>` +
    `<rect x="${x}" y="${y}" width="${px(cellWidth - GAP)}" height="${CELL_HEIGHT - GAP}" rx="3" ` +
    `fill="currentColor" fill-opacity="${strength}"/>` +
    `<text class="${ink}" x="${px(x + (cellWidth - GAP) / 2)}" ` +
    `y="${px(y + CELL_HEIGHT / 2 + 3.5)}" text-anchor="middle">${count || "·"}</text></g>`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(2)} %`;
}
