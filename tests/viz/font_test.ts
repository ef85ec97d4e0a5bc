import { assert } from "../deps.ts";
import { glyphRows, measureText } from "../../lib/viz/font.ts";

const CHARACTERS = [
  ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)),
  ..."→✓✗×·–…",
];

/** The picture of a character, one string per row. */
function picture(character: string): string[] {
  return glyphRows(character).map((row) => row.toString(2).padStart(5, ".").replaceAll("0", "."));
}

Deno.test("glyphRows() draws every character on 9 rows of 5 pixels", () => {
  for (const character of CHARACTERS) {
    const rows = glyphRows(character);
    assert.equal(rows.length, 9, character);
    for (const row of rows) assert.ok(Number.isInteger(row) && row >= 0 && row < 32, character);
  }
});

Deno.test("glyphRows() draws every character differently", () => {
  const seen = new Map(CHARACTERS.map((c) => [glyphRows(c).join(), c]));
  assert.equal(seen.size, CHARACTERS.length);
});

Deno.test("glyphRows() draws the shapes that it should", () => {
  assert.deepEqual(picture("L"), [
    ...["1....", "1....", "1....", "1....", "1....", "1....", "11111"],
    ...[".....", "....."],
  ]);
  assert.deepEqual(picture("/").slice(0, 6), [
    ...[".....", "....1", "...1.", "..1..", ".1...", "1...."],
  ]);
  assert.deepEqual(picture(" ").join(""), ".".repeat(45));
});

Deno.test("glyphRows() leaves the rows below the baseline to descenders", () => {
  const below = CHARACTERS.filter((c) => glyphRows(c).slice(7).some((row) => row !== 0));
  assert.equal(below.join(""), ",;_gjpqy|");
});

Deno.test("glyphRows() draws a box for a character that it does not have", () => {
  const box = picture("手");
  assert.deepEqual([box[0], box[1], box[6]], ["11111", "1...1", "11111"]);
  assert.deepEqual(picture("\n"), box);
});

Deno.test("measureText() counts characters and lines", () => {
  assert.deepEqual(measureText("", 3), { width: 0, height: 0 });
  assert.deepEqual(measureText("a", 1), { width: 5, height: 9 });
  assert.deepEqual(measureText("ab", 2), { width: 22, height: 18 });
  assert.deepEqual(measureText("a\n4→9", 2), { width: 34, height: 40 });
});
