// How does what people see look in an answer?
import { z } from "@hono/zod-openapi";
import type { EndedRun, Standing } from "../../core/group/state.ts";
import type { Health } from "../../runtime/health.ts";
import {
  comparison,
  ended,
  lightRecord,
  measured,
  outcome,
  paused,
  quarantined,
  record,
  role,
  split,
  test,
  time,
  trail,
  usual,
  verdict,
  waiting,
  weights,
} from "./engine.ts";
import { ATTENTIONS } from "../order.ts";
import { exactly } from "./exactly.ts";

const count = z.int().min(0);
const health = exactly<Health>()(
  z.enum(["well", "degraded", "down", "unknown"]).openapi("Health", {
    description: "Whether the service answers, whatever becomes of the release; `unknown` when nobody looks.",
  }),
);
const troubles = z.record(z.string(), z.string()).describe("What does not work right now, by part.");
const phase = z.enum(["forward", "back", "ended"]);
const version = count.describe("Names what was seen; commands carry it back, so that nobody decides on an old view.");
const namespace = z.string().optional().describe("Of a service in a cluster.");

const pool = z
  .object({
    pool: z.string(),
    role: z.union([role, z.enum(["former", "leaving"])]),
    revision: z.string(),
    wanted: count,
    ready: count.optional().describe("Nothing when nobody looks."),
    restarts: count,
    why: z.string().optional().describe("Why a replica of it is not ready."),
  })
  .openapi("Pool");

const rival = z
  .object({
    name: z.string(),
    role,
    revision: z.string(),
    verdict: verdict.optional(),
    left: z.string().optional().describe("Why it has left."),
  })
  .openapi("Rival", { description: "A further candidate of an experiment." });

const gate = z
  .object({
    what: z.string().describe("What is asked."),
    needed: count
      .optional()
      .describe("So many approvals of others than who has started it; without it anybody's will do."),
    approvals: z.array(z.string()).describe("Who has approved so far."),
    startedBy: z.string().optional(),
  })
  .openapi("Gate", { description: "A gate at which the rollout waits for a person." });

const rollout = z
  .object({
    number: count,
    strategy: z.string(),
    candidate: z.string(),
    replaces: z.string().optional(),
    phase,
    steps: z.array(z.string()).describe("What the program does, step by step, in sentences."),
    cursor: count,
    startedMs: time,
    stepSinceMs: time,
    endedMs: time.optional(),
    waiting: waiting.optional(),
    gate: gate.optional(),
    paused: paused.optional(),
    goesBackBecause: z.string().optional(),
    verdict: verdict.optional(),
    rivals: z.array(rival).optional(),
    /** These four while the rollout is under way; afterwards its last decision has them. */
    trail: trail.optional(),
    measured: measured.optional(),
    comparison: comparison.optional(),
    test: test.optional(),
    outcome: outcome.optional(),
    why: z.string().optional(),
  })
  .openapi("Rollout", { description: "A rollout, under way or the last one." });

const shares = z.object({
  stable: z.number().optional(),
  canary: z.number().optional(),
  baseline: z.number().optional(),
  "canary-2": z.number().optional(),
  "canary-3": z.number().optional(),
  "canary-4": z.number().optional(),
});

export const service = z
  .object({
    service: z.string(),
    namespace,
    version,
    nowMs: time,
    address: z.string().optional(),
    stable: z.string().optional(),
    health,
    pools: z.array(pool),
    preview: z.string().optional().describe("A second address, whose requests go to the candidate while there is one."),
    wanted: weights,
    split,
    /** As the router reports it; nothing when it cannot be read. */
    reported: weights.optional(),
    measured: z
      .object({ windowMs: z.number(), requests: z.number(), shares })
      .optional()
      .describe("The shares of the requests that were counted in the last seconds, 0…1."),
    usual: z
      .object({ ...usual, perSecond: z.number() })
      .optional()
      .describe("What stable does when nothing is rolled out; nothing before it was looked at for a while."),
    rollout: rollout.optional(),
    history: z.array(ended),
    quarantine: z.array(quarantined),
    queued: z
      .object({ revision: z.string(), atMs: time, actor: z.string() })
      .optional()
      .describe("A newer revision that waits for the end of the rollout under way."),
    recent: z.array(record),
    troubles,
  })
  .openapi("Service", { description: "One service as it is now." });

/** Most urgent first. */
const attention = z
  .object({
    for: z.enum(ATTENTIONS).describe("Most urgent first."),
    text: z.string(),
  })
  .openapi("Attention", { description: "Why a person should look at it; the most urgent reason." });

export const summary = z
  .object({
    service: z.string(),
    namespace,
    version,
    health,
    stable: z.string().optional(),
    address: z.string().optional(),
    ready: count.describe("Replicas that answer, of all pools."),
    wanted: count.describe("Replicas that there shall be."),
    weights: weights,
    perSecond: z.number().optional().describe("Requests per second, of all roles, to two digits."),
    attention: attention.optional(),
    rollout: z
      .object({
        number: count,
        strategy: z.string(),
        candidate: z.string(),
        phase,
        cursor: count,
        steps: count.describe("How many steps there are."),
        startedMs: time,
        endedMs: time.optional(),
        waiting: waiting.optional(),
        paused: paused.optional(),
        goesBackBecause: z.string().optional(),
        verdict: z
          .object({ kind: z.enum(["worse", "no-worse", "undecided"]), sure: z.number(), text: z.string() })
          .optional(),
        outcome: outcome.optional(),
        why: z.string().optional(),
      })
      .optional()
      .describe("The rollout under way, or the last one."),
    queued: z.string().optional().describe("The revision that waits for the end of the rollout under way."),
    troubles,
  })
  .openapi("ServiceSummary", { description: "One service, in a row of a table." });

export const standing = exactly<Standing["at"]>()(
  z
    .enum([
      "waiting",
      "starting",
      "under-way",
      "gate",
      "promoted",
      "going-back",
      "rolled-back",
      "stopped",
      "undone",
      "refused",
    ])
    .openapi("Standing", { description: "How far a member of a group is." }),
);

const member = z
  .object({
    service: z.string(),
    name: z.string().describe("The route of a façade; else the service."),
    at: standing,
    text: z.string().describe("How far it is, in words."),
    why: z.string().optional().describe("Why it does not come further, or what it waits for."),
    requests: z.string().optional().describe("Of a façade: the requests that it takes."),
    legacyRequests: z.number().optional().describe("How many of them legacy answered in the last minute."),
    wave: count.optional().describe("Of a release: its wave, from 0."),
    needs: z.array(z.string()).optional().describe("Of a release: what must be there before it."),
  })
  .openapi("Member");

const groupOutcome = z.enum(["promoted", "rolled-back", "stopped"]);

export const group = z
  .object({
    group: z.string().describe("`release/shop`, `facade/shop`."),
    version,
    nowMs: time,
    address: z.string().optional().describe("Of a façade: where its clients reach it."),
    number: count,
    phase: z.enum(["forward", "held", "back", "ended"]),
    startedMs: time,
    endedMs: time.optional(),
    outcome: groupOutcome.optional(),
    why: z.string().optional(),
    paused: paused.optional(),
    bakesSinceMs: time.optional().describe("Of a release: since when what the wave has promoted is watched."),
    stuck: z.string().optional().describe("Of a façade: the route that stands in the way of those behind it."),
    members: z.array(member).describe("In their order."),
    next: z.array(z.string()).describe("What is left, and what a person may do, in sentences."),
    history: z.array(
      exactly<EndedRun>()(
        z.object({ number: count, outcome: groupOutcome, why: z.string(), startedMs: time, endedMs: time }),
      ),
    ),
    recent: z.array(record),
    troubles,
  })
  .openapi("Group", { description: "Several services that are looked after together." });

export const revision = z
  .object({
    id: z.string(),
    is: z
      .array(z.union([role, z.enum(["former", "queued", "rolled-back"])]))
      .describe("What it is now; empty for one that is only kept to go back to."),
    rollouts: z.array(count).describe("The rollouts of it that are known, newest first."),
    kind: z.enum(["processes", "endpoints", "deployment"]),
    image: z.array(z.string()).optional().describe("Of a Deployment: its containers' images."),
    command: z.array(z.string()).optional(),
    env: z.record(z.string(), z.string()).optional().describe("Names; every value is `***`."),
    files: z.array(z.object({ path: z.string(), sha256: z.string() })).optional(),
    addresses: z.array(z.string()).optional().describe("Of endpoints."),
    differs: z
      .array(z.string())
      .optional()
      .describe(
        "In what it differs from stable: `command`, `env.MODE`, `files.app.toml`; of a Deployment also `configuration` and `pod`, the rest of its template.",
      ),
    quarantined: z.string().optional().describe("Why it was rolled back: it does not start again by itself."),
  })
  .openapi("Revision", { description: "One immutable version of a service, without its secrets." });

export const decision = lightRecord;
