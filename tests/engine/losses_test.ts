import { tf } from "../../lib/deps.ts";
import { openDevice } from "../../lib/device.ts";
import { Clock } from "../../lib/engine/clock.ts";
import { compileStep, eagerStep } from "../../lib/engine/step.ts";
import { RecordingError } from "../../lib/errors.ts";
import { assert } from "../deps.ts";

for (const [name, compile] of Object.entries({ compileStep, eagerStep })) {
  Deno.test(`${name}: a step may have several losses`, async () => {
    await openDevice();
    const clock = new Clock();
    const step = compile(() => {
      const at = tf.cast(clock.step, "float32");
      const losses = tf.concat([at, tf.mul(at, 10), tf.add(at, 0.5)]);
      clock.advance();
      return losses;
    }, { losses: 3 });
    const count = 1030; // More than the ring holds.
    const losses = await step.run(count);
    const expected = Array.from({ length: count }, (_, i) => [i, 10 * i, i + 0.5]).flat();
    assert.deepEqual([...losses], expected);
    assert.deepEqual([...await step.run(1)], [count, 10 * count, count + 0.5]);
    step.dispose();
    clock.dispose();
  });

  Deno.test(`${name}: a step may have no loss`, async () => {
    await openDevice();
    const clock = new Clock();
    const step = compile(() => clock.advance(), { losses: 0 });
    assert.equal((await step.run(20)).length, 0);
    assert.equal((await clock.step.data())[0], 20);
    step.dispose();
    clock.dispose();
  });

  Deno.test(`${name}: a step with other losses than it should have is refused`, async () => {
    await openDevice();
    const two = compile(() => tf.tensor1d([1, 2]));
    await assert.rejects(() => two.run(1), {
      name: RecordingError.name,
      message: /must return its loss, a scalar, and not be async, got its 2 losses/,
    });
    two.dispose();
  });
}
