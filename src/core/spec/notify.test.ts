import { expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import type { NotifySpec } from "../outbox/message.ts";
import { pathText, type Path } from "./fields.ts";
import { NotifySchema } from "./notify.ts";
import { wrongText } from "./texts.ts";

function read(text: string): readonly NotifySpec[] {
  return NotifySchema.parse(parse(text), { error: wrongText });
}

/** Every mistake, as `place: text`. */
function wrong(text: string): readonly string[] {
  const { error } = NotifySchema.safeParse(parse(text), { error: wrongText });
  return (error?.issues ?? []).map((issue) => `${pathText(issue.path as Path)}: ${issue.message}`);
}

test("Slack, with what stands in the file", () => {
  const text = `
- name: team
  slack: { url: { env: SLACK_URL }, channel: "#deploys" }
  severity: warning
  events: [rolled-back, promoted]
  text: "{{service}} {{event}}: {{text}}"
  perMinute: 3
`;
  expect(read(text)).toEqual([
    {
      name: "team",
      target: { kind: "slack", url: { env: "SLACK_URL" }, channel: "#deploys" },
      severity: "warning",
      events: ["rolled-back", "promoted"],
      text: "{{service}} {{event}}: {{text}}",
      perMinute: 3,
    },
  ]);
});

test.each([
  ["slack: https://hooks.slack.com/services/T/B/x", { kind: "slack", url: "https://hooks.slack.com/services/T/B/x" }],
  ["http: http://x", { kind: "http", url: "http://x", method: "POST", headers: {} }],
  ["command: [say, hello]", { kind: "command", command: ["say", "hello"], env: {}, cwd: "" }],
])("{ %s }, everything, at most 10 a minute", (fields, target) => {
  expect(read(`[{ name: a, ${fields} }]`)).toEqual([{ name: "a", target, severity: "info", perMinute: 10 }]);
});

const LOGIN = { user: "me", password: { env: "P" } };

test.each([
  ["smtp: mail:25", { host: "mail", port: 25, tls: "ifOffered" }, undefined],
  ["smtp: mail.example.com", { host: "mail.example.com", port: 587, tls: "ifOffered" }, undefined],
  ["smtp: '[::1]:465'", { host: "::1", port: 465, tls: "always" }, undefined],
  ["smtp: mail:587, user: me, password: { env: P }", { host: "mail", port: 587, tls: "starttls" }, LOGIN],
  ["smtp: mail:465, user: me, password: { env: P }", { host: "mail", port: 465, tls: "always" }, LOGIN],
  ["smtp: mail:2525, tls: always", { host: "mail", port: 2525, tls: "always" }, undefined],
])("email: %s", (fields, smtp, login) => {
  expect(read(`[{ name: a, email: { ${fields}, from: a@b, to: [c@d, "E <e@f.g>"] } }]`)[0]?.target).toEqual({
    kind: "email",
    smtp,
    from: "a@b",
    to: ["c@d", "E <e@f.g>"],
    ...(login ? { login } : {}),
  });
});

test.each([
  ["{ name: a }", "[0]: one of slack, http, email or command must be here"],
  ["{ name: a, slack: http://x, http: http://y }", "[0].http: found beside slack, only one"],
  ["{ name: a, slack: { channel: x } }", "[0].slack.url: url is missing. The address of the incoming webhook"],
  ["{ name: a, command: [x], events: [rolledback] }", "[0].events[0]: found rolledback, did you mean rolled-back?"],
  ["{ name: a, command: [x], events: [] }", "[0].events: found an empty list, at least 1 entry"],
  ["{ name: a, command: [x], events: [step, step] }", "[0].events[1]: found step again"],
  ["{ name: a, command: [x], severity: high }", "[0].severity: found high, one of info, warning or error must be here"],
  [
    "{ name: a, command: [x], text: '{{texts}}' }",
    "[0].text: found {{texts}}, no such part of the payload: did you mean text?",
  ],
  ["{ name: a, command: [x], perMinute: 0 }", "[0].perMinute: found 0, at least 1 must be here"],
  ["{ name: a, email: { smtp: 25, from: a@b, to: [c@d] } }", "[0].email.smtp: found 25, a mail server is host:port"],
  ["{ name: a, email: { smtp: 'smtp://x', from: a@b, to: [c@d] } }", "[0].email.smtp: found smtp://x, a mail server"],
  ["{ name: a, email: { smtp: 'mail:0', from: a@b, to: [c@d] } }", "[0].email.smtp: found mail:0, a mail server"],
  ["{ name: a, email: { smtp: mail, from: ab, to: [c@d] } }", "[0].email.from: found ab, an address is"],
  ["{ name: a, email: { smtp: mail, from: a@b, to: [] } }", "[0].email.to: found an empty list"],
  ['{ name: a, email: { smtp: mail, from: a@b, to: ["c@d\\r\\nBcc: e@f"] } }', "[0].email.to[0]: found c@d"],
  [
    "{ name: a, email: { smtp: mail, from: a@b, to: [c@d], user: x } }",
    "[0].email.password: password is missing: it goes with user",
  ],
  [
    "{ name: a, email: { smtp: mail, from: a@b, to: [c@d], password: x } }",
    "[0].email.user: user is missing: it goes with password",
  ],
  ["{ name: a, command: [x] }, { name: a, command: [x] }", "[1].name: found a again"],
])("%s", (notify, message) => {
  const found = wrong(`[${notify}]`);
  expect(found).toHaveLength(1);
  expect(found[0]?.slice(0, message.length)).toBe(message);
});

test("an editor is told of both forms of a field", () => {
  const schema = z.toJSONSchema(NotifySchema, { io: "input", target: "draft-7", unrepresentable: "any" });
  expect(schema).toMatchObject({
    items: {
      properties: {
        slack: { anyOf: [{ type: "string" }, { type: "object", required: ["url"], additionalProperties: false }] },
      },
    },
  });
});
