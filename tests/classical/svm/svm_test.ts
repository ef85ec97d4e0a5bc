import type { SVCOptions } from "../../../lib/classical/svm/options.ts";
import { SVC } from "../../../lib/classical/svm/svm.ts";
import { digits } from "../../../lib/data/digits.ts";
import { loadDataset } from "../../../lib/data/load.ts";
import type { ImageSet } from "../../../lib/data/types.ts";
import { CheckpointError, DataError, UsageError } from "../../../lib/errors.ts";
import { confusionMatrix } from "../../../lib/metrics/classification.ts";
import { Random } from "../../../lib/random.ts";
import { assertAllClose } from "../../allclose.ts";
import { assert, fc } from "../../deps.ts";
import fixture from "../../fixtures/svm.json" with { type: "json" };
import { seeds, select, separable } from "./data.ts";

const SHARED = new URL("../../../../shared/datasets", import.meta.url);
const shared = await Deno.stat(SHARED).then(() => true, () => false);
const { train, test } = await digits();
/** All digits in file order, as scikit-learn has them. */
const all: ImageSet = {
  ...train,
  images: Uint8Array.of(...train.images, ...test.images),
  labels: Uint8Array.of(...train.labels, ...test.labels),
  count: train.count + test.count,
};

/** How many labels are right. */
function hits(predicted: Uint8Array, { labels }: ImageSet): number {
  return predicted.filter((label, i) => label === labels[i]).length;
}

Deno.test("SVC on the digits makes the published confusion matrix", async () => {
  const svm = await SVC.fit(train);
  assertAllClose([svm.parameters.gamma], [0.00043285629156284344], { rtol: 1e-12, atol: 0 });
  assert.equal(svm.supportVectorCount, 646);
  const predicted = await svm.predict(test.images);
  assert.deepEqual(confusionMatrix(test.labels, predicted, 10), [
    [34, 0, 0, 0, 1, 0, 0, 0, 0, 0],
    [0, 36, 0, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 35, 0, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 27, 0, 2, 0, 2, 6, 0],
    [0, 0, 0, 0, 34, 0, 0, 0, 1, 2],
    [0, 0, 0, 0, 0, 37, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 37, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 35, 1, 0],
    [0, 1, 0, 0, 0, 0, 0, 0, 31, 1],
    [0, 0, 0, 1, 0, 1, 0, 1, 1, 33],
  ]);
});

for (const expected of fixture.cases) {
  Deno.test(`SVC does as scikit-learn: ${expected.title}`, async () => {
    const rows = [...all.labels.keys()];
    if (expected.backwards) rows.reverse();
    const chosen = rows.filter((row) => expected.classes?.includes(all.labels[row]!) ?? true);
    const cut = expected.train;
    const svm = await SVC.fit(select(all, chosen.slice(0, cut)), {
      scale: expected.scale,
      ...expected.options as SVCOptions,
    });
    assertAllClose([svm.parameters.gamma], [expected.gamma], { rtol: 1e-12, atol: 0 });
    assert.deepEqual([...svm.nSupport], expected.nSupport);
    assert.deepEqual([...svm.support], expected.support);
    assertAllClose(
      expected.coefficientsAt.map((at) => svm.dualCoef[at]!),
      expected.coefficients,
      { rtol: 1e-6, atol: 1e-9 },
    );
    assertAllClose([Math.hypot(...svm.dualCoef)], [expected.coefficientNorm], { rtol: 1e-7 });
    assertAllClose(svm.intercept, expected.intercept, { rtol: 1e-6 });

    const { images } = select(all, chosen.slice(cut, cut + expected.test));
    assert.deepEqual([...await svm.predict(images)], expected.predictions);
    const shown = images.subarray(0, expected.decisions.length * 64);
    assertAllClose(await svm.decisionFunction(shown), expected.decisions.flat(), { rtol: 1e-6 });
  });
}

Deno.test({
  name: "SVC on 10 000 images of MNIST does as scikit-learn",
  ignore: !shared,
  async fn() {
    const dir = SHARED.pathname;
    const mnist = await loadDataset({ dataset: "mnist", dir, allowFetch: false, subset: 10_000 });
    const svm = await SVC.fit(mnist.train, { scale: 1 / 255 });
    assert.equal(svm.supportVectorCount, 3745);
    assert.equal(hits(await svm.predict(mnist.test.images), mnist.test), 9594);
  },
});

Deno.test("SVC gives the same bits whatever the number of workers", async () => {
  const set = select(train, [...Array(400).keys()]);
  const alone = await SVC.fit(set, { jobs: 1 });
  const decisions = await alone.decisionFunction(all.images, { jobs: 1 });
  for (const jobs of [2, 3]) {
    const progress: number[] = [];
    const onProgress = (done: number, total: number) => progress.push(done / total * 45);
    const together = await SVC.fit(set, { jobs, onProgress });
    assert.deepEqual(together.save(), alone.save());
    assertAllClose(progress, Array.from({ length: 45 }, (_, i) => i + 1), { rtol: 1e-12 });
    assert.deepEqual(await together.decisionFunction(all.images, { jobs }), decisions);
  }
});

Deno.test("SVC keeps so few kernel rows as it is told, with the same result", async () => {
  const set = select(train, [...Array(300).keys()]);
  const roomy = await SVC.fit(set, { jobs: 1 });
  const tight = await SVC.fit(set, { jobs: 1, cacheSize: 1e-6 });
  assert.deepEqual(tight.save(), roomy.save());
});

Deno.test("SVC predicts the same after the training rows of a separable problem change places", async () => {
  const property = fc.asyncProperty(
    seeds,
    fc.integer({ min: 2, max: 4 }),
    fc.constantFrom("rbf" as const, "linear" as const),
    async (seed, classes, kernel) => {
      const set = separable(classes, 30, 6, seed);
      const probe = separable(classes, 40, 6, seed + 1);
      const order = new Random(seed, "order").permutation(set.count);
      const options = { kernel, C: 100, scale: 1 / 255, gamma: 1, jobs: 1 };
      const one = await SVC.fit(set, options);
      const other = await SVC.fit(select(set, order), options);
      assert.deepEqual(await one.predict(set.images), set.labels);
      assert.deepEqual(await other.predict(set.images), set.labels);
      assert.deepEqual(await other.predict(probe.images), await one.predict(probe.images));
    },
  );
  await fc.assert(property, { seed: 1, numRuns: 40 });
});

Deno.test("SVC.load() gives back what save() took, exactly", async () => {
  const property = fc.asyncProperty(
    seeds,
    fc.integer({ min: 2, max: 5 }),
    fc.constantFrom("rbf" as const, "linear" as const, "poly" as const),
    fc.double({ min: 1e-3, max: 10, noNaN: true }),
    async (seed, classes, kernel, C) => {
      const set = separable(classes, 25, 5, seed);
      const svm = await SVC.fit(set, { kernel, C, scale: 1 / 255, coef0: 0.1, jobs: 1 });
      const bytes = svm.save({ dataset: "made up", deskew: "no" });
      const loaded = SVC.load(bytes);
      assert.deepEqual(loaded.metadata, { dataset: "made up", deskew: "no" });
      assert.deepEqual(loaded.save(), bytes);
      for (
        const key of ["parameters", "C", "classes", "nSupport", "support", "supportImages"] as const
      ) assert.deepEqual(loaded[key], svm[key]);
      assert.deepEqual(
        await loaded.decisionFunction(set.images),
        await svm.decisionFunction(set.images),
      );
    },
  );
  await fc.assert(property, { seed: 1, numRuns: 30 });
});

Deno.test("SVC.load() meets damage with a CheckpointError", async () => {
  const svm = await SVC.fit(separable(3, 20, 4, 1));
  const bytes = svm.save();
  const text = new TextDecoder("latin1").decode(bytes);
  const changed = (from: string, to: string) =>
    Uint8Array.from(text.replace(from, to), (character) => character.charCodeAt(0));
  const damaged: [string, Uint8Array, RegExp][] = [
    ["cut short", bytes.subarray(0, bytes.length - 1), /Cannot read m: not a valid safetensors/],
    [
      "another file",
      changed("inkling-svc-1", "inkling-abc-1"),
      /has the format inkling-svc-1, got/,
    ],
    ["another kernel", changed('\\"rbf\\"', '\\"rbg\\"'), /its parts do not make a machine/],
    ["no parameters", changed('"svc":', '"abc":'), /its parts do not make a machine/],
    ["no JSON", changed('"{\\"C\\"', '"[\\"C\\"'), /its parts do not make a machine/],
    ["a part missing", changed('"n_support"', '"m_support"'), /its parts do not make a machine/],
    ["another type", changed('"dtype":"F64"', '"dtype":"F32"'), /does not fill its shape/],
  ];
  for (const [what, file, message] of damaged) {
    assert.notDeepEqual(file, bytes, what);
    assert.throws(() => SVC.load(file, "m"), (error) => {
      assert.ok(error instanceof CheckpointError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("SVC learns some of the labels 0 to 9, in any order", async () => {
  const set = separable(3, 30, 4, 2);
  const labels = set.labels.map((label) => [9, 3, 7][label]!);
  const svm = await SVC.fit({ ...set, labels });
  assert.deepEqual([...svm.classes], [3, 7, 9]);
  assert.deepEqual(await svm.predict(set.images), labels);
  assert.deepEqual(svm.supportImages.labels.toSorted(), svm.supportImages.labels);
  assert.deepEqual(svm.supportImages.labels, Uint8Array.from(svm.support, (i) => labels[i]!));
});

Deno.test("SVC takes pixels that are the same in all images, and no images to predict", async () => {
  const set = separable(2, 20, 3, 3);
  const images = set.images.map((pixel, i) => i % 3 === 2 ? 9 : pixel);
  const svm = await SVC.fit({ ...set, images });
  assert.deepEqual(await svm.predict(images), set.labels);
  assert.deepEqual(await svm.predict(new Uint8Array()), new Uint8Array());
});

Deno.test("SVC.fit() refuses options that are out of range", async () => {
  const set = separable(2, 10, 3, 4);
  const wrong: [SVCOptions, RegExp][] = [
    [{ C: 0 }, /C is a number above 0, got 0\./],
    [{ C: -1 }, /got -1\./],
    [{ C: NaN }, /got NaN\./],
    [{ C: Infinity }, /got Infinity\./],
    [{ gamma: 0 }, /gamma is a number above 0 or "scale", got 0\./],
    [{ gamma: -2 }, /got -2\./],
    [{ gamma: NaN }, /got NaN\./],
    [{ gamma: "auto" as "scale" }, /got auto\./],
    [{ kernel: "sigmoid" as "rbf" }, /kernel is one of rbf, linear, poly, got sigmoid\./],
    [{ degree: 0 }, /degree is an integer from 1 to 1000, got 0\./],
    [{ degree: 2.5 }, /got 2\.5\./],
    [{ coef0: NaN }, /coef0 is a finite number, got NaN\./],
    [{ tol: 0 }, /tol is a number above 0, got 0\./],
    [{ scale: 0 }, /scale is a number above 0, got 0\./],
    [{ cacheSize: -1 }, /cacheSize is a number above 0, got -1\./],
    [{ degree: 1001 }, /got 1001\./],
    [{ jobs: 0 }, /jobs is an integer from 1 to 256, got 0\./],
    [{ jobs: 1.5 }, /jobs is an integer from 1 to 256, got 1\.5\./],
    [{ jobs: 100_000 }, /jobs is an integer from 1 to 256, got 100000\./],
  ];
  for (const [options, message] of wrong) {
    await assert.rejects(SVC.fit(set, options), (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("SVC.fit() refuses a kernel whose values float32 cannot hold", async () => {
  const set = separable(2, 10, 3, 4);
  const wrong: [SVCOptions, RegExp][] = [
    [
      { kernel: "poly", degree: 1000, gamma: 10 },
      /poly kernel .* and Infinity for .* degree 1000\./,
    ],
    [{ kernel: "poly", degree: 1000, gamma: 1e-9 }, /and 0 for the one with the most/],
    [{ kernel: "poly", degree: 200, coef0: -9, gamma: 1e-9 }, /got 7\.\d*e\+190 for/],
    [{ kernel: "linear", scale: 1e30 }, /linear kernel .* and \d.*e\+6\d .* pixels times 1e\+30/],
  ];
  for (const [options, message] of wrong) {
    await assert.rejects(SVC.fit(set, options), { name: "DataError", message });
  }
  await SVC.fit(set, { kernel: "poly", degree: 9 });
  await SVC.fit(set, { kernel: "poly", degree: 3, coef0: -1 });
});

Deno.test("SVC refuses images that it cannot learn from, or of another size", async () => {
  const set = separable(2, 10, 3, 5);
  const wrong: [ImageSet, RegExp][] = [
    [{ ...set, count: 0 }, /learns from images, got 0 of them/],
    [{ ...set, count: NaN }, /got NaN of them/],
    [{ ...set, width: 0 }, /an image has 1 to 33025 pixels, got 1x0/],
    [{ ...set, width: 40_000 }, /got 1x40000/],
    [
      { ...set, images: new Float32Array(30).fill(NaN) as unknown as Uint8Array },
      /bytes in Uint8Arrays, got Float32Array and Uint8Array/,
    ],
    [
      { ...set, labels: Array.from(set.labels) as unknown as Uint8Array },
      /got Uint8Array and Array/,
    ],
    [{ ...set, labels: set.labels.subarray(1) }, /30 pixels and 10 labels, got 30 and 9/],
    [{ ...set, images: set.images.subarray(1) }, /30 pixels and 10 labels, got 29 and 10/],
    [{ ...set, labels: set.labels.map((c) => c + 9) }, /labels are 0 to 9, got 10 at 1\. Number/],
    [{ ...set, labels: new Uint8Array(10).fill(4) }, /got only the label 4/],
    [{ ...set, images: new Uint8Array(30).fill(5) }, /variance must not be 0.* one value, got 5/],
  ];
  for (const [bad, message] of wrong) {
    await assert.rejects(SVC.fit(bad), (error) => {
      assert.ok(error instanceof DataError, String(error));
      assert.match(error.message, message);
      return true;
    });
  }
  const svm = await SVC.fit(set);
  await assert.rejects(svm.predict(new Uint8Array(4)), DataError);
  await assert.rejects(svm.predict(set.images, { jobs: -1 }), UsageError);
  const blank = await SVC.fit({ ...set, images: new Uint8Array(30).fill(5) }, { gamma: 1 });
  assert.equal((await blank.predict(set.images)).length, 10);
});
