/**
 * The style sheet of reports.
 *
 * @module
 */

import { FONT_FAMILY } from "./svg.ts";

/** Colours for light and dark screens, a grid of facts that fits any width, and rules for paper. */
export const REPORT_STYLE: string = `
:root {
  color-scheme: light dark;
  --page: #efede7;
  --card: #fbfaf7;
  --ink: #1d222b;
  --muted: #555c68;
  --line: #d9d7d0;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #0e1014;
    --card: #171a20;
    --ink: #e8eaee;
    --muted: #a4abb8;
    --line: #363c47;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0;
  background: var(--page);
  color: var(--ink);
  font: 16px/1.5 ${FONT_FAMILY};
}
main { max-width: 880px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { margin: 0; font-size: 28px; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 0 0 12px; font-size: 19px; line-height: 1.3; overflow-wrap: anywhere; }
header p { margin: 4px 0 0; color: var(--muted); overflow-wrap: anywhere; }
section { margin-top: 40px; }
dl {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(190px, 1fr));
  gap: 1px;
  margin: 24px 0 0;
  border: 1px solid var(--line);
  border-radius: 8px;
  overflow: hidden;
  background: var(--card);
}
dl div { padding: 10px 14px; box-shadow: 0 0 0 1px var(--line); }
dt { color: var(--muted); font-size: 13px; }
dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.chart, .scroll { overflow-x: auto; }
.chart svg { display: block; max-width: max(100%, 560px); height: auto; }
img { display: block; max-width: 100%; height: auto; border-radius: 8px; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 14px; border-bottom: 1px solid var(--line); text-align: left; }
th:first-child, td:first-child { padding-left: 0; }
th { font-weight: 600; }
tbody th { font-weight: 400; }
.number { text-align: right; }
pre {
  margin: 0;
  padding: 14px 16px;
  border: 1px solid var(--line);
  border-radius: 8px;
  background: var(--card);
  overflow-x: auto;
  font: 13px/1.45 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
.caption { margin: 8px 0 0; color: var(--muted); font-size: 14px; }
@media print {
  body { background: none; font-size: 11pt; }
  main { max-width: none; padding: 0; }
  section { margin-top: 20pt; break-inside: avoid; }
  h2 { break-after: avoid; }
  pre { white-space: pre-wrap; }
  .chart svg { width: auto; max-width: 100%; max-height: 80mm; }
  img { max-height: 100mm; }
}
`;
