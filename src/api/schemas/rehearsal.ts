// How is a rehearsal asked for, and how does what came of it look?
import { z } from "@hono/zod-openapi";
import type { EndingShare, Fates, Often } from "../../rehearse/distribution.ts";
import type { Ending, Rehearsed } from "../../rehearse/rehearsal.ts";
import type { Fault } from "../../rehearse/suite.ts";
import { verdict } from "./engine.ts";
import { exactly } from "./exactly.ts";

export const count = z.int().min(0);
export const lasting = z.number().min(0).describe("Milliseconds of virtual time.");
export const quantiles = z.array(z.number()).describe("At 5, 25, 50, 75, 95 and 100 %.");

/** Rehearsals of one scenario in one call. */
const MOST_RUNS = 1_000;

export const asked = {
  scenario: z
    .string()
    .min(1)
    .max(2_000)
    .optional()
    .describe("The name of one of the usual scenarios, or lines of one; all usual ones without it."),
  runs: z
    .int()
    .min(0)
    .max(MOST_RUNS)
    .default(20)
    .describe("So many rehearsals of each scenario, one with each seed. 0 tells which scenarios there are."),
  seed: z.int().min(0).max(1_000_000_000).default(1).describe("Of the first one."),
  timeline: z
    .boolean()
    .default(false)
    .describe("Of one scenario: whether to tell step by step how it goes with the first seed."),
};

export const ending = exactly<Ending>()(
  z.enum(["promoted", "rolled-back", "stopped", "concluded", "person", "waiting"]).openapi("Ending", {
    description: "`person` waits for a person and nothing else, `waiting` was still under way at the limit.",
  }),
);

const fault = exactly<Fault>()(
  z.enum(["good", "bad", "nobody"]).openapi("Fault", {
    description: "What the new version is: no worse, worse, or no worse while everything has a bad time.",
  }),
);

export const endingShare = exactly<EndingShare>()(
  z
    .object({
      ending,
      runs: count,
      share: z.number(),
      interval: z.tuple([z.number(), z.number()]).describe("Exact, 95 %."),
      timeMs: quantiles,
      canaryRequests: quantiles,
      harm: quantiles,
    })
    .openapi("EndingShare"),
);

const often = exactly<Often>()(
  z
    .object({ runs: count, share: z.number(), interval: z.tuple([z.number(), z.number()]).describe("Exact, 95 %.") })
    .openapi("Often"),
);

const rehearsed = exactly<Rehearsed>()(
  z
    .object({
      seed: count,
      ending,
      virtualMs: lasting,
      requests: count,
      canaryRequests: count,
      canaryFailed: count,
      lost: count.describe("Answered by nobody."),
      harm: count.describe("Failed requests, lost ones included, beyond what stable would have failed."),
      looks: count,
      why: z.string(),
      timeline: z.array(z.object({ atMs: z.number(), text: z.string() })),
      stretches: z
        .array(z.object({ fromMs: z.number(), lastedMs: z.number(), shares: z.string() }))
        .describe("Which split was in force, and for how long."),
      verdict: verdict.optional(),
      answered: z.array(z.string()).describe("What was answered for a person."),
    })
    .openapi("RehearsedOnce"),
);

const fates = exactly<Fates>()(
  z.object({
    back: often.describe("Rolled back or stopped."),
    held: often.describe("Waits for a person, or was still under way at the limit."),
    through: often.describe("Promoted or concluded."),
  }),
);

/** Whose traffic is taken for the usual one. */
export const traffic = {
  source: z.enum(["measured", "assumed"]).describe("Measured where the service has run for long enough."),
  perSecond: z.number(),
  errors: z.number(),
};

/** What is told of a scenario, whatever is rehearsed. */
export const scenario = {
  name: z.string().optional().describe("Nothing of lines of the caller's own."),
  about: z.string(),
  lines: z.string(),
  fault: fault.optional(),
  runs: count.describe("How many were rehearsed."),
  fates: fates.optional().describe("Nothing without any run."),
  failed: z.string().optional().describe("Why it could not be rehearsed."),
};

export const rehearsal = z
  .object({
    service: z.string(),
    traffic: z.object(traffic).describe("What the usual scenarios take for the service's traffic."),
    isCut: z.boolean().describe("Whether the time was up before all of it was rehearsed."),
    scenarios: z.array(
      z
        .object({
          ...scenario,
          endings: z.array(endingShare).describe("Those that came."),
          once: rehearsed.optional(),
        })
        .openapi("RehearsedScenario"),
    ),
  })
  .openapi("Rehearsal", {
    description: "How a rollout would go, in virtual time; nothing that its file names is run.",
  });
