import { openDevice } from "../../lib/device.ts";
import { GroupNorm } from "../../lib/nn/group_norm.ts";
import { assert } from "../deps.ts";
import fixture from "../fixtures/nn_norms.json" with { type: "json" };
import { checkLayer, type LayerCase, layerCases } from "./reference.ts";

await openDevice();

Deno.test("GroupNorm gives PyTorch's output and gradients", async (t) => {
  const more = fixture.layers as unknown as LayerCase[];
  const cases = [...layerCases("GroupNorm"), ...more.filter((c) => c.layer === "GroupNorm")];
  assert.equal(cases.length, 3);
  for (const c of cases) {
    await t.step(JSON.stringify(c.options), async () => {
      const { groups, channels, eps } = c.options as Record<string, number>;
      await checkLayer(c, new GroupNorm(groups!, channels!, { eps: eps! }));
    });
  }
});

Deno.test("GroupNorm refuses groups that do not divide the channels", () => {
  for (const groups of [4, 0, NaN]) {
    assert.throws(() => new GroupNorm(groups, 6), {
      name: "RangeError",
      message: "Cannot make groups of channels: their number must divide the 6 channels, " +
        `got ${groups}`,
    });
  }
});
