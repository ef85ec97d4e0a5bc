import { assert } from "../deps.ts";
import { findAll, parseXml, textOf } from "./xml.ts";

Deno.test("parseXml() reads elements, attributes and texts", () => {
  const root = parseXml('<a x="1 &lt; 2"><b/>one<b y="&quot;">&amp;two</b></a>\n');
  assert.equal(root.attributes["x"], "1 < 2");
  assert.deepEqual(findAll(root, "b").map((b) => b.attributes["y"]), [undefined, '"']);
  assert.equal(textOf(root), "one&two");
});

for (
  const bad of [
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a>&</a>",
    "<a>&nbsp;</a>",
    "<a>></a>",
    "<a x=1/>",
    '<a x="1" x="2"/>',
    '<a x="<"/>',
    "<a>\u0007</a>",
    "<a>\ud800</a>",
    "<a><!-- --></a>",
    "text",
  ]
) {
  Deno.test(`parseXml() refuses ${JSON.stringify(bad)}`, () => {
    assert.throws(() => parseXml(bad), SyntaxError);
  });
}
