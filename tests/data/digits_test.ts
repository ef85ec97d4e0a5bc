import { createHash } from "node:crypto";
import { digits } from "../../lib/data/digits.ts";
import { assert } from "../deps.ts";
import expected from "../fixtures/digits.json" with { type: "json" };

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

Deno.test("digits() holds exactly scikit-learn's load_digits, in its order", async () => {
  const set = await digits();
  for (const part of ["train", "test"] as const) {
    const { images, labels, count, height, width } = set[part];
    assert.equal(count, expected[part].count);
    assert.deepEqual([height, width], [8, 8]);
    assert.equal(sha256(images), expected[part].imagesSha256);
    assert.equal(sha256(labels), expected[part].labelsSha256);
  }
  assert.deepEqual([...set.train.images.subarray(0, 64)], expected.firstImage);
  assert.deepEqual([...set.test.labels.subarray(0, 10)], expected.firstTestLabels);
});

Deno.test("digits() says where it comes from and what full ink is", async () => {
  const { maxValue, source, sha256: hashes, classNames, train } = await digits();
  assert.equal(maxValue, 16);
  assert.equal(Math.max(...train.images), maxValue);
  assert.equal(source, "embedded");
  assert.deepEqual(classNames.map(Number), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const text = await Deno.readFile(new URL("../../data/digits.txt", import.meta.url));
  assert.deepEqual(hashes, { "digits.txt": sha256(text) });
});
