// How does a command say no?
import type { Trouble } from "../issues.ts";

/** Leaves everything as it was. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly trouble: Trouble;
  constructor(trouble: Trouble) {
    super(trouble.what);
    this.trouble = trouble;
  }
}
