// How does a rollout file say who is told?
import * as z from "zod";
import type { NotifyEvent, NotifySpec, Severity, Target } from "../outbox/message.ts";
import { textOrMap } from "./either.ts";
import { readListen } from "./listen.ts";
import { bad, good, shown, written, type Format } from "./reading.ts";
import { exactlyOne, rule, type Report } from "./rule.ts";
import {
  callFields,
  callTarget,
  checkCall,
  checkTemplate,
  Name,
  templatesOf,
  textField,
  uniqueNames,
  Url,
} from "./target.ts";

const EVENTS: Readonly<Record<NotifyEvent, true>> = {
  started: true,
  step: true,
  waiting: true,
  verdict: true,
  "rolled-back": true,
  promoted: true,
  stopped: true,
  concluded: true,
  command: true,
  hook: true,
  queued: true,
};
const SEVERITIES: readonly Severity[] = ["info", "warning", "error"];

const SlackMap = z.strictObject({
  url: textField(Url).describe("The address of the incoming webhook, best as { env } or { file }: it is a secret."),
  channel: z.string().min(1).optional().describe("Another channel, which only webhooks of the old kind allow."),
});
const Slack = textOrMap({ text: Url, map: SlackMap, right: "an address or a map with url" });

const SUBMISSION = 587;
/** TLS from the first byte. */
const SECURE = 465;

const SMTP: Format<{ readonly host: string; readonly port: number }> = {
  read: (input) => {
    if (
      typeof input === "string" &&
      /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/u.test(input) &&
      !/^\d+$/u.test(input)
    )
      return good({ host: input, port: SUBMISSION });
    const read = readListen(input);
    if (read.ok && read.value.port > 0 && typeof input === "string" && /^[^:]/u.test(input) && input.includes(":"))
      return read;
    return bad(input, "a mail server is host:port, such as mail.example.com:587");
  },
  pattern: String.raw`^[^\s:]+(?::[0-9]{1,5})?$|^\[.+\]:[0-9]{1,5}$`,
  examples: ["mail.example.com:587"],
};

const Address = z.string().regex(/^(?:[^<>\r\n]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/u, {
  error: ({ input }) => `found ${shown(input)}, an address is ops@example.com or Ops <ops@example.com>`,
});

const Email = rule(
  z.strictObject({
    smtp: written(SMTP).describe("The mail server: host:port. Default port: 587."),
    from: Address.describe("Who sends it."),
    to: z.array(Address).min(1).max(100).describe("Who gets it."),
    user: textField(z.string().min(1)).optional().describe("With password: whom the server knows."),
    password: textField(z.string().min(1)).optional().describe("Best as { env } or { file }: it is a secret."),
    tls: z
      .enum(["always", "starttls", "ifOffered"])
      .optional()
      .describe("Default: always on port 465, otherwise starttls with a password and ifOffered without."),
  }),
  ({ user, password }, report) => {
    if ((user === undefined) === (password === undefined)) return;
    const [there, missing] = user === undefined ? ["password", "user"] : ["user", "password"];
    report([missing ?? ""], "missing-field", `${missing} is missing: it goes with ${there}`);
  },
  ["user", "password"],
).transform(({ smtp, from, to, user, password, tls }): Extract<Target, { readonly kind: "email" }> => {
  const login = user === undefined || password === undefined ? undefined : { user, password };
  const usual = smtp.port === SECURE ? "always" : login ? "starttls" : "ifOffered";
  return { kind: "email", smtp: { ...smtp, tls: tls ?? usual }, from, to, ...(login ? { login } : {}) };
});

const notifyFields = z.strictObject({
  name: Name.describe("What texts call this receiver."),
  ...callFields,
  slack: Slack.optional().describe("An incoming webhook of Slack: its address, or a map with url and channel."),
  email: Email.optional().describe("A mail server, and who gets mail."),
  severity: z
    .enum(SEVERITIES as [Severity, ...Severity[]])
    .default("info")
    .describe("Only what matters at least so much: info, warning or error."),
  events: z
    .array(z.enum(Object.keys(EVENTS) as [NotifyEvent, ...NotifyEvent[]]))
    .min(1)
    .optional()
    .describe("Only these. Default: all."),
  text: z.string().min(1).optional().describe("A template of the text. Default: a sentence."),
  perMinute: z.int().min(1).max(600).default(10).describe("Most messages in a minute; the others are told in one."),
});

type NotifyFields = z.output<typeof notifyFields>;

function checkNotify(notify: NotifyFields, report: Report): void {
  exactlyOne(notify, ["slack", "http", "email", "command"], report);
  checkCall(notify, report);
  for (const one of templatesOf(notify)) checkTemplate(one, [], report);
  if (notify.text !== undefined) checkTemplate({ path: ["text"], template: notify.text }, [], report);
  notify.events?.forEach((event, index, all) => {
    if (all.indexOf(event) < index) report(["events", index], "duplicate", `found ${event} again, once is enough`);
  });
}

const NEEDED = ["slack", "http", "email", "command", "env", "cwd", "text", "events"];

const Notify = rule(notifyFields, checkNotify, NEEDED).transform((notify): NotifySpec => {
  const { name, severity, events, text, perMinute } = notify;
  const rest = { ...(events ? { events } : {}), ...(text === undefined ? {} : { text }) };
  return { name, target: targetOf(notify), severity, perMinute, ...rest };
});

function targetOf(notify: NotifyFields): Target {
  const { slack, email } = notify;
  if (email) return email;
  if (slack === undefined) return callTarget(notify);
  return typeof slack === "string" ? { kind: "slack", url: slack } : { kind: "slack", ...slack };
}

/** Receivers of notifications. */
export const NotifySchema: z.ZodType<readonly NotifySpec[]> = rule(z.array(Notify).max(50), uniqueNames);
