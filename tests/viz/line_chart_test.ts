import { assert, fc } from "../deps.ts";
import { lineChart, type LineChartOptions, type Point } from "../../lib/viz/chart.ts";
import { type Element, findAll, parseXml, textOf } from "./xml.ts";

const base = { title: "t", xLabel: "epoch", yLabel: "loss" };

function chart(series: LineChartOptions["series"], more: Partial<LineChartOptions> = {}): Element {
  return parseXml(lineChart({ ...base, series, ...more }));
}

function texts(svg: Element): string[] {
  return findAll(svg, "text").map(textOf);
}

function markers(svg: Element): [number, number][] {
  return findAll(svg, "circle").map(({ attributes }) => [
    Number(attributes["cx"]),
    Number(attributes["cy"]),
  ]);
}

/** The paths of the lines themselves; grid lines and samples in the legend have no line join. */
function paths(svg: Element): string[] {
  return findAll(svg, "path").filter((p) => p.attributes["stroke-linejoin"]).map((p) =>
    p.attributes["d"]!
  );
}

/** The baseline of the one text element that says this. */
function heightOf(svg: Element, text: string): number {
  const found = findAll(svg, "text").filter((element) => textOf(element) === text);
  assert.equal(found.length, 1, `${found.length} texts "${text}"`);
  return Number(found[0]!.attributes["y"]);
}

Deno.test("lineChart() puts values where the axes say", () => {
  const svg = chart([{ name: "a", points: [[1, 0], [3, 0.5], [5, 1]] }]);
  // Text is 13 px at 0.62 em per character. Left: 20 + 25 for "0.0" + 8. Right: 760 less 20, 41,
  // and 65 for "a 1.0000". Top and bottom: 82, and 420 less 58.
  assert.deepEqual(markers(svg), [[53, 362], [343.5, 222], [634, 82]]);
  assert.deepEqual(paths(svg), ["M53 362L343.5 222L634 82"]);
  assert.equal(heightOf(svg, "0.0"), 362 + 4.5);
  assert.equal(heightOf(svg, "1.0"), 82 + 4.5);
});

Deno.test("lineChart() puts values of a logarithmic axis by their ratio", () => {
  const points: Point[] = [[1, 1], [2, 0.01], [3, 0.1]];
  const svg = chart([{ name: "a", points }], { yScale: "log" });
  assert.deepEqual(markers(svg).map(([, y]) => y), [82, 362, 222]);
  assert.deepEqual(["0.01", "0.1", "1"].map((t) => texts(svg).includes(t)), [true, true, true]);
});

Deno.test("lineChart() says title, axes, epochs, names and last values", () => {
  const svg = chart([
    { name: "training", points: [[1, 0.9], [2, 0.25]], dashed: true },
    { name: "test", points: [[1, 0.8], [2, 0.0312]] },
  ], { title: "Loss of a network" });
  for (const text of ["Loss of a network", "epoch", "loss", "1", "2"]) {
    assert.ok(texts(svg).includes(text), text);
  }
  assert.ok(texts(svg).includes("training 0.2500"));
  assert.ok(texts(svg).includes("test 0.0312"));
  assert.equal(textOf(findAll(svg, "title")[0]!), "Loss of a network");
  assert.match(textOf(findAll(svg, "desc")[0]!), /loss by epoch.*test 0\.0312/);
  const dashes = findAll(svg, "path").filter((p) => p.attributes["stroke-linejoin"])
    .map((p) => p.attributes["stroke-dasharray"]);
  assert.deepEqual(dashes, ["7 5", undefined]);
});

Deno.test("lineChart() writes percent when told", () => {
  const points: Point[] = [[1, 0.95], [2, 0.9891]];
  const svg = chart([{ name: "test", points }], { yFormat: "percent" });
  assert.ok(texts(svg).includes("test 98.91 %"));
  assert.ok(texts(svg).includes("96 %"));
});

Deno.test("lineChart() leaves gaps where there is no value", () => {
  const gaps: Point[] = [[1, 1], [2, 2], [3, null], [4, NaN], [5, 3], [6, Infinity], [7, 1], [
    8,
    2,
  ]];
  const svg = chart([{ name: "a", points: gaps }]);
  assert.equal(paths(svg)[0]!.match(/M/g)!.length, 3);
  assert.equal(markers(svg).length, 5);
  const log = chart([{ name: "a", points: [[1, 1], [2, 0], [3, -1], [4, 2]] }], { yScale: "log" });
  assert.equal(markers(log).length, 2);
});

Deno.test("lineChart() draws one point, equal values, and nothing at all", () => {
  // The ticks have two decimals here, which takes 8 pixels more.
  const one = chart([{ name: "a", points: [[1, 0.3]] }]);
  assert.deepEqual(markers(one), [[(61 + 634) / 2, 222]]);
  const equal = chart([{ name: "a", points: [[1, 2], [2, 2]] }]);
  assert.equal(markers(equal)[0]![1], markers(equal)[1]![1]);
  for (
    const series of [[], [{ name: "a", points: [] }], [{ name: "a", points: [[1, NaN]] as const }]]
  ) {
    assert.ok(texts(chart(series)).includes("no data"));
    assert.ok(texts(chart(series, { yScale: "log" })).includes("no data"));
  }
});

Deno.test("lineChart() marks lone points of a long line too", () => {
  const points = Array.from({ length: 200 }, (_, x): Point => [x, x === 99 || x === 101 ? NaN : x]);
  assert.equal(markers(chart([{ name: "a", points }])).length, 1);
});

Deno.test("lineChart() keeps names apart, in the order of the lines, and off the plot", () => {
  const series = Array.from({ length: 25 }, (_, i) => ({
    name: `run ${i}`,
    points: [[1, 1], [2, 0.5 + i / 1000]] as const,
  }));
  const svg = chart(series);
  const names = findAll(svg, "text").filter((t) => textOf(t).startsWith("run "));
  const heights = names.map((t) => Number(t.attributes["y"]));
  assert.equal(names.length, 25);
  for (let i = 1; i < 25; i++) assert.ok(heights[i - 1]! - heights[i]! >= 18.9);
  const right = Math.max(...markers(svg).map(([x]) => x));
  for (const name of names) assert.ok(Number(name.attributes["x"]) > right + 30);
  const bottom = Number(svg.attributes["height"]);
  assert.ok(Math.min(...heights) > 70 && Math.max(...heights) < bottom - 40);
});

Deno.test("lineChart() widens for long names and cuts longer ones", () => {
  const name = "a name that is much longer than there is room for";
  const svg = chart([{ name, points: [[1, 1], [2, 2]] }], { width: 300 });
  assert.ok(texts(svg).includes("a name that is much longer … 2.0000"));
  assert.ok(Number(svg.attributes["width"]) > 300);
  const [first, last] = markers(svg) as [[number, number], [number, number]];
  assert.ok(last[0] - first[0] >= 240);
});

Deno.test("lineChart() works alone: it has light and dark colours and loads nothing", () => {
  const source = lineChart({ ...base, series: [] });
  assert.match(source, /prefers-color-scheme: dark/);
  const svg = parseXml(source);
  assert.equal(svg.attributes["xmlns"], "http://www.w3.org/2000/svg");
  assert.equal(svg.attributes["viewBox"], "0 0 760 420");
  for (const name of ["script", "image", "use", "a", "foreignObject"]) {
    assert.deepEqual(findAll(svg, name), []);
  }
  assert.doesNotMatch(source, /url\(|@import|@font-face|href/);
});

Deno.test("lineChart() stays well formed with any texts and values, and within its picture", () => {
  const text = fc.string({ unit: "binary" });
  const value = fc.oneof(fc.constant(null), fc.double(), fc.float({ min: 0, max: 1 }));
  const point = fc.tuple(fc.oneof(fc.nat(100), fc.double()), value);
  const options = fc.record({
    title: text,
    xLabel: text,
    yLabel: text,
    yScale: fc.constantFrom("linear" as const, "log" as const),
    xTicks: fc.constantFrom("integer" as const, "any" as const),
    yFormat: fc.constantFrom("number" as const, "percent" as const),
    series: fc.array(fc.record({ name: text, points: fc.array(point), dashed: fc.boolean() })),
  });
  fc.assert(fc.property(options, (given) => {
    const svg = parseXml(lineChart(given));
    assert.equal(findAll(svg, "script").length, 0);
    const [width, height] = [Number(svg.attributes["width"]), Number(svg.attributes["height"])];
    for (const [x, y] of markers(svg)) {
      assert.ok(x >= 0 && x <= width && y >= 0 && y <= height, `${x}, ${y}`);
    }
    for (const path of paths(svg)) assert.doesNotMatch(path, /NaN|Infinity/);
  }));
});
