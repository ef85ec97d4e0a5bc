/** Scripts run by URL: nothing beside them, no configuration, nothing fetched but from npm. @module */

import { assert } from "../deps.ts";
import { lastJson } from "../tasks/process.ts";
import { openSandbox, serveSource } from "./sandbox.ts";

const RUN = ["run", "--quiet", "--no-prompt"];
const FOLDERS = ["--allow-read=data,runs", "--allow-write=data,runs"];

Deno.test("cnn runs by URL from an empty folder with no permission but for its folders", async () => {
  await using source = serveSource();
  await using sandbox = await openSandbox({ packages: true });
  const script = `${source.url}/tasks/cnn.ts`;
  const options = ["--dataset", "digits", "--subset", "64", "--epochs", "1", "--json"];
  const { code, out, err } = await sandbox.deno(...RUN, ...FOLDERS, script, ...options);
  assert.equal(code, 0, err);
  const { dataset, run } = lastJson(out);
  assert.equal(dataset, "digits");
  assert.ok((await Deno.stat(`${sandbox.folder}/${run}/model.safetensors`)).size > 0);
});

Deno.test("svm runs by URL, with workers from there", async () => {
  await using source = serveSource();
  await using sandbox = await openSandbox({ packages: true });
  const script = `${source.url}/tasks/svm.ts`;
  const options = ["--dataset", "digits", "--subset", "200", "--jobs", "2", "--json"];
  const { code, out, err } = await sandbox.deno(...RUN, ...FOLDERS, script, ...options);
  assert.equal(code, 0, err);
  assert.ok(lastJson(out).test_accuracy > 0.8);
  assert.equal(err.includes("error"), false, err);
});

Deno.test("the library can be imported by URL", async () => {
  await using source = serveSource();
  await using sandbox = await openSandbox({ packages: true });
  await Deno.writeTextFile(
    `${sandbox.folder}/mine.ts`,
    `import { digits } from "${source.url}/mod.ts";
    console.log((await digits()).train.count);`,
  );
  const allowed = `--allow-import=${new URL(source.url).host}`;
  const { code, out, err } = await sandbox.deno(...RUN, "--no-check", allowed, "mine.ts");
  assert.equal(code, 0, err);
  assert.equal(out, "1437\n");
});
