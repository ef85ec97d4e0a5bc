import { assert, fc } from "../deps.ts";
import { confusionChart } from "../../lib/viz/chart.ts";
import { type Element, findAll, parseXml, textOf } from "./xml.ts";

/** The cells in reading order: what they say, and where and how strong they are. */
function cells(svg: Element) {
  return findAll(svg, "g").map((g) => {
    const rect = findAll(g, "rect")[0]!.attributes;
    return {
      kind: g.attributes["class"],
      text: textOf(findAll(g, "text")[0]!),
      hint: textOf(findAll(g, "title")[0]!),
      x: Number(rect["x"]),
      y: Number(rect["y"]),
      strength: Number(rect["fill-opacity"]),
    };
  });
}

const matrix = [[90, 9, 1], [0, 100, 0], [4, 0, 16]];
const svg = parseXml(confusionChart(matrix, ["cat", "dog", "owl"], "Pets"));

Deno.test("confusionChart() shows every count in its row and column", () => {
  const found = cells(svg);
  assert.deepEqual(found.map((c) => c.text), ["90", "9", "1", "·", "100", "·", "4", "·", "16"]);
  assert.equal(found[1]!.hint, "cat taken for dog: 9");
  // Names of 3 characters at 13 px and 0.62 em take 25 px: columns start at 20 + 25 + 10.
  assert.deepEqual(found.slice(0, 3).map((c) => c.x), [55, 99, 143]);
  assert.equal(new Set(found.slice(0, 3).map((c) => c.y)).size, 1);
  assert.equal(found[3]!.y - found[0]!.y, 34);
});

Deno.test("confusionChart() tells right from wrong, and much from little", () => {
  const found = cells(svg);
  assert.deepEqual(found.map((c) => c.kind === "ik-hit"), [
    ...[true, false, false],
    ...[false, true, false],
    ...[false, false, true],
  ]);
  const strength = found.map((c) => c.strength);
  assert.equal(strength[4], 1);
  assert.ok(strength[8]! < strength[0]! && strength[0]! < strength[4]!);
  // Of the mistakes, 9 is the most: 0.12 + 0.88 * 0.75; 4 and 1 are weaker by their square roots.
  assert.deepEqual([strength[1], strength[6], strength[2]], [0.78, 0.56, 0.34]);
});

Deno.test("confusionChart() names rows, columns, recall and accuracy", () => {
  const texts = findAll(svg, "text").map(textOf);
  for (const name of ["cat", "dog", "owl"]) {
    assert.equal(texts.filter((text) => text === name).length, 2);
  }
  for (const recall of ["90.00 %", "100.00 %", "80.00 %"]) assert.ok(texts.includes(recall));
  assert.ok(texts.some((text) => text.startsWith("206 of 220 right (93.64 %)")));
});

Deno.test("confusionChart() slopes long names and stays within the picture", () => {
  const names = ["T-shirt/top", "Ankle boot that is new"];
  const sloped = parseXml(confusionChart([[1, 0], [0, 1]], names, "t"));
  const turned = findAll(sloped, "text").filter((t) => t.attributes["transform"]);
  assert.deepEqual(turned.map(textOf), ["T-shirt/top", "Ankle boot that i…"]);
  const last = cells(sloped).at(-1)!;
  // 18 characters of 8.06 px at 40 degrees reach 112 px to the right of the last column's middle.
  assert.ok(Number(sloped.attributes["width"]) >= last.x + 22 + 112);
  assert.ok(last.y > 78 + 18 * 8.06 * Math.sin(40 * Math.PI / 180));
});

Deno.test("confusionChart() draws a matrix without images", () => {
  const empty = parseXml(confusionChart([[0]], ["a"], "t"));
  const texts = findAll(empty, "text").map(textOf);
  assert.ok(texts.includes("–"));
  assert.ok(texts.some((text) => text.startsWith("no images")));
});

Deno.test("confusionChart() refuses a matrix that does not fit the names", () => {
  assert.throws(() => confusionChart([[1, 2]], ["a", "b"], "t"), RangeError);
});

Deno.test("confusionChart() stays well formed with any names", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(fc.property(text, text, text, fc.nat(), (title, a, b, count) => {
    const chart = parseXml(confusionChart([[count, 1], [0, 2]], [a, b], title));
    assert.equal(cells(chart).length, 4);
  }));
});
