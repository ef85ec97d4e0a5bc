import { comparisonFiles, markdown } from "../../lib/compare/page.ts";
import { digits } from "../../lib/data/digits.ts";
import { takeFirst } from "../../lib/data/split.ts";
import { assert } from "../deps.ts";

Deno.test("comparisonFiles() writes a page, a table and its numbers", async () => {
  const whole = await digits();
  const dataset = { ...whole, test: takeFirst(whole.test, 20) };
  const right = Uint8Array.from(dataset.test.labels);
  const wrong = right.map((label) => (label + 1) % 10);
  const base = { seed: 1, bytes: 1234, trainSeconds: 65, imageSeconds: 2e-5, size: "9 nodes" };
  const files = comparisonFiles({
    dataset,
    contestants: [
      { ...base, name: "svm", run: "a", classes: wrong },
      { ...base, name: "cnn", run: "b", epochs: 3, classes: right },
      { ...base, name: "cnn", seed: 2, run: "c", epochs: 3, classes: wrong },
    ],
    conditions: [["Recipes", "default"]],
  });
  const { models } = JSON.parse(files["table.json"]!);
  assert.deepEqual(models.map(({ name }: { name: string }) => name), ["cnn", "svm"]);
  assert.deepEqual(models[0].accuracies, [1, 0]);
  assert.equal(models[0].train_seconds, 65);
  assert.match(files["table.md"]!, /^\| Model \| Accuracy +\| Seeds \|/);
  assert.match(
    files["table.md"]!,
    /\| cnn +\| 50\.00 % ± 70\.71 \| 2 +\| 9 nodes \| 3 +\| .* \| 20 µs/,
  );
  assert.match(files["table.md"]!, /\| svm +\| .* \| 9 nodes \| – /);
  assert.match(files["report.html"]!, /The hardest images/);
  assert.match(files["report.html"]!, /<td>5 → 6 \(4\)<\/td>/);
  assert.equal(files["report.html"]!.match(/<svg/g)!.length, 2);
});

Deno.test("comparisonFiles() names the adapters where runs were trained on several", async () => {
  const dataset = await digits();
  const base = { seed: 1, bytes: 9, trainSeconds: 1, imageSeconds: 1, size: "9 nodes", run: "a" };
  const classes = dataset.test.labels;
  const table = (adapter: string) =>
    comparisonFiles({
      dataset,
      contestants: [
        { ...base, name: "rf", classes },
        { ...base, name: "mlp", adapter: "one", classes },
        { ...base, name: "cnn", adapter, classes },
      ],
      conditions: [],
    })["table.md"]!;
  assert.doesNotMatch(table("one"), /Trained on/);
  assert.match(table("two"), /^\| rf .*\| CPU +\|$/m);
  assert.match(table("two"), /^\| cnn .*\| two +\|$/m);
});

Deno.test("markdown() aligns its columns", () => {
  assert.equal(
    markdown(["a", "long"], [["wide", 1], ["b", 22]]),
    "| a    | long |\n|------|------|\n| wide | 1    |\n| b    | 22   |\n",
  );
});
