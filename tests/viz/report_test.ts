import { assert, fc } from "../deps.ts";
import { lineChart } from "../../lib/viz/chart.ts";
import { encodePng } from "../../lib/viz/png.ts";
import { reportHtml, type ReportSection } from "../../lib/viz/report.ts";
import { type Element, findAll, parseXml, textOf } from "./xml.ts";

const DOCTYPE = "<!DOCTYPE html>\n";

/** The page as a tree: it is written so that it is well-formed XML too, but for the first line. */
function parsePage(html: string): Element {
  assert.ok(html.startsWith(DOCTYPE));
  return parseXml(html.slice(DOCTYPE.length));
}

function page(...sections: ReportSection[]): Element {
  return parsePage(reportHtml({ title: "A run", facts: [], sections }));
}

Deno.test("reportHtml() has a language, a title, one main heading and one per section", () => {
  const html = page({ heading: "Loss" }, { heading: "Accuracy" });
  assert.equal(html.attributes["lang"], "en");
  assert.deepEqual(findAll(html, "title").map(textOf), ["A run"]);
  assert.deepEqual(findAll(html, "h1").map(textOf), ["A run"]);
  assert.deepEqual(findAll(html, "h2").map(textOf), ["Loss", "Accuracy"]);
});

Deno.test("reportHtml() lists the facts in pairs", () => {
  const facts = [["Accuracy", "98.96 %"], ["Seed", "7"]] as const;
  const html = parsePage(reportHtml({ title: "t", subtitle: "today", facts, sections: [] }));
  const terms = findAll(html, "dt").map(textOf);
  const values = findAll(html, "dd").map(textOf);
  assert.deepEqual(terms.map((term, i) => [term, values[i]]), facts);
  assert.equal(textOf(findAll(html, "header")[0]!).trim(), "t\ntoday");
});

Deno.test("reportHtml() embeds pictures with their bytes and a text in their place", () => {
  const png = encodePng({ data: Uint8Array.of(0, 255), width: 2, height: 1, channels: 1 });
  const html = page(
    { heading: "A", png },
    { heading: "B", png, caption: "two pixels" },
    { heading: "C", png, caption: "two pixels", alt: "black, white" },
  );
  const images = findAll(html, "img").map((img) => img.attributes);
  assert.deepEqual(images.map((img) => img["alt"]), ["A", "two pixels", "black, white"]);
  const [type, data] = images[0]!["src"]!.split(",");
  assert.equal(type, "data:image/png;base64");
  assert.deepEqual(Uint8Array.from(atob(data!), (c) => c.charCodeAt(0)), png);
});

Deno.test("reportHtml() shows charts, text and captions as they are", () => {
  const svg = lineChart({ title: "Loss", xLabel: "x", yLabel: "y", series: [] });
  const html = page({ heading: "A", svg, pre: "  a <b>\n    1 & 2", caption: "it's" });
  assert.equal(findAll(html, "svg").length, 1);
  assert.equal(textOf(findAll(html, "pre")[0]!), "  a <b>\n    1 & 2");
  const captions = findAll(html, "p").filter((p) => p.attributes["class"] === "caption");
  assert.deepEqual(captions.map(textOf), ["it's"]);
});

Deno.test("reportHtml() draws tables with headings for columns and rows", () => {
  const table = { columns: ["epoch", "note"], rows: [[1, "first"], [2, "<last>"]] };
  const html = page({ heading: "A", table });
  const heads = findAll(html, "th").map((th) => [th.attributes["scope"], textOf(th)]);
  assert.deepEqual(heads, [["col", "epoch"], ["col", "note"], ["row", "1"], ["row", "2"]]);
  assert.deepEqual(findAll(html, "td").map(textOf), ["first", "<last>"]);
  const numbers = findAll(html, "th").map((th) => th.attributes["class"]);
  assert.deepEqual(numbers, ["number", undefined, "number", "number"]);
});

Deno.test("reportHtml() refuses a table with a row that is too short", () => {
  const table = { columns: ["a", "b"], rows: [["only one"]] };
  assert.throws(() => page({ heading: "A", table }), {
    name: "RangeError",
    message: /each row must have 2 cells, got 1/,
  });
});

Deno.test("reportHtml() needs nothing from outside and forbids it", () => {
  const html = page({ heading: "A", pre: "text" });
  const policy = findAll(html, "meta").find((m) => m.attributes["http-equiv"])!.attributes;
  assert.equal(policy["http-equiv"], "Content-Security-Policy");
  assert.match(policy["content"]!, /^default-src 'none'; img-src data:;/);
  for (const name of ["script", "link", "iframe", "a"]) assert.deepEqual(findAll(html, name), []);
  assert.doesNotMatch(textOf(findAll(html, "style")[0]!), /url\(|@import/);
});

Deno.test("reportHtml() keeps any text from becoming markup", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("<script>alert(1)</script>", "</style></title>", '" onload="x', "]]>", "&lt;"),
  );
  fc.assert(fc.property(text, (t) => {
    const png = new Uint8Array(1);
    const table = { columns: [t], rows: [[t]] };
    const section = { heading: t, png, pre: t, table, caption: t, alt: t };
    const html = parsePage(
      reportHtml({ title: t, subtitle: t, facts: [[t, t]], sections: [section] }),
    );
    const plain = parsePage(reportHtml({
      title: "x",
      subtitle: "x",
      facts: [["x", "x"]],
      sections: [{
        heading: "x",
        png,
        pre: "x",
        table: { columns: ["x"], rows: [["x"]] },
        caption: "x",
      }],
    }));
    const shape = (element: Element): string =>
      `${element.name}[${Object.keys(element.attributes)}](${
        element.children.map((c) => typeof c === "string" ? "" : shape(c)).join("")
      })`;
    assert.equal(shape(html), shape(plain));
  }));
});
