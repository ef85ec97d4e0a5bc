/** The error of a data set that is not there and cannot be had. @module */

import { DataError } from "../errors.ts";

/** A data set is not in its folder and could not be brought there; a damaged one is no such case. */
export class MissingDataError extends DataError {
  /** The class name. */
  override name = "MissingDataError";
  /** Why, as a clause that another sentence can quote. */
  readonly reason: string;

  /** `reason` is a clause; `message` is the whole line, when there is more to say than the reason. */
  constructor(reason: string, message = `Cannot get the data: ${reason}.`) {
    super(message);
    this.reason = reason;
  }
}
