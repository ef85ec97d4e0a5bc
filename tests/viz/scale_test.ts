import { assert, fc } from "../deps.ts";
import {
  type Axis,
  formatExponent,
  formatNumber,
  linearAxis,
  logAxis,
} from "../../lib/viz/scale.ts";

function labels(axis: Axis): string[] {
  return axis.ticks.map(axis.format);
}

Deno.test("linearAxis() takes steps of 1, 2 or 5 times a power of ten", () => {
  assert.deepEqual(linearAxis(0.013, 0.347).ticks, [0, 0.1, 0.2, 0.3, 0.4]);
  assert.deepEqual(linearAxis(0, 9.3).ticks, [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(linearAxis(-22, 18).ticks, [-30, -20, -10, 0, 10, 20]);
  assert.deepEqual(linearAxis(0, 2300).ticks, [0, 500, 1000, 1500, 2000, 2500]);
});

Deno.test("linearAxis() places values in proportion", () => {
  const { position, domain } = linearAxis(0, 9.3);
  assert.deepEqual(domain, [0, 10]);
  assert.deepEqual([0, 2.5, 10].map(position), [0, 0.25, 1]);
});

Deno.test("linearAxis() keeps the ends and integers when it is told to", () => {
  const epochs = linearAxis(1, 10, { count: 12, nice: false, integers: true });
  assert.deepEqual(epochs.domain, [1, 10]);
  assert.deepEqual(epochs.ticks, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual(
    linearAxis(1, 50, { count: 12, nice: false, integers: true }).ticks,
    [5, 10, 15, 20, 25, 30, 35, 40, 45, 50],
  );
  assert.deepEqual(linearAxis(3, 3, { nice: false, integers: true }).ticks, [2, 3, 4]);
  const far = linearAxis(2 ** 53, 2 ** 53, { integers: true });
  assert.ok(far.ticks.length > 1 && far.domain[0] < 2 ** 53 && far.domain[1] > 2 ** 53);
});

Deno.test("linearAxis() shows room around a constant", () => {
  assert.deepEqual(linearAxis(0, 0).domain, [-1, 1]);
  const { domain, position } = linearAxis(0.3, 0.3);
  assert.ok(domain[0] < 0.3 && domain[1] > 0.3);
  assert.ok(position(0.3) > 0.2 && position(0.3) < 0.8);
});

Deno.test("linearAxis() writes as many decimals as its step has", () => {
  assert.deepEqual(labels(linearAxis(0, 0.3)), ["0.0", "0.1", "0.2", "0.3"]);
  assert.deepEqual(labels(linearAxis(0.92, 1, { percent: true })), [
    ...["92 %", "94 %", "96 %", "98 %", "100 %"],
  ]);
  assert.deepEqual(labels(linearAxis(0.989, 0.991, { percent: true })), [
    ...["98.90 %", "98.95 %", "99.00 %", "99.05 %", "99.10 %"],
  ]);
  assert.deepEqual(labels(linearAxis(0, 0.00009)), ["0", "2e-5", "4e-5", "6e-5", "8e-5", "1e-4"]);
  assert.deepEqual(labels(linearAxis(0, 4e9)), ["0", "1e9", "2e9", "3e9", "4e9"]);
});

Deno.test("linearAxis() gives any two float32 values a few ticks in order", () => {
  const value = fc.float({ noNaN: true, noDefaultInfinity: true });
  fc.assert(fc.property(value, value, fc.boolean(), fc.boolean(), (a, b, nice, integers) => {
    const [min, max] = [Math.min(a, b), Math.max(a, b)];
    const { ticks, domain, position } = linearAxis(min, max, { nice, integers });
    assert.ok(domain[0] <= min && domain[1] >= max);
    assert.ok(position(min) >= 0 && position(max) <= 1);
    assert.ok(ticks.length <= 13, `${ticks.length} ticks`);
    if (nice) assert.ok(ticks.length >= 2, `${ticks.length} ticks`);
    ticks.forEach((tick, i) => {
      assert.ok(i === 0 || tick > ticks[i - 1]!);
      const room = 1e-6 * (domain[1] - domain[0]);
      assert.ok(tick >= domain[0] - room && tick <= domain[1] + room);
      if (integers) assert.ok(Number.isInteger(tick));
    });
  }));
});

Deno.test("logAxis() has ticks at 1, 2, 5 within few decades and at powers of ten beyond", () => {
  assert.deepEqual(logAxis(0.03, 0.7).ticks, [0.02, 0.05, 0.1, 0.2, 0.5, 1]);
  assert.deepEqual(logAxis(0.00004, 16).ticks, [0.00001, 0.0001, 0.001, 0.01, 0.1, 1, 10, 100]);
  assert.deepEqual(labels(logAxis(0.00004, 0.9)), ["1e-5", "1e-4", "0.001", "0.01", "0.1", "1"]);
});

Deno.test("logAxis() places values by their ratio", () => {
  const { domain, position } = logAxis(0.01, 1);
  assert.deepEqual(domain, [0.01, 1]);
  assert.deepEqual([0.01, 0.1, 1].map(position), [0, 0.5, 1]);
});

Deno.test("logAxis() holds any two positive float32 values", () => {
  const value = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(1e-45) });
  fc.assert(fc.property(value, value, (a, b) => {
    const [min, max] = [Math.min(a, b), Math.max(a, b)];
    const { ticks, domain } = logAxis(min, max);
    assert.ok(domain[0] <= min && domain[1] >= max && domain[0] < domain[1]);
    assert.ok(ticks.length >= 2 && ticks.length <= 12, `${ticks.length} ticks`);
    assert.ok(ticks.every((tick, i) => i === 0 || tick > ticks[i - 1]!));
  }));
});

Deno.test("formatNumber() separates thousands from 10 000 on", () => {
  assert.deepEqual([9999, 10000, -1234567].map((n) => formatNumber(n, 0)), [
    ...["9999", "10\u2009000", "-1\u2009234\u2009567"],
  ]);
  assert.equal(formatNumber(12345.678, 2), "12\u2009345.68");
});

Deno.test("formatExponent() writes significant digits only", () => {
  assert.equal(formatExponent(0.000001234, 3), "1.23e-6");
  assert.equal(formatExponent(2e7, 3), "2e7");
  assert.equal(formatExponent(0, 3), "0");
});
