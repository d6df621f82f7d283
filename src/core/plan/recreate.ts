// Which steps stop the old version, and start the new one?
import { all } from "../split.ts";
import type { Compiled, Frame } from "./strategy.ts";

/** Nothing answers between the first step and the third: for services of which two must never run at once. */
export function compileRecreate(frame: Frame): Compiled {
  const { fullSize } = frame;
  if (frame.refills) return compileRefilled(frame);
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

/** Where nothing stays away: all places at once, each of which the old version leaves before the new one has it. */
function compileRefilled({ fullSize }: Pick<Frame, "fullSize">): Compiled {
  return {
    steps: [
      { op: "scale", role: "stable", size: 0 },
      { op: "scale", role: "canary", size: fullSize },
      { op: "route", weights: all("canary") },
      { op: "promote" },
      { op: "retire", role: "stable" },
    ],
    issues: [],
  };
}
