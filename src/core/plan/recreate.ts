// Which steps stop the old version, and start the new one?
import { all } from "../split.ts";
import type { Compiled, Frame } from "./strategy.ts";

/** Nothing answers between the first step and the third: for services of which two must never run at once. */
export function compileRecreate({ fullSize }: Frame): Compiled {
  return {
    steps: [
      { op: "retire", role: "stable" },
      { op: "scale", role: "canary", size: fullSize },
      { op: "route", weights: all("canary") },
      { op: "promote" },
    ],
    issues: [],
  };
}
