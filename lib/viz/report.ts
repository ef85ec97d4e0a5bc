/**
 * The report of a run: one HTML page that holds everything it shows.
 *
 * @module
 */

import { escapeMarkup } from "./markup.ts";
import { REPORT_STYLE } from "./report_style.ts";

/** Rows of cells under column headings. */
export interface ReportTable {
  /** The headings; the first column names its row. */
  readonly columns: readonly string[];
  /** The cells, row by row, one per column. Numbers are aligned to the right. */
  readonly rows: readonly (readonly (string | number)[])[];
}

/** A part of the report under its own heading; it shows what it is given, in this order. */
export interface ReportSection {
  /** The heading. */
  readonly heading: string;
  /** A chart of `chart.ts`, put into the page as it is. */
  readonly svg?: string;
  /** A picture as the bytes of a PNG file. */
  readonly png?: Uint8Array;
  /** A moving picture as the bytes of a GIF file. */
  readonly gif?: Uint8Array;
  /**
   * What the picture shows, for readers who cannot see it.
   *
   * @default The caption, or the heading when there is none.
   */
  readonly alt?: string;
  /** A table. */
  readonly table?: ReportTable;
  /** Text in fixed columns, such as a classification report. */
  readonly pre?: string;
  /** A remark below. */
  readonly caption?: string;
}

/** What {@link reportHtml} puts together. */
export interface ReportOptions {
  /** The heading of the page, and the name of its tab. */
  readonly title: string;
  /** A line below the heading. */
  readonly subtitle?: string;
  /** The key numbers and settings: what it is, and its value. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** The parts, from the top. */
  readonly sections: readonly ReportSection[];
}

/**
 * What the page may do: show its own styles and embedded pictures. The browser then refuses scripts
 * and every request, whatever a chart might contain.
 */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/**
 * Puts a report together as one HTML page without script or link, for light and dark screens, for
 * phones and paper. All texts are escaped; only {@link ReportSection.svg} goes in as it is.
 *
 * @throws {RangeError} When a row of a table does not have one cell per column.
 */
export function reportHtml({ title, subtitle, facts, sections }: ReportOptions): string {
  return [
    "<!DOCTYPE html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8"/>',
    `<meta http-equiv="Content-Security-Policy" content="${escapeMarkup(POLICY)}"/>`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
    '<meta name="color-scheme" content="light dark"/>',
    `<title>${escapeMarkup(title)}</title>`,
    `<style>${REPORT_STYLE}</style>`,
    "</head>",
    "<body>",
    "<main>",
    "<header>",
    `<h1>${escapeMarkup(title)}</h1>`,
    ...(subtitle === undefined ? [] : [`<p>${escapeMarkup(subtitle)}</p>`]),
    "</header>",
    ...drawFacts(facts),
    ...sections.flatMap(drawSection),
    "</main>",
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function drawFacts(facts: ReportOptions["facts"]): string[] {
  if (facts.length === 0) return [];
  const items = facts.map(([label, value]) =>
    `<div><dt>${escapeMarkup(label)}</dt><dd>${escapeMarkup(value)}</dd></div>`
  );
  return ["<dl>", ...items, "</dl>"];
}

function drawSection(section: ReportSection): string[] {
  const { heading, svg, png, gif, alt, table, pre, caption } = section;
  const parts: string[] = [];
  if (svg !== undefined) parts.push(`<div class="chart"${scrollable(heading)}>${svg}</div>`);
  const picture = alt ?? caption ?? heading;
  if (png !== undefined) parts.push(drawPicture("png", png, picture));
  if (gif !== undefined) parts.push(drawPicture("gif", gif, picture));
  if (table !== undefined) parts.push(...drawTable(table, heading));
  if (pre !== undefined) parts.push(`<pre${scrollable(heading)}>${escapeMarkup(pre)}</pre>`);
  if (caption !== undefined) parts.push(`<p class="caption">${escapeMarkup(caption)}</p>`);
  return ["<section>", `<h2>${escapeMarkup(heading)}</h2>`, ...parts, "</section>"];
}

function drawPicture(type: "png" | "gif", bytes: Uint8Array, alt: string): string {
  return `<img src="data:image/${type};base64,${bytes.toBase64()}" alt="${escapeMarkup(alt)}"/>`;
}

function drawTable({ columns, rows }: ReportTable, heading: string): string[] {
  const odd = rows.find((row) => row.length !== columns.length);
  if (odd) {
    throw new RangeError(
      `Cannot draw the table "${heading}": each row must have ${columns.length} cells, ` +
        `got ${odd.length}.`,
    );
  }
  const head = columns.map((name, c) => {
    const numeric = rows.length > 0 && rows.every((row) => typeof row[c] === "number");
    return `<th scope="col"${numberClass(numeric)}>${escapeMarkup(name)}</th>`;
  });
  const body = rows.map((row) => {
    const cells = row.map((cell, c) => {
      const [tag, scope] = c === 0 ? ["th", ' scope="row"'] : ["td", ""];
      const type = numberClass(typeof cell === "number");
      return `<${tag}${scope}${type}>${escapeMarkup(String(cell))}</${tag}>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  });
  return [
    `<div class="scroll"${scrollable(heading)}>`,
    "<table>",
    `<thead><tr>${head.join("")}</tr></thead>`,
    `<tbody>${body.join("\n")}</tbody>`,
    "</table>",
    "</div>",
  ];
}

function numberClass(isNumber: boolean): string {
  return isNumber ? ' class="number"' : "";
}

/** The attributes of what may be wider than the page: it can be scrolled by keyboard too. */
function scrollable(heading: string): string {
  return ` tabindex="0" role="group" aria-label="${escapeMarkup(heading)}"`;
}
