import { dotChart } from "../../lib/viz/dot_chart.ts";
import { assert } from "../deps.ts";
import { findAll, parseXml, textOf } from "./xml.ts";

const rows = [
  { name: "cnn", values: [0.98, 0.99, 0.985] },
  { name: "svm <rbf>", values: [0.94] },
];

Deno.test("dotChart() puts dots where the axis says, and the mean among its values", () => {
  const svg = parseXml(dotChart({ title: "t", label: "accuracy", format: "percent", rows }));
  const spots = findAll(svg, "circle").map(({ attributes }) => Number(attributes["cx"]));
  const [a, b, c, mean, other, otherMean] = spots as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  assert.equal(spots.length, 6);
  assert.ok(other < a && a < c && c < b);
  assert.ok(Math.abs((mean - a) / (b - a) - 0.5) < 0.02);
  assert.equal(other, otherMean);
  // Equal steps of value are equal steps in pixels.
  assert.ok(Math.abs((b - a) / (a - other) - 0.01 / 0.04) < 0.02);
  const texts = findAll(svg, "text").map(textOf);
  for (const text of ["cnn", "svm <rbf>", "98.50 %", "94.00 %"]) assert.ok(texts.includes(text));
});

Deno.test("dotChart() draws a logarithmic axis", () => {
  const log = [{ name: "a", values: [1] }, { name: "b", values: [10] }, {
    name: "c",
    values: [100],
  }];
  const svg = parseXml(dotChart({ title: "t", label: "s", scale: "log", rows: log }));
  const spots = findAll(svg, "circle").map(({ attributes }) => Number(attributes["cx"]));
  const [one, ten, hundred] = [spots[0]!, spots[2]!, spots[4]!];
  assert.ok(Math.abs((ten - one) - (hundred - ten)) < 0.5);
});
