import { assert, fc } from "../deps.ts";
import { ellipsize, escapeMarkup } from "../../lib/viz/markup.ts";
import { parseXml, textOf } from "./xml.ts";

/** Strings of any code units, with the dangerous ones made likely. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom("<", ">", "&", '"', "'", "]]>", "</style>", "-->", "\0", "\ud800", "&amp;"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
});

Deno.test("escapeMarkup() escapes the five characters of markup", () => {
  assert.equal(
    escapeMarkup(`<a b="c" d='e'>&amp;`),
    "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;",
  );
});

Deno.test("escapeMarkup() replaces what XML does not allow, and keeps the rest", () => {
  assert.equal(escapeMarkup("a\0b\x1fc\ud800d\uffff"), "a\ufffdb\ufffdc\ufffdd\ufffd");
  assert.equal(escapeMarkup("tab\tline\nπ手😀"), "tab\tline\nπ手😀");
});

Deno.test("escapeMarkup() makes any text safe as content and as attribute", () => {
  fc.assert(fc.property(anyText, (text) => {
    const escaped = escapeMarkup(text);
    const root = parseXml(`<a b="${escaped}">${escaped}</a>`);
    assert.equal(root.children.every((child) => typeof child === "string"), true);
    // deno-lint-ignore no-control-regex
    const control = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]/g;
    const expected = text.toWellFormed().replace(control, "\ufffd");
    assert.equal(textOf(root), expected);
    assert.equal(root.attributes["b"], expected);
  }));
});

Deno.test("ellipsize() cuts by characters, not within a surrogate pair", () => {
  assert.equal(ellipsize("short", 5), "short");
  assert.equal(ellipsize("longer", 5), "long…");
  assert.equal(ellipsize("😀😀😀", 2), "😀…");
});
