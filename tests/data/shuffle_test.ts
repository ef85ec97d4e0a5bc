import { epochOrder } from "../../lib/data/shuffle.ts";
import { assert } from "../deps.ts";

Deno.test("epochOrder() visits every image once, each epoch in its own reproducible order", () => {
  const first = epochOrder(1, 0, 100);
  assert.deepEqual([...first].sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => i));
  assert.deepEqual(epochOrder(1, 0, 100), first);
  assert.notDeepEqual(epochOrder(1, 1, 100), first);
  assert.notDeepEqual(epochOrder(2, 0, 100), first);
});
