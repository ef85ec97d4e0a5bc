import { withShifts } from "../../lib/classical/shifts.ts";
import { assert } from "../deps.ts";

Deno.test("withShifts() adds each image moved left, right, up and down", () => {
  // deno-fmt-ignore
  const images = Uint8Array.of(
    1, 2, 3,
    4, 5, 6,

    0, 7, 0,
    0, 0, 8,
  );
  const set = withShifts({ images, labels: Uint8Array.of(3, 9), count: 2, height: 2, width: 3 });
  assert.deepEqual([set.count, set.height, set.width], [10, 2, 3]);
  assert.deepEqual([...set.labels], [3, 9, 3, 9, 3, 9, 3, 9, 3, 9]);
  // deno-fmt-ignore
  assert.deepEqual([...set.images], [
    1, 2, 3, 4, 5, 6,   0, 7, 0, 0, 0, 8,
    2, 3, 0, 5, 6, 0,   7, 0, 0, 0, 8, 0,
    0, 1, 2, 0, 4, 5,   0, 0, 7, 0, 0, 0,
    4, 5, 6, 0, 0, 0,   0, 0, 8, 0, 0, 0,
    0, 0, 0, 1, 2, 3,   0, 0, 0, 0, 7, 0,
  ]);
});

Deno.test("withShifts() empties images of one pixel, and takes no images", () => {
  const one = { images: Uint8Array.of(9), labels: Uint8Array.of(1), count: 1, height: 1, width: 1 };
  assert.deepEqual([...withShifts(one).images], [9, 0, 0, 0, 0]);
  const none = {
    images: new Uint8Array(),
    labels: new Uint8Array(),
    count: 0,
    height: 8,
    width: 8,
  };
  assert.equal(withShifts(none).count, 0);
});
