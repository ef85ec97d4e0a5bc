import { assert, fc } from "../deps.ts";
import { helpText } from "../../lib/cli.ts";

Deno.test("helpText() shows usage, summary, options and examples in 80 columns", () => {
  const text = helpText({
    name: "predict",
    summary: "Reads digits from pictures. The pictures may have any size and are scaled to the " +
      "size that the network was trained on.",
    examples: ["deno task predict --checkpoint runs/cnn/model.safetensors three.png"],
    positionals: { name: "image", help: "A PNG picture.", min: 1, max: Infinity },
    options: {
      "checkpoint": { type: "path", help: "The trained network." },
      "dataset": {
        type: "string",
        help: "The data that it was trained on.",
        placeholder: "NAME",
        choices: ["mnist", "fashion-mnist", "digits"],
        default: "mnist",
      },
      "a-very-long-option-name": { type: "number", help: "A number.", default: 0.5 },
      "guidance": { type: "numbers", help: "Scales.", default: [0, 2] },
      "augment": { type: "boolean", help: "Shift the pictures.", default: true },
    },
  });
  assert.equal(
    text,
    `
Usage: deno task predict [options] image...

Reads digits from pictures. The pictures may have any size and are scaled to the
size that the network was trained on.

Arguments:
  image  A PNG picture.

Options:
  --checkpoint PATH           The trained network.
  --dataset NAME              The data that it was trained on. (one of mnist,
                              fashion-mnist, digits; default mnist)
  --a-very-long-option-name X
                              A number. (default 0.5)
  --guidance X,...            Scales. (default 0,2)
  --[no-]augment              Shift the pictures. (default on)
  --debug                     Print the whole stack of an error.
  -h, --help                  Print this text and exit.

Examples:
  deno task predict --checkpoint runs/cnn/model.safetensors three.png
`.trim(),
  );
});

Deno.test("helpText() marks the words that may be left out", () => {
  const usage = (min: number, max: number) => {
    const positionals = { name: "word", help: "", min, max };
    const text = helpText({ name: "x", summary: "X.", examples: [], options: {}, positionals });
    return text.split("\n")[0];
  };
  assert.equal(usage(0, 1), "Usage: deno task x [options] [word]");
  assert.equal(usage(0, 3), "Usage: deno task x [options] [word...]");
  assert.equal(usage(1, 1), "Usage: deno task x [options] word");
});

Deno.test("helpText() keeps every word, and 80 columns", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1 });
  const name = fc.stringMatching(/^[a-z]{2,40}$/);
  fc.assert(fc.property(words, words, name, (summary, help, name) => {
    const options = { [name]: { type: "boolean", help: help.join(" ") } } as const;
    const text = helpText({ name: "x", summary: summary.join(" "), examples: [], options });
    assert.ok(text.split("\n").every((line) => line.length <= 80 && line === line.trimEnd()));
    const rest = text.split(/\s+/).join(" ");
    assert.ok(rest.includes(`${summary.join(" ")} Options: --${name} ${help.join(" ")} --debug`));
  }));
});
