/** What files made for others may weigh. @module */

import { InklingError } from "../errors.ts";
import { scaledBytes } from "../text.ts";

/** What one bundle may weigh, in bytes. */
export const BUNDLE_BUDGET = 4_000_000;

/** What a compiled program may weigh beyond Deno's runtime, in bytes. */
export const PROGRAM_BUDGET = 6_000_000;

/**
 * Holds weights in bytes, by name, to a budget.
 *
 * @param what What is weighed, such as `"a bundle"`.
 * @throws {InklingError} When one is heavier, with all that are.
 */
export function checkBudget(
  what: string,
  weights: ReadonlyMap<string, number>,
  budget: number,
): void {
  const heavy = [...weights].filter(([, bytes]) => bytes > budget)
    .map(([name, bytes]) => `${scaledBytes(bytes)} for ${name}`);
  if (heavy.length === 0) return;
  throw new InklingError(
    `Cannot keep to the budget: ${what} has at most ${scaledBytes(budget)}, got ` +
      `${heavy.join(" and ")}. See what its script imports.`,
  );
}
