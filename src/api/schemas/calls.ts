// What may be asked, and in which form is it answered?
import { z } from "@hono/zod-openapi";
import { ATTENTIONS, ORDERS } from "../order.ts";
import { record } from "./engine.ts";
import { asked, rehearsal } from "./rehearsal.ts";
import { groupRehearsal } from "./group-rehearsal.ts";
import { group, revision, summary } from "./views.ts";

/** The largest number that a number of JSON can hold exactly. */
const MOST = Number.MAX_SAFE_INTEGER;

/** A whole number in a query, written in digits alone: an empty text is none. */
const digits = (minimum: number, maximum = MOST) =>
  z
    .string()
    .regex(/^\d{1,16}$/u, "a whole number in digits must be here")
    .transform(Number)
    .pipe(z.int().min(minimum).max(maximum))
    .openapi({ type: "integer", minimum, maximum });

/** The longest name of a service or group. */
const MOST_NAME = 260;

const actor = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .describe("Who asks: the login says it where there is one; without both it is who runs the controller.");
const reason = z.string().max(2_000).default("").describe("Why, for whoever reads it later.");

export const applyBody = z
  .strictObject({
    actor,
    reason,
    text: z.string().max(1_000_000).describe("A rollout file, or that of a façade or release."),
    origin: z.string().min(1).max(4_096).describe("Absolute folder that the file's relative paths start from."),
    expected: z.int().min(0).max(MOST).optional().describe("The version of the service that the person saw."),
    hotfix: z.boolean().optional().describe("Takes the place of whatever is under way, and asks no calendar."),
  })
  .openapi("Apply");

export const commandBody = z
  .strictObject({
    actor,
    reason,
    kind: z.enum(["promote", "pause", "resume", "abort", "retry", "undo", "scale"]),
    expected: z
      .int()
      .min(0)
      .max(MOST)
      .optional()
      .describe("The version that the person saw: 409 when it is an old one."),
    full: z.boolean().optional().describe("Of promote: pass every step that would wait."),
    to: z.string().min(1).max(64).optional().describe("Of undo: the revision to go back to."),
    replicas: z.int().min(1).max(1_000).optional().describe("Of scale."),
  })
  .openapi("Command");

export const removeQuery = z.strictObject({
  actor,
  reason,
  expected: digits(0).optional().describe("The version that the person saw."),
});

export const reply = z
  .object({
    service: z.string(),
    text: z.string().describe("What was done, one sentence."),
    version: z.int().min(0).max(MOST),
    rollout: z
      .int()
      .min(0)
      .max(MOST)
      .optional()
      .describe("The rollout that is under way now; nothing when nothing was started."),
  })
  .openapi("Reply");

const trouble = z
  .object({
    code: z.string().describe("Stable, in capitals: `SERIN_PORT_IN_USE`."),
    what: z.string(),
    found: z.string().optional(),
    now: z.string().optional().describe("What the traffic does now."),
    next: z.string().optional().describe("What to do next."),
    exitCode: z.union([z.literal(1), z.literal(2), z.literal(3), z.literal(4)]).optional(),
    hopeless: z.literal(true).optional(),
  })
  .openapi("Trouble");

export const problem = z
  .object({
    type: z.string().describe("`urn:serin:CODE`."),
    title: z.string(),
    status: z.int(),
    trouble,
    changes: z.array(record).optional().describe("With 409: what was decided since the version that the person saw."),
    version: z.int().min(0).max(MOST).optional().describe("With 409: the version now."),
  })
  .openapi("Problem", { description: "RFC 9457." });

export const named = z.object({ name: z.string().min(1).max(MOST_NAME) });

export const servicesQuery = z.strictObject({
  limit: digits(1, 1_000).default(100).openapi({ default: 100 }),
  cursor: z.string().max(1_000).optional().describe("`next` of the page before, in the same order."),
  order: z
    .enum(ORDERS)
    .default("urgency")
    .openapi({ default: "urgency" })
    .describe(
      "`urgency`: what needs attention first, then what is under way. `name`: page after page, nothing is missed.",
    ),
  q: z.string().max(200).optional().describe("Part of a service's name."),
  phase: z
    .enum(["none", "forward", "back", "ended"])
    .optional()
    .describe("Of the last rollout; `none`: it has had none."),
  strategy: z.string().max(100).optional(),
  attention: z.enum([...ATTENTIONS, "any"]).optional(),
});

export const servicesPage = z
  .object({
    items: z.array(summary),
    next: z.string().optional().describe("`cursor` of the next page; nothing after the last."),
    total: z.int().min(0).max(MOST).describe("Services that match, on all pages."),
    position: z.string().optional().describe("The place in /v1/events to go on from, so that nothing is missed."),
  })
  .openapi("ServicesPage");

export const recordsQuery = z.strictObject({
  after: digits(0).default(0).openapi({ default: 0 }).describe("Decisions with a version above it."),
  limit: digits(1, 1_000).default(200).openapi({ default: 200 }),
});

export const records = z.array(record);
export const revisions = z.object({ items: z.array(revision) }).openapi("Revisions");
export const logsQuery = z.strictObject({
  pool: z.string().min(1).max(100).optional().describe("One pool alone; all of them without it."),
  lines: digits(1, 1_000).default(100).openapi({ default: 100 }).describe("So many of each replica at most."),
});
export const logs = z
  .object({
    items: z.array(
      z.object({ pool: z.string(), replica: z.string(), lines: z.array(z.string()).describe("Oldest first.") }),
    ),
  })
  .openapi("Logs");
export const groups = z.array(group);

export const rolloutNamed = z.object({ name: z.string().min(1).max(MOST_NAME), number: digits(1) });

export const REPORT_FORMS = ["json", "html", "markdown"] as const;

export const reportQuery = z.strictObject({
  format: z
    .enum(REPORT_FORMS)
    .optional()
    .describe("The form of the report, for whoever cannot say it by `Accept`; without both it is JSON."),
});

export const eventsQuery = z.strictObject({
  service: z
    .string()
    .min(1)
    .max(MOST_NAME)
    .optional()
    .describe("One service or group alone, with all that is known of it."),
  after: z.string().max(100).optional().describe("A place, where no Last-Event-ID can be sent: `position` of a page."),
});

export const eventsHeaders = z.object({ "last-event-id": z.string().max(100).optional() });

export const cachedHeaders = z.object({ "if-none-match": z.string().max(1_000).optional() });
export const etag = z.object({ etag: z.string() });
export const text = z.string();

const issue = z
  .object({
    line: z.int().min(1),
    column: z.int().min(1),
    path: z.string().describe("`spec.strategy.canary.steps[1].weight`"),
    code: z.string(),
    message: z.string(),
  })
  .openapi("Issue", { description: "One mistake in a file." });

const rows = z.array(z.array(z.string()));

export const plan = z
  .object({
    service: z.string(),
    strategy: z.string(),
    text: z.array(z.string()).describe("The whole plan, in lines."),
    steps: z.array(z.object({ op: z.string(), sentence: z.string() })),
    forecast: z
      .object({
        traffic: z.string(),
        steps: rows,
        bad: rows,
        good: z.array(z.string()),
        unforecast: z.array(z.string()),
        advice: z.array(z.string()),
      })
      .optional()
      .describe("What it could show, of a service whose traffic is known; the first row of a table is its head."),
  })
  .openapi("Plan");

const file = {
  text: z.string().max(1_000_000).describe("A rollout file."),
  origin: z.string().min(1).max(4_096).describe("Absolute folder that the file's relative paths start from."),
};

export const planBody = z.strictObject(file).openapi("PlanFile");

export const planned = z
  .object({
    ok: z.boolean(),
    issues: z.array(issue).describe("Every mistake in the file."),
    plan: plan.optional(),
    group: z
      .object({ group: z.string(), text: z.array(z.string()) })
      .optional()
      .describe("Of the file of a façade or release."),
  })
  .openapi("Planned");

export const rehearseBody = z.strictObject({ ...file, ...asked }).openapi("RehearseFile");

export const rehearsedFile = z
  .object({
    ok: z.boolean(),
    issues: z.array(issue).describe("Every mistake in the file."),
    rehearsal: rehearsal.optional().describe("Of the file of one service."),
    group: groupRehearsal.optional().describe("Of the file of a façade or release."),
  })
  .openapi("RehearsedFile");

export const loginQuery = z.strictObject({
  to: z.string().max(500).optional().describe("Where to go then: a path of this server."),
});

export const logins = z
  .object({
    oidc: z.boolean().describe("At a provider of OpenID Connect: `GET /v1/login`."),
    token: z.boolean().describe("With a token: `POST /v1/login`."),
  })
  .openapi("Logins");

export const tokenLoginBody = z.strictObject({ token: z.string().min(1).max(1_000) }).openapi("TokenLogin");

export const loggedIn = z.object({ actor: z.string() }).openapi("LoggedIn");

export const loggedOut = z
  .object({ to: z.string().describe("Where the browser ends its session at the provider, or our own first page.") })
  .openapi("LoggedOut");

export const auditQuery = z.strictObject({
  after: digits(0).default(0).openapi({ default: 0 }).describe("Entries with a number above it."),
  limit: digits(1, 1_000).default(200).openapi({ default: 200 }),
});

const auditEntry = z
  .object({
    seq: z.int().min(1),
    at: z.string().describe("ISO 8601, UTC."),
    hash: z.string().describe("SHA-256 of the hash before, a line feed and the entry as it is kept; hexadecimal."),
    kind: z
      .enum(["asked", "answered", "refused", "denied", "login", "logout"])
      .describe("`asked` before it is done, `answered` after; `refused`: no right to it; `denied`: not let in."),
    actor: z.string().optional(),
    login: z.enum(["none", "token", "oidc"]).optional(),
    from: z.string().optional().describe("The address that the call came from."),
    what: z.string().optional(),
    service: z.string().optional(),
    reason: z.string().optional(),
    seen: z.int().min(0).optional().describe("The version of the service that the person saw."),
    of: z.int().min(1).optional().describe("The entry that this one answers."),
    answer: z.string().optional(),
    leftOut: z
      .int()
      .min(1)
      .optional()
      .describe("So many refusals of the same caller were not written down before this one."),
  })
  .openapi("AuditEntry");

export const auditPage = z.object({ items: z.array(auditEntry) }).openapi("AuditPage");

export const auditCheck = z
  .union([
    z.object({ ok: z.literal(true), entries: z.int().min(0), head: z.string() }),
    z.object({ ok: z.literal(false), entries: z.int().min(0), seq: z.int().min(1), why: z.string() }),
  ])
  .openapi("AuditCheck");

const accessRole = z.enum(["view", "operate", "approve", "administer"]);

export const whoamiQuery = z.strictObject({
  service: z
    .string()
    .min(1)
    .max(MOST_NAME)
    .optional()
    .describe("A service or group: `at` says what the caller may do there."),
});

const rights = z
  .object({
    service: z.string(),
    environments: z
      .array(z.string())
      .describe("That of the service; of a group those of its members. None for whoever may not view it."),
    acts: z.array(
      z.object({
        act: z.enum(["apply", "promote", "pause", "resume", "abort", "retry", "undo", "scale", "remove"]),
        roles: z.array(accessRole).describe("Any of them will do."),
        allowed: z.boolean(),
        holders: z
          .array(z.string())
          .describe("Whom the access file grants it, as it names them; nothing where nobody has to log in."),
      }),
    ),
  })
  .openapi("Rights", { description: "What the caller may do with a service, and who else may." });

export const whoami = z
  .object({
    actor: z.string().optional(),
    roles: z.array(z.object({ role: accessRole, services: z.string(), environments: z.string() })),
    login: z.enum(["none", "token", "oidc"]),
    csrf: z.string().optional(),
    at: rights.optional(),
  })
  .openapi("Whoami");

export { report } from "./report.ts";
export { decision, group, revision, service, summary } from "./views.ts";
