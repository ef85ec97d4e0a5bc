import { counted, grouped, scaledBytes, wrap } from "../lib/text.ts";
import { assert } from "./deps.ts";

Deno.test("grouped() and counted() write numbers for people", () => {
  assert.deepEqual([0, 999, 1437, 3199106].map(grouped), ["0", "999", "1 437", "3 199 106"]);
  const epochs = [0, 1, 2, 18_760].map((count) => counted(count, "epoch"));
  assert.deepEqual(epochs, ["0 epochs", "1 epoch", "2 epochs", "18 760 epochs"]);
});

Deno.test("scaledBytes() takes decimal units", () => {
  const sizes = [999, 1000, 11_594_722, 2.5e12].map(scaledBytes);
  assert.deepEqual(sizes, ["999 B", "1.0 kB", "11.6 MB", "2.5 TB"]);
});

Deno.test("wrap() breaks at spaces and leaves long words whole", () => {
  assert.deepEqual(wrap("one two  three incomprehensible x", 9), [
    "one two",
    "three",
    "incomprehensible",
    "x",
  ]);
});
