import { UsageError } from "../../lib/errors.ts";
import { parseLabels } from "../../lib/generate/labels.ts";
import { assert, fc } from "../deps.ts";

Deno.test("labels are numbers and ranges, in the order given", () => {
  assert.deepEqual(parseLabels(["0-9"], 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(parseLabels(["7", " 7", "3"], 10), [7, 7, 3]);
  assert.deepEqual(parseLabels(["8-9", "0", "4-4"], 10), [8, 9, 0, 4]);
});

Deno.test("what is no class is refused by name", () => {
  for (const word of ["10", "-1", "3-2", "0-10", "x", "1.5", "1-", "-", "1-2-3", "0x1", "٣"]) {
    assert.throws(() => parseLabels(["0", word], 10), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /--labels takes numbers from 0 to 9/);
      assert.ok(error.message.endsWith(`got ${word}`));
      return true;
    });
  }
});

Deno.test("every range names its classes", () => {
  fc.assert(fc.property(fc.nat(20), fc.nat(20), (a, b) => {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    const labels = parseLabels([`${from}-${to}`], to + 1);
    assert.deepEqual(labels, Array.from({ length: to - from + 1 }, (_, i) => from + i));
  }));
});
