// How is one metric to be judged, as its configuration says?
import * as z from "zod";
import { shown } from "../../spec/reading.ts";
import type { Settings } from "./classify.ts";
import { field, quoted, type Read } from "./request-fields.ts";

/** What a metric has that says nothing. */
export const DEFAULTS: Settings = {
  direction: "either",
  nan: "remove",
  outlierFactor: undefined,
  critical: false,
  mustHaveData: false,
  muted: false,
  measure: "meanRatio",
  allowedIncrease: 1,
  allowedDecrease: 1,
  criticalIncrease: 1,
  criticalDecrease: 1,
};

const DEFAULT_OUTLIER_FACTOR = 3;

/** An effect size that nothing is said about: no effect, in the unit of its measure. */
const NO_EFFECT = { meanRatio: 1, cles: 0.5 };

const flag: Read<boolean> = (input) => {
  if (input === undefined || input === null) return { value: false };
  if (typeof input === "boolean") return { value: input };
  return { problem: `found ${quoted(input)}, true or false must be here, without quotes: Kayenta itself fails on it` };
};

const size: Read<number | undefined> = (input) => {
  if (input === undefined || input === null) return { value: undefined };
  if (typeof input === "number" && Number.isFinite(input)) return { value: input };
  return { problem: `found ${quoted(input)}, a number must be here, without quotes: Kayenta itself fails on it` };
};

/** A word; Kayenta takes every one that it does not know for the default. */
const word: Read<string> = (input) => ({ value: typeof input === "string" ? input : "" });

/** A map inside the settings. Kayenta passes over anything else, except that a list makes it fail. */
function section<T extends z.core.$ZodLooseShape>(shape: T): z.ZodType<z.infer<z.ZodObject<T, z.core.$loose>>> {
  const map = z.looseObject(shape, { error: ({ input }) => `found ${shown(input)}, a map must be here` });
  return z.preprocess((input) => (typeof input === "object" ? (input ?? {}) : {}), map) as never;
}

const Canary = section({
  direction: field(word),
  nanStrategy: field(word),
  critical: field(flag),
  mustHaveData: field(flag),
  muted: field(flag),
  outliers: section({ strategy: field(word), outlierFactor: field(size) }),
  effectSize: section({
    measure: field(word),
    allowedIncrease: field(size),
    allowedDecrease: field(size),
    criticalIncrease: field(size),
    criticalDecrease: field(size),
  }),
});

function settingsOf(canary: z.infer<typeof Canary>, context: z.core.$RefinementCtx): Settings {
  const { direction, nanStrategy, critical, mustHaveData, muted, outliers, effectSize } = canary;
  const measure = effectSize.measure === "cles" ? "cles" : "meanRatio";
  const none = NO_EFFECT[measure];
  const factor = outliers.outlierFactor ?? DEFAULT_OUTLIER_FACTOR;
  if (outliers.strategy === "remove" && factor <= 0) {
    const message = `found ${factor}, a factor above 0 must be here: Kayenta itself fails on it`;
    context.addIssue({ code: "custom", path: ["canary", "outliers", "outlierFactor"], message, input: factor });
  }
  return {
    direction: direction === "increase" || direction === "decrease" ? direction : "either",
    nan: nanStrategy === "replace" ? "replace" : "remove",
    outlierFactor: outliers.strategy === "remove" ? factor : undefined,
    critical,
    mustHaveData,
    muted,
    measure,
    allowedIncrease: effectSize.allowedIncrease ?? none,
    allowedDecrease: effectSize.allowedDecrease ?? none,
    criticalIncrease: effectSize.criticalIncrease ?? none,
    criticalDecrease: effectSize.criticalDecrease ?? none,
  };
}

/** `analysisConfigurations` of a metric, of which the judge reads `canary`; unknown fields are passed over. */
export const AnalysisConfigurations = section({ canary: Canary }).transform(({ canary }, context): Settings =>
  settingsOf(canary, context),
);
