import { splitValidation, takeFirst } from "../../lib/data/split.ts";
import { DataError } from "../../lib/errors.ts";
import { assert } from "../deps.ts";

const SET = {
  images: Uint8Array.of(0, 1, 10, 11, 20, 21, 30, 31),
  labels: Uint8Array.of(0, 1, 2, 3),
  count: 4,
  height: 1,
  width: 2,
};

Deno.test("takeFirst() keeps the first images and labels", () => {
  const { images, labels, count, width } = takeFirst(SET, 2);
  assert.deepEqual([...images], [0, 1, 10, 11]);
  assert.deepEqual([...labels], [0, 1]);
  assert.deepEqual([count, width], [2, 2]);
  assert.deepEqual(takeFirst(SET, 4), SET);
});

Deno.test("splitValidation() holds out the last images", () => {
  const { train, validation } = splitValidation(SET, 1);
  assert.deepEqual([...train.labels], [0, 1, 2]);
  assert.deepEqual([...train.images], [0, 1, 10, 11, 20, 21]);
  assert.deepEqual([...validation.labels], [3]);
  assert.deepEqual([...validation.images], [30, 31]);
  assert.deepEqual([train.count, validation.count], [3, 1]);
});

Deno.test("takeFirst() and splitValidation() refuse counts that a set cannot give", () => {
  assert.throws(() => takeFirst(SET, 5, "test images"), {
    name: "DataError",
    message: /first 5 test images: there are 4, got 5/,
  });
  assert.throws(() => splitValidation(SET, 4), DataError);
  for (const n of [0, -1, 1.5, NaN]) {
    assert.throws(() => takeFirst(SET, n), RangeError);
    assert.throws(() => splitValidation(SET, n), RangeError);
  }
});
