// How does the report of a rollout look in an answer?
import { z } from "@hono/zod-openapi";
import type { Report } from "../../report/model.ts";
import { recordKind, verdict } from "./engine.ts";
import { exactly } from "./exactly.ts";

const count = z.int().min(0);
const time = z.int().describe("Milliseconds since 1970.");
/** A figure that was beyond every bound comes back from a journal as `null`. */
const value = z.number().nullable().optional();
const effect = z.enum(["rollBack", "hold"]).optional();
const log = value.describe("Natural logarithm of the evidence, at its strongest.");

const point = z.object({
  atMs: time,
  canary: z.number().optional(),
  baseline: z.number().optional(),
  band: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe("Where the canary may lie, by the 95 % interval of the difference."),
  logBad: z.number().optional(),
  logGo: z.number().optional(),
});

const share = z.object({ atMs: time, share: z.number() });

const metric = z
  .object({
    name: z.string(),
    label: z.string().describe("What the values are: `errors`."),
    unit: z.string(),
    effect,
    canary: value,
    baseline: value,
    interval: z.tuple([value, value]).optional().describe("95 %, of the difference of shares, or of the ratio less 1."),
    canaryRequests: count,
    baselineRequests: count,
    logBad: log,
    logGo: log,
    noWorse: z.boolean(),
    isScored: z.boolean().optional().describe("A score of Kayenta's judge, of which nobody can say how sure it is."),
    mustShow: z.boolean(),
    did: effect.describe("Whether it explains the way back by itself, or that the rollout is held."),
    by: z.enum(["comparison", "bound"]).optional(),
    isSeen: z.boolean().describe("Whether it was seen beyond a fixed bound."),
    sinceMs: time.optional().describe("From when on the evidence against the canary rose."),
    missing: z.string().optional().describe("What was missing for `no-worse`."),
    text: z.string(),
    points: z.array(point),
  })
  .openapi("MetricReport");

export const report = exactly<Report>()(
  z
    .object({
      service: z.string(),
      name: z.string().describe("`shop/2`."),
      headline: z.string().describe("One sentence, without a full stop."),
      state: z.enum(["promoted", "rolled-back", "stopped", "concluded", "going-back", "under-way"]),
      why: z.string(),
      waitsFor: z.enum(["replicas", "router", "time", "evidence", "person", "hook"]).optional(),
      strategy: z.string().optional(),
      candidate: z.string().optional(),
      replaces: z.string().optional(),
      startedBy: z.string().optional(),
      startReason: z.string().optional(),
      startedMs: time,
      decidedMs: time.optional().describe("When the way back was taken, or the candidate made stable."),
      untilMs: time.describe("The end or, of a rollout under way, the last moment that is known."),
      isOver: z.boolean(),
      verdict: verdict.optional(),
      decidedBy: z.string(),
      metrics: z.array(metric),
      limits: z.object({
        worse: z.number().describe("Evidence from which it goes back, as a natural logarithm."),
        noWorse: z.number(),
        isKnown: z.boolean().describe("Whether these are the rollout's own."),
      }),
      harm: z.object({
        canaryRequests: count,
        failed: z
          .object({
            count,
            of: count,
            expected: count.optional().describe("How many stable's share would have made."),
          })
          .optional(),
      }),
      shares: z.array(share).describe("The canary's, 0…1, where it changed."),
      measured: z.array(share).describe("The same as it was measured, in times of one length."),
      decisions: z.array(z.object({ atMs: time, kind: recordKind, text: z.string() })),
    })
    .openapi("Report", { description: "What happened in one rollout, and why." }),
);
