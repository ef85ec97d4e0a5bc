import { SVC } from "../../../lib/classical/svm/svm.ts";
import { fitVirtual, withShifts } from "../../../lib/classical/svm/virtual.ts";
import { digits } from "../../../lib/data/digits.ts";
import { assert } from "../../deps.ts";

Deno.test("withShifts() appends the images moved left, right, up and down", () => {
  // deno-fmt-ignore
  const images = Uint8Array.of(
    1, 2, 3,
    4, 5, 6,

    7, 8, 9,
    10, 11, 12,
  );
  const set = { images, labels: Uint8Array.of(4, 5), count: 2, height: 2, width: 3 };
  const shifted = withShifts(set);
  // deno-fmt-ignore
  const expected = [
    1, 2, 3, 4, 5, 6,   7, 8, 9, 10, 11, 12,
    2, 3, 0, 5, 6, 0,   8, 9, 0, 11, 12, 0,
    0, 1, 2, 0, 4, 5,   0, 7, 8, 0, 10, 11,
    4, 5, 6, 0, 0, 0,   10, 11, 12, 0, 0, 0,
    0, 0, 0, 1, 2, 3,   0, 0, 0, 7, 8, 9,
  ];
  assert.deepEqual([...shifted.images], expected);
  assert.deepEqual([...shifted.labels], [4, 5, 4, 5, 4, 5, 4, 5, 4, 5]);
  assert.deepEqual([shifted.count, shifted.height, shifted.width], [10, 2, 3]);
});

Deno.test("withShifts() takes images of one row or one column", () => {
  const set = { images: Uint8Array.of(1, 2), labels: Uint8Array.of(0), count: 1 };
  const row = withShifts({ ...set, height: 1, width: 2 });
  assert.deepEqual([...row.images], [1, 2, 2, 0, 0, 1, 0, 0, 0, 0]);
  const column = withShifts({ ...set, height: 2, width: 1 });
  assert.deepEqual([...column.images], [1, 2, 0, 0, 0, 0, 2, 0, 0, 1]);
});

Deno.test("fitVirtual() keeps kernel and C, and reads moved digits better", async () => {
  const { train, test } = await digits();
  const svm = await SVC.fit(train, { C: 3 });
  const second = await fitVirtual(svm);
  assert.deepEqual(second.parameters, svm.parameters);
  assert.equal(second.C, 3);
  assert.ok(second.support.every((image) => image < 5 * svm.supportVectorCount));
  const moved = withShifts(test);
  const errors = async (machine: SVC) =>
    (await machine.predict(moved.images)).filter((label, i) => label !== moved.labels[i]).length;
  const [before, after] = [await errors(svm), await errors(second)];
  assert.ok(after < before / 2, `${before} errors before, ${after} after`);
  const other = await fitVirtual(svm, { C: 1, gamma: 0.001 });
  assert.deepEqual([other.C, other.parameters.gamma], [1, 0.001]);
});
