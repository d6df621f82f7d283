// How do the engine's own types look in an answer?
import { z } from "@hono/zod-openapi";
import type { Comparison } from "../../core/comparison.ts";
import type { MeasuredCourse } from "../../core/engine/measured.ts";
import type { DecisionRecord, Ended, Quarantined, TestReading, Waiting } from "../../core/engine/state.ts";
import type { HookRun } from "../../core/outbox/message.ts";
import type { Role, Split, Weights } from "../../core/split.ts";
import type { MetricVerdict, Verdict } from "../../core/stats/plan.ts";
import type { Trail } from "../../core/stats/trail.ts";
import type { Usual } from "../../core/stats/verdict.ts";
import type { Ms, Weight } from "../../core/units.ts";
import { exactly } from "./exactly.ts";

/** Milliseconds since 1970, or a length of time. */
export const time = exactly<Ms>()(z.int() as z.ZodType as z.ZodType<Ms>);
/** A figure that may be infinite, or none: JSON says `null` then. */
const figure = z.number().nullable() as z.ZodType as z.ZodType<number>;
const count = z.int().min(0);
const share = z.int().min(0).max(1_000_000) as z.ZodType as z.ZodType<Weight>;

export const role = exactly<Role>()(
  z.enum(["stable", "canary", "baseline", "canary-2", "canary-3", "canary-4"]).openapi("Role"),
);

export const weights = exactly<Weights>()(
  z
    .object({
      stable: share.optional(),
      canary: share.optional(),
      baseline: share.optional(),
      "canary-2": share.optional(),
      "canary-3": share.optional(),
      "canary-4": share.optional(),
    })
    .openapi("Weights", { description: "Shares of the requests by role, in parts per million; together 1 000 000." }),
);

const exact = z.object({ exact: z.string() });
const prefix = z.object({ prefix: z.string() });
const regex = z.object({ regex: z.string() });
const present = z.object({ present: z.literal(true) });

const condition = z
  .union([
    z.object({
      on: z.enum(["header", "cookie", "query"]),
      name: z.string(),
      is: z.union([exact, prefix, regex, present]),
    }),
    z.object({ on: z.literal("path"), is: z.union([exact, prefix, regex]) }),
    z.object({ on: z.literal("method"), is: z.array(z.string()) }),
    z.object({ on: z.literal("listener"), is: z.literal("preview") }),
  ])
  .openapi("Condition");

export const split = exactly<Split>()(
  z
    .object({
      weights,
      sticky: z
        .object({
          key: z.union([
            z.object({ kind: z.literal("cookie"), name: z.string(), maxAgeMs: time.optional() }),
            z.object({ kind: z.literal("header"), name: z.string() }),
          ]),
          salt: z.string(),
        })
        .optional(),
      matches: z.array(z.object({ when: z.array(condition), to: role })).optional(),
      mirror: z
        .object({
          to: z.array(z.enum(["canary", "baseline"])),
          share,
          when: z.array(z.array(condition)).optional(),
          methods: z.enum(["safe", "all"]),
          compare: z.object({ ignore: z.array(z.string()) }).optional(),
        })
        .optional(),
    })
    .openapi("Split"),
);

const interval = z.tuple([figure, figure]);

const metricVerdict = exactly<MetricVerdict>()(
  z
    .object({
      name: z.string(),
      kind: z.enum(["errors", "latency", "ratio", "buckets", "gauge", "leak", "events", "anomaly", "kayenta"]),
      unit: z.string(),
      effect: z.enum(["rollBack", "hold"]),
      canary: figure.optional(),
      baseline: figure.optional(),
      interval: interval
        .optional()
        .describe("95 %, valid at every look, of the difference of shares or the ratio less 1."),
      canaryRequests: count,
      baselineRequests: count,
      logBad: figure.describe("Natural logarithm of the strongest evidence so far that the canary is worse."),
      logGo: figure.describe("The same that it is no worse than the margin."),
      blamed: z.boolean(),
      by: z.enum(["comparison", "bound"]).optional(),
      noWorse: z.boolean(),
      mustShow: z.boolean(),
      needsRequests: figure.optional(),
      missing: z.string().optional(),
      sinceMs: time.optional(),
      phi: figure,
      text: z.string(),
    })
    .openapi("MetricVerdict"),
);

export const verdict = exactly<Verdict>()(
  z
    .object({
      kind: z.enum(["worse", "no-worse", "undecided"]),
      sure: figure,
      metrics: z.array(metricVerdict),
      canaryRequests: count,
      baselineRequests: count,
      limits: z.object({ falseRollback: z.number(), falseGo: z.number() }).optional(),
      suspended: z.string().optional(),
      text: z.string(),
    })
    .openapi("Verdict"),
);

export const trail = exactly<Trail>()(
  z
    .object({
      points: z.array(
        z.object({
          atMs: time,
          share: z.number(),
          canaryRequests: count,
          kind: z.enum(["worse", "no-worse", "undecided"]),
          metrics: z.record(
            z.string(),
            z.object({
              canary: figure.optional(),
              baseline: figure.optional(),
              interval: interval.optional(),
              logBad: figure,
              logGo: figure,
            }),
          ),
        }),
      ),
      stride: count,
      since: count,
    })
    .openapi("Trail"),
);

const counts = z.array(count);

export const measured = exactly<MeasuredCourse>()(
  z
    .object({
      fromMs: time,
      everyMs: time.describe("How long each time is."),
      requests: z
        .object({
          stable: counts.optional(),
          canary: counts.optional(),
          baseline: counts.optional(),
          "canary-2": counts.optional(),
          "canary-3": counts.optional(),
          "canary-4": counts.optional(),
        })
        .describe("One count for each time since `fromMs`; where a role's end before another's, it got nothing since."),
    })
    .openapi("MeasuredCourse", {
      description: "Requests of users that were counted over a rollout, by role, in times of one length.",
    }),
);

export const comparison = exactly<Comparison>()(
  z
    .object({
      epoch: z.string(),
      candidate: count,
      noise: count,
      shed: count,
      failed: count,
      fields: z.array(
        z.object({
          path: z.string(),
          candidate: count,
          noise: count,
          examples: z.array(
            z.object({ request: z.string(), stable: z.string().optional(), candidate: z.string().optional() }),
          ),
        }),
      ),
    })
    .openapi("Comparison"),
);

const arm = z.object({ users: count, converted: count });
const arms = z.object({ control: arm, treatment: arm }).openapi("Arms");
const sample = z.object({ control: count, treatment: count });
const which = z.enum(["control", "treatment"]);

export const test = exactly<TestReading>()(
  z
    .object({
      report: z.object({
        plan: z.object({
          names: z.object({ control: z.string(), treatment: z.string() }),
          alpha: z.number(),
          split: z.number(),
          sample: z
            .object({
              baseline: z.number(),
              lift: z.object({ kind: z.enum(["relative", "absolute"]), value: z.number() }),
              power: z.number(),
            })
            .optional(),
        }),
        decision: z.union([
          z.object({ kind: z.literal("better"), which, by: z.enum(["fixed", "always"]) }),
          z.object({ kind: z.literal("no-difference") }),
          z.object({ kind: z.literal("undecided") }),
          z.object({ kind: z.literal("split-off") }),
        ]),
        total: arms,
        split: z.object({ share: figure, planned: z.number(), p: figure.optional(), off: z.boolean() }),
        fixed: z
          .union([
            z.object({ kind: z.literal("locked"), sample, missing: sample }),
            z.object({
              kind: z.literal("open"),
              sample,
              interval,
              arms,
              z: figure,
              p: figure,
            }),
          ])
          .optional(),
        always: z.object({
          looks: count,
          counted: arms,
          towards: z.enum(["treatment", "control", "neither"]),
          p: figure,
          sequence: z.union([
            z.object({ kind: z.literal("interval"), low: figure, high: figure }),
            z.object({ kind: z.literal("no-users") }),
            z.object({ kind: z.literal("changing") }),
          ]),
        }),
      }),
      text: z.string(),
    })
    .openapi("TestReading"),
);

const run = exactly<HookRun>()(
  z
    .object({
      id: z.string(),
      ok: z.boolean(),
      result: z.string(),
      output: z.string(),
      startedMs: time,
      endedMs: time,
      name: z.string(),
      attempts: count,
      asked: count.optional(),
      inARow: count.optional(),
    })
    .openapi("HookRun"),
);

export const outcome = z.enum(["promoted", "rolled-back", "stopped", "concluded"]);

export const recordKind = z.enum(["started", "step", "verdict", "command", "note", "back", "ended", "hook", "queued"]);

/** What every decision has, without its evidence. */
const decided = {
  atMs: time,
  version: count.describe("The service's version after this decision."),
  rollout: count,
  kind: recordKind,
  text: z.string().describe("One sentence."),
  step: count.optional(),
  outcome: z.enum(["promoted", "rolled-back", "stopped", "concluded", "failed"]).optional(),
  actor: z.string().optional(),
  reason: z.string().optional(),
};

export const record = exactly<DecisionRecord>()(
  z
    .object({
      ...decided,
      verdict: verdict.optional(),
      trail: trail.optional(),
      measured: measured.optional(),
      comparison: comparison.optional(),
      test: test.optional(),
      run: run.optional(),
      untold: z.literal(true).optional(),
    })
    .openapi("DecisionRecord"),
);

export const lightRecord = z
  .object({ service: z.string(), ...decided })
  .openapi("DecisionEvent", { description: "A decision; its evidence is among the service's records." });

export const waiting = exactly<Waiting>()(
  z
    .object({ for: z.enum(["replicas", "router", "time", "evidence", "person", "hook"]), text: z.string() })
    .openapi("Waiting"),
);

export const paused = z.object({ by: z.string(), reason: z.string(), atMs: time });

export const ended = exactly<Ended>()(
  z
    .object({
      number: count,
      candidate: z.string(),
      outcome,
      why: z.string(),
      startedMs: time,
      endedMs: time,
    })
    .openapi("EndedRollout"),
);

export const quarantined = exactly<Quarantined>()(
  z.object({ revision: z.string(), rollout: count, why: z.string(), atMs: time }).openapi("Quarantined"),
);

export const usual = {
  requests: figure,
  errors: figure,
  latency: z.record(z.string(), z.number()) as z.ZodType as z.ZodType<Usual["latency"]>,
  phi: figure,
  tau: figure,
};
