/** Back from the widths of workgroups that a test has tried to those of this machine's adapter. @module */

import { openDevice } from "../../lib/device.ts";
import { suitLanes } from "../../lib/engine/kernels/lanes.ts";

/** Undoes `suitLanes()`: on a GPU too, the tests that follow run what the adapter would. */
export async function ownLanes(): Promise<void> {
  suitLanes((await openDevice()).adapter);
}
