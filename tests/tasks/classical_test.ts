import { temporaryFolder } from "../data/mirror.ts";
import { assert } from "../deps.ts";
import { assertOneError, lastJson, runTaskProcess } from "./process.ts";

function run(task: string, folder: string, ...args: string[]) {
  const flags = [`--allow-read=${folder},lib`, `--allow-write=${folder}`];
  const named = [`--data=${folder}/data`];
  if (task === "svm" || task === "rf") named.push(`--out=${folder}/runs`);
  return runTaskProcess(task, flags, [...args, ...named]);
}

/** Rows are the truth; from scikit-learn's example on these digits. */
const SVM_MATRIX = [
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
];

Deno.test("svm gives scikit-learn's machine, which eval and predict can use", async () => {
  await using folder = await temporaryFolder();
  const { code, out, err } = await run("svm", folder.path, "--json");
  assert.equal(code, 0, err);
  const result = lastJson(out);
  assert.equal(result.test_accuracy, 339 / 360);
  assert.equal(result.support_vectors, 646);
  assert.ok(Math.abs(result.gamma - 0.00043285629156284344) < 1e-12);
  const names = Array.from(Deno.readDirSync(result.run), ({ name }) => name).sort();
  assert.deepEqual(names, [
    "config.json",
    "confusion.svg",
    "examples.png",
    "mistakes.png",
    "model.safetensors",
    "report.html",
    "report.txt",
    "result.json",
  ]);

  const tested = await run("eval", folder.path, result.run, "--json");
  assert.equal(tested.code, 0, tested.err);
  assert.deepEqual(lastJson(tested.out).confusion_matrix, SVM_MATRIX);
  assert.equal(lastJson(tested.out).adapter, null);
});

Deno.test("svm and rf print confusions and sizes for people, not for scripts", async () => {
  await using folder = await temporaryFolder();
  const svm = await run("svm", folder.path);
  assert.equal(svm.code, 0, svm.err);
  const rows = SVM_MATRIX.map((row) => row.map((count) => String(count).padStart(2)).join(" "));
  assert.ok(svm.out.includes(`\n[[${rows.join("]\n [")}]]\n`), svm.out);
  assert.match(svm.out, /^Support vectors: 646, Kernel: rbf, Gamma: 0\.000432856, C: 1$/m);
  const few = ["--trees", "3", "--subset", "100"];
  assert.match((await run("rf", folder.path, ...few)).out, /^Trees: 3, Nodes: \d+$/m);
  for (const option of ["--json", "--quiet"]) {
    const { out, err } = await run("rf", folder.path, ...few, option);
    assert.match(out + err, /weighted avg/);
    assert.doesNotMatch(out + err, /Nodes:|\[\[/, option);
  }
});

Deno.test("rf gives the same forest for the same seed, and eval its accuracy", async () => {
  await using folder = await temporaryFolder();
  const options = ["--trees", "20", "--seed", "4", "--json"];
  const first = lastJson((await run("rf", folder.path, ...options, "--jobs", "1")).out);
  const second = lastJson((await run("rf", folder.path, ...options, "--jobs", "2")).out);
  const bytes = (run: string) => Deno.readFile(`${run}/model.safetensors`);
  assert.deepEqual(await bytes(first.run), await bytes(second.run));
  assert.ok(first.test_accuracy > 0.85, `${first.test_accuracy}`);
  const tested = lastJson((await run("eval", folder.path, first.run, "--json")).out);
  assert.equal(tested.test_accuracy, first.test_accuracy);
});

Deno.test("svm and rf straighten images when asked, and remember it", async () => {
  await using folder = await temporaryFolder();
  for (const [task, ...more] of [["svm"], ["rf", "--trees", "10"]] as const) {
    const trained = await run(task, folder.path, "--deskew", "--subset", "300", ...more, "--json");
    assert.equal(trained.code, 0, trained.err);
    const { run: path, test_accuracy } = lastJson(trained.out);
    const tested = lastJson((await run("eval", folder.path, path, "--json")).out);
    assert.equal(tested.test_accuracy, test_accuracy);
  }
});

Deno.test("svm and rf say clearly what is wrong", async () => {
  await using folder = await temporaryFolder();
  const refuses = async (task: string, args: string[], status: number, expected: RegExp) =>
    assertOneError(await run(task, folder.path, ...args), status, expected);
  await refuses("svm", ["--C", "0"], 2, /--C must be a number above 0, got "0"/);
  await refuses("svm", ["--gamma=-1"], 2, /--gamma must be a number above 0, got "-1"/);
  await refuses("svm", ["--subset", "1"], 1, /two or more, got only the label 0/);
  await refuses("svm", ["--subset", "0"], 2, /--subset must be a whole number of at least 1/);
  await refuses("rf", ["--subset", "1"], 1, /two classes or more, got class 0 only/);
  await refuses(
    "rf",
    ["--trees", "0"],
    2,
    /--trees must be a whole number from 1 to 10000, got "0"/,
  );
  await refuses("rf", ["--trees", "1000000000"], 2, /--trees must be .* 10000, got "1000000000"/);
  await refuses("rf", ["--jobs", "100000"], 2, /--jobs must be .* from 1 to 256, got "100000"/);
  await refuses("svm", ["--jobs", "100000"], 2, /--jobs must be .* from 1 to 256, got "100000"/);
  await refuses("svm", ["--degree", "1001"], 2, /--degree must be .* from 1 to 1000, got "1001"/);
  await refuses("rf", ["--max-features", "many"], 2, /--max-features must be sqrt, log2, all/);
  await refuses("rf", ["--max-features", "1.5"], 2, /--max-features must be sqrt, .*, got "1.5"/);
  const tooMany = /--max-features must be sqrt, .* number up to the 64 pixels of an .*, got "65"/;
  await refuses("rf", ["--max-features", "65"], 2, tooMany);
});
