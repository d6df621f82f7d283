// How does a file ask for a rolling update?
import * as z from "zod";
import type { Ms } from "../units.ts";
import { writtenOrNumber } from "./reading.ts";
import { rule } from "./rule.ts";
import { POOL_PART, replicasBelow, replicasOf, type PoolSize } from "./sizes.ts";
import { HoldSchema, JudgeSchema, type JudgeSpec } from "./steps.ts";

/** A rolling update, as the file asks for it. */
export interface RollingSpec {
  readonly kind: "rolling";
  /** Replicas above the full size, and so the size of one batch. */
  readonly maxSurge: PoolSize;
  /** Replicas below the full size that may be missing meanwhile. */
  readonly maxUnavailable: PoolSize;
  /** After every batch but the last. */
  readonly judge?: JudgeSpec | undefined;
  /** After every batch. */
  readonly holdMs?: Ms | undefined;
}

const isNothing = (size: PoolSize): boolean => "replicas" in size && size.replicas === 0;

const rollingFields = z.strictObject({
  maxSurge: writtenOrNumber(POOL_PART)
    .prefault("25%")
    .describe("Replicas above the full size: how many are started before as many are ended. Rounded up."),
  maxUnavailable: writtenOrNumber(POOL_PART)
    .prefault(0)
    .describe(
      "Replicas below the full size: how many may be missing meanwhile. Rounded down. The rest carries everything.",
    ),
  judge: JudgeSchema.optional().describe(
    "After every batch but the last: stay until the version is shown to be no worse.",
  ),
  hold: HoldSchema.optional().describe("After every batch: stay so long."),
});

export const RollingSchema = rule(
  rollingFields,
  ({ maxSurge, maxUnavailable }, report) => {
    if (!isNothing(maxSurge) || !isNothing(maxUnavailable)) return;
    report(
      ["maxSurge"],
      "conflict",
      "found 0 with maxUnavailable 0, so no replica could ever be replaced: raise one of them",
    );
  },
  ["maxSurge", "maxUnavailable"],
).transform(({ hold, ...rest }): RollingSpec => ({ kind: "rolling", ...rest, holdMs: hold }));

/** How many replicas may be too many, and how many may be missing. */
export function batchOf(
  { maxSurge, maxUnavailable }: Pick<RollingSpec, "maxSurge" | "maxUnavailable">,
  fullSize: number,
): { readonly surge: number; readonly missing: number } {
  const surge = isNothing(maxSurge) ? 0 : replicasOf(maxSurge, fullSize);
  // One replica cannot be missing of one: then the new one comes first, as if it were a surge of one.
  const missing = Math.min(replicasBelow(maxUnavailable, fullSize), fullSize - 1);
  return surge + missing > 0 ? { surge, missing } : { surge: 1, missing: 0 };
}
