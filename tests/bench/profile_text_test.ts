import { profileLines } from "../../lib/bench/profile_text.ts";
import { assert } from "../deps.ts";

Deno.test("profileLines() puts the costliest first and equal commands into one line", () => {
  const lines = profileLines([
    { name: "gate", workgroups: [2, 1, 1], milliseconds: 0.5 },
    { name: "copy to texture", milliseconds: 0 },
    { name: "conv", workgroups: [65_535, 2, 1], milliseconds: 3 },
    { name: "gate", workgroups: [2, 1, 1], milliseconds: 0.5 },
  ]);
  assert.deepEqual(lines.map((line) => line.trim()), [
    "ms  share  times  command [workgroups]",
    "3.000  75.0%      1  conv [131070]",
    "1.000  25.0%      2  gate [2]",
    "0.000   0.0%      1  copy to texture",
    "4.000             4  in all",
  ]);
});

Deno.test("profileLines() of nothing are a title and a sum", () => {
  assert.deepEqual(profileLines([]).length, 2);
});
