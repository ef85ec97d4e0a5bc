import { SVC } from "../../../lib/classical/svm/svm.ts";
import { withShifts } from "../../../lib/classical/shifts.ts";
import { fitVirtual } from "../../../lib/classical/svm/virtual.ts";
import { digits } from "../../../lib/data/digits.ts";
import { assert } from "../../deps.ts";

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
