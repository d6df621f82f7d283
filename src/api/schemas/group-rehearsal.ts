// How does what came of rehearsals of a release or façade look?
import { z } from "@hono/zod-openapi";
import type { MemberFate, StandingCount, Turnings } from "../../rehearse/group-distribution.ts";
import type { GroupRehearsed, MemberSummary } from "../../rehearse/group-rehearsal.ts";
import type { Stand, Turning } from "../../rehearse/group-stage.ts";
import { exactly } from "./exactly.ts";
import { count, ending, endingShare, lasting, quantiles, scenario, traffic } from "./rehearsal.ts";
import { standing } from "./views.ts";

const wave = z.int().min(1).describe("From 1; the place in its line of a façade's route.");

const share = z.number().min(0).max(1).describe("The part of its requests that the new version has.");

const stand = { service: z.string(), at: standing, share };

const turning = exactly<Turning>()(
  z
    .object({
      kind: z
        .enum(["back", "held", "alone"])
        .describe("All go back, or the others are held, as the file says; a façade's route goes back alone."),
      atMs: lasting,
      wave,
      why: z.string(),
      members: z.array(exactly<Stand>()(z.object(stand))).describe("How far each member was at that moment."),
    })
    .openapi("Turning", { description: "The moment at which a member was found to be worse." }),
);

const memberSummary = exactly<MemberSummary>()(
  z
    .object({
      ...stand,
      wave,
      requests: count,
      canaryRequests: count,
      canaryFailed: count,
      lost: count.describe("Answered by nobody."),
      harm: count.describe("Failed requests, lost ones included, beyond what stable would have failed."),
    })
    .openapi("RehearsedMember", { description: "What came of one member, until the rehearsal had ended." }),
);

const rehearsed = exactly<GroupRehearsed>()(
  z
    .object({
      seed: count,
      ending,
      virtualMs: lasting,
      requests: count.describe("This and the following figures are of all members together."),
      canaryRequests: count,
      canaryFailed: count,
      lost: count,
      harm: count,
      looks: count,
      members: z.array(memberSummary),
      turning: turning.optional(),
      why: z.string(),
      timeline: z
        .array(z.object({ of: z.string(), atMs: z.number(), text: z.string() }))
        .describe("What was decided of the group and of its members."),
      answered: z.array(z.string()).describe("What was answered for a person."),
    })
    .openapi("RehearsedGroupOnce"),
);

const standings = z
  .array(exactly<StandingCount>()(z.object({ at: standing, runs: count })))
  .describe("The most frequent first.");

const memberFate = exactly<MemberFate>()(
  z
    .object({
      service: z.string(),
      wave,
      atTurning: standings.describe(
        "How far it was when a member was found to be worse, of the runs in which one was.",
      ),
      share: quantiles.describe("The part of its requests that the new version had at that moment."),
      atEnd: standings.describe("How far it was in the end."),
      canaryRequests: quantiles,
      harm: quantiles,
    })
    .openapi("MemberFate"),
);

const turnings = exactly<Turnings>()(
  z
    .object({
      runs: count.describe("Runs in which a member was found to be worse."),
      timeMs: quantiles,
      waves: z.array(z.object({ wave, runs: count })),
    })
    .openapi("Turnings"),
);

export const groupRehearsal = z
  .object({
    group: z.string().describe("`release/shop`, `facade/shop`."),
    members: z
      .array(z.object({ service: z.string(), wave, ...traffic }))
      .describe("What the usual scenarios take for each member's traffic."),
    isCut: z.boolean().describe("Whether the time was up before all of it was rehearsed."),
    scenarios: z.array(
      z
        .object({
          ...scenario,
          member: z.string().optional().describe("Whose new version is worse."),
          endings: z.array(endingShare).describe("Those that came; figures of all members together."),
          turnings: turnings.optional().describe("Nothing where no member was found to be worse."),
          members: z.array(memberFate).describe("Empty without any run."),
          once: rehearsed.optional(),
        })
        .openapi("RehearsedGroupScenario"),
    ),
  })
  .openapi("GroupRehearsal", {
    description: "How a release or façade would go, in virtual time; nothing that its files name is run.",
  });
