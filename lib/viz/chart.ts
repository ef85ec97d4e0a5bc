/**
 * Charts as self-contained SVG documents.
 *
 * @module
 */

export { lineChart, type LineChartOptions, type Point, type Series } from "./line_chart.ts";
export { confusionChart } from "./confusion_chart.ts";
