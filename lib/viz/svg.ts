/**
 * What all charts share: the SVG document around them, colours for light and dark pages, and the
 * room that text takes.
 *
 * @module
 */

import { ellipsize, escapeMarkup } from "./markup.ts";

/** The fonts of charts and reports, whatever the reader's system has. */
export const FONT_FAMILY: string =
  "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif";

/** The font size of charts, in pixels. */
export const TEXT: number = 13;

/** The empty margin of charts, in pixels. */
export const EDGE: number = 20;

const HEADING = 17;

/** How many colours there are for series; a seventh series has the first colour again. */
export const SERIES_COLORS: number = 6;

/*
 * The style sheet of every chart. Colours come from classes with plain values, for viewers that do
 * not know CSS variables; `ik-s0` to `ik-s5`, `ik-hit` and `ik-miss` set `currentColor`. The series
 * colours follow the palette of Okabe and Ito (2008), which colour-blind readers can tell apart,
 * darkened for light paper.
 */
const CHART_STYLE = `
.ik-paper { fill: #fbfaf7; }
.ik-ink { fill: #1d222b; }
.ik-muted { fill: #555c68; }
.ik-line { stroke: #d9d7d0; }
.ik-s0 { color: #0072b2; }
.ik-s1 { color: #d55e00; }
.ik-s2 { color: #00936b; }
.ik-s3 { color: #b0508f; }
.ik-s4 { color: #8a6d00; }
.ik-s5 { color: #3f3f96; }
.ik-hit { color: #00588a; }
.ik-miss { color: #d55e00; }
.ik-on-hit { fill: #ffffff; }
@media screen and (prefers-color-scheme: dark) {
  .ik-paper { fill: #171a20; }
  .ik-ink { fill: #e8eaee; }
  .ik-muted { fill: #a4abb8; }
  .ik-line { stroke: #363c47; }
  .ik-s0 { color: #56b4e9; }
  .ik-s1 { color: #ff8c42; }
  .ik-s2 { color: #2ec99b; }
  .ik-s3 { color: #e39bcb; }
  .ik-s4 { color: #f0d44a; }
  .ik-s5 { color: #a9a6ff; }
  .ik-hit { color: #4aa3d6; }
  .ik-miss { color: #d9661f; }
  .ik-on-hit { fill: #0b0d11; }
}
`;

/** What {@link svgDocument} puts together. */
export interface SvgDocument {
  /** The heading, and the name of the picture for screen readers. */
  readonly title: string;
  /** What the picture shows, in words. */
  readonly description: string;
  /** Pixels from left to right. */
  readonly width: number;
  /** Pixels from top to bottom. */
  readonly height: number;
  /** The elements of the picture, as markup. */
  readonly body: readonly string[];
}

/**
 * Puts a chart together: a document with its own background, a heading and the common style sheet,
 * without script, font or link.
 */
export function svgDocument({ title, description, width, height, body }: SvgDocument): string {
  const heading = ellipsize(title, Math.floor((width - 2 * EDGE) / textWidth("0", HEADING)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
    `height="${height}" role="img" font-family="${FONT_FAMILY}" font-size="${TEXT}">`,
    `<title>${escapeMarkup(title)}</title>`,
    `<desc>${escapeMarkup(description)}</desc>`,
    `<style>${CHART_STYLE}</style>`,
    `<rect class="ik-paper" width="${width}" height="${height}" rx="8"/>`,
    `<text class="ik-ink" x="${EDGE}" y="36" font-size="${HEADING}" font-weight="600">` +
    `${escapeMarkup(heading)}</text>`,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

/**
 * About how wide a text is, in pixels, rather too much than too little: the fonts are the reader's.
 *
 * @param size The font size, in pixels.
 */
export function textWidth(text: string, size: number): number {
  let ems = 0;
  for (const character of text) ems += character.codePointAt(0)! >= 0x2e80 ? 1.05 : 0.62;
  return Math.ceil(ems * size);
}

/** Rounds a coordinate to a tenth of a pixel, which keeps the files short. */
export function px(value: number): number {
  return Math.round(value * 10) / 10;
}
