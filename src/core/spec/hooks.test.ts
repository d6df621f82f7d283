import { expect, test } from "vitest";
import { parse } from "yaml";
import type * as z from "zod";
import type { HookSpec } from "../outbox/message.ts";
import { pathText, type Path } from "./fields.ts";
import { HooksSchema } from "./hooks.ts";
import { wrongText } from "./texts.ts";

function read(text: string): readonly HookSpec[] {
  return HooksSchema.parse(parse(text), { error: wrongText });
}

/** Every mistake, as `place: text`. */
function wrong(text: string): readonly string[] {
  const { error } = HooksSchema.safeParse(parse(text), { error: wrongText });
  return (error?.issues ?? []).map((issue: z.core.$ZodIssue) => `${pathText(issue.path as Path)}: ${issue.message}`);
}

test("a command, with what stands in the file", () => {
  const text = `
- name: smoke test
  at: before
  command: [npm, run, smoke, 3, true]
  env: { TOKEN: { env: CI_TOKEN }, KEY: { file: key.txt }, MODE: quick }
  cwd: checks
  timeout: 1m
  retries: 2
  onFailure: hold
  metadata: { team: payments, level: 3 }
`;
  expect(read(text)).toEqual([
    {
      name: "smoke test",
      at: "before",
      mode: "run",
      target: {
        kind: "command",
        command: ["npm", "run", "smoke", "3", "true"],
        env: { TOKEN: { env: "CI_TOKEN" }, KEY: { file: "key.txt" }, MODE: "quick" },
        cwd: "checks",
      },
      timeoutMs: 60_000,
      retries: 2,
      everyMs: 10_000,
      onFailure: "hold",
      threshold: 1,
      metadata: { team: "payments", level: "3" },
    },
  ]);
});

test.each<[string, Partial<HookSpec>]>([
  ["at: start, command: [x]", { mode: "run", onFailure: "rollBack", retries: 0, timeoutMs: 30_000 as never }],
  ["at: promotion, gate: true, http: http://gate", { mode: "gate", everyMs: 10_000 as never }],
  ["at: start, gate: true, every: 30s, http: http://gate", { mode: "gate", everyMs: 30_000 as never }],
  ["rollbackWhen: true, http: http://stop", { at: "during", mode: "rollback", everyMs: 10_000 as never }],
  ["at: during, command: [x]", { mode: "run", everyMs: 60_000 as never, threshold: 1 }],
  ["at: during, every: 10s, threshold: 3, command: [x]", { everyMs: 10_000 as never, threshold: 3 }],
  ["at: after, command: [x]", { onFailure: "goOn" }],
  ["at: rollback, onFailure: goOn, command: [x]", { onFailure: "goOn" }],
])("{ %s }", (fields, hook) => {
  expect(read(`[{ name: a, ${fields} }]`)).toMatchObject([hook]);
});

test.each([
  ["http://gate/a?b=c", { url: "http://gate/a?b=c", method: "POST", headers: {} }],
  ["{ url: http://gate, method: GET }", { url: "http://gate", method: "GET", headers: {} }],
  [
    '{ url: { env: GATE }, headers: { authorization: { file: token } }, body: \'{"a":"{{metadata.b}}"}\' }',
    {
      url: { env: "GATE" },
      method: "POST",
      headers: { authorization: { file: "token" } },
      body: '{"a":"{{metadata.b}}"}',
    },
  ],
])("http: %s", (http, target) => {
  expect(read(`[{ name: a, at: start, http: ${http}, metadata: { b: c } }]`)[0]?.target).toEqual({
    kind: "http",
    ...target,
  });
});

test.each([
  ["{ at: start, command: [x] }", "[0].name: found nothing, a text must be here"],
  ["{ name: a, command: [x] }", "[0].at: at is missing: one of start, before, increase"],
  ["{ name: a, at: soon, command: [x] }", "[0].at: found soon, one of start, before"],
  ["{ name: a, at: start }", "[0]: one of http, command or job must be here"],
  ["{ name: a, at: start, command: [] }", "[0].command: found an empty list, at least 1 entry must be in it"],
  ["{ name: a, at: start, http: http://x, command: [x] }", "[0].command: found beside http, only one"],
  ["{ name: a, at: start, http: http://x, cwd: y }", "[0].cwd: cwd is a command's"],
  ["{ name: a, at: start, http: gate }", "[0].http: found gate, an address is http:// or https://"],
  ["{ name: a, at: start, http: 5 }", "[0].http: found 5, an address or a map with url must be here"],
  ["{ name: a, at: start, http: {} }", "[0].http.url: url is missing. The address"],
  [
    "{ name: a, at: start, http: { url: http://x, metod: GET } }",
    "[0].http.metod: found metod, no such field: did you mean method?",
  ],
  ["{ name: a, at: start, http: { url: http://x, method: HEAD } }", "[0].http.method: found HEAD, one of GET, POST"],
  ["{ name: a, at: start, http: { url: { env: A, file: b } } }", "[0].http.url.file: found beside env, only one"],
  ["{ name: a, at: start, http: { url: 'http://x/{{service}}' } }", "[0].http.url: found a template in the address"],
  [
    "{ name: a, at: start, http: { url: http://x, headers: { a: '{{service}}' } } }",
    "[0].http.headers.a: found a template in a header",
  ],
  [
    "{ name: a, at: start, http: { url: http://x, headers: { 'a b': c } } }",
    '[0].http.headers["a b"]: found a b, a header\'s name',
  ],
  [
    "{ name: a, at: start, http: { url: http://x, headers: { X-Serin-Id: c } } }",
    "[0].http.headers.X-Serin-Id: found X-Serin-Id, Serin names",
  ],
  ["{ name: a, at: start, http: { url: http://x, method: GET, body: x } }", "[0].http.body: GET has no body"],
  [
    "{ name: a, at: start, http: { url: http://x, body: '{\"a\":' } }",
    "[0].http.body: the body looks like JSON and is none",
  ],
  [
    "{ name: a, at: start, http: { url: http://x, body: '{{servce}}' } }",
    "[0].http.body: found {{servce}}, no such part of the payload: did you mean service? Known are name, namespace",
  ],
  ["{ name: a, at: start, http: { url: http://x, body: '{{metadata.b}}' } }", "[0].http.body: found {{metadata.b}}"],
  ["{ name: a, at: start, http: { url: http://x, body: '{{ }}' } }", "[0].http.body: found {{ }}, a name must stand"],
  ["{ name: a, at: start, command: [x], env: { SERIN_ID: y } }", "[0].env.SERIN_ID: found SERIN_ID"],
  ["{ name: a, at: start, command: [x], metadata: { 'a.b': c } }", '[0].metadata["a.b"]: found a.b, a name here'],
  [
    "{ name: a, at: after, gate: true, command: [x] }",
    "[0].gate: nothing waits at after: a gate stands at start, before",
  ],
  ["{ name: a, at: during, gate: true, command: [x] }", "[0].gate: nothing waits at during"],
  ["{ name: a, gate: true, rollbackWhen: true, command: [x] }", "[0].gate: found beside rollbackWhen"],
  ["{ name: a, at: start, rollbackWhen: true, command: [x] }", "[0].at: rollbackWhen is asked all the way"],
  ["{ name: a, at: start, every: 10s, command: [x] }", "[0].every: called once"],
  ["{ name: a, at: start, threshold: 2, command: [x] }", "[0].threshold: threshold is for at: during"],
  ["{ name: a, at: start, gate: true, retries: 2, command: [x] }", "[0].retries: a gate is asked again anyway"],
  ["{ name: a, at: during, retries: 2, command: [x] }", "[0].retries: at: during is called again anyway"],
  [
    "{ name: a, rollbackWhen: true, onFailure: hold, command: [x] }",
    "[0].onFailure: a failure of rollbackWhen is an answer",
  ],
  ["{ name: a, at: after, onFailure: rollBack, command: [x] }", "[0].onFailure: the rollout is over at after"],
  ["{ name: a, at: start, timeout: 0s, command: [x] }", "[0].timeout: found 0s, a duration here is from 100ms to 1h"],
  ["{ name: 'a/b', at: start, command: [x] }", "[0].name: found a/b, a name here"],
  [
    "{ name: a, at: start, command: [x] }, { name: a, at: after, command: [x] }",
    "[1].name: found a again, entry 1 has it",
  ],
])("%s", (hooks, message) => {
  const found = wrong(`[${hooks}]`);
  expect(found).toHaveLength(1);
  expect(found[0]?.slice(0, message.length)).toBe(message);
});

test("a password in an address is not shown", () => {
  const [message] = wrong("[{ name: a, at: start, http: 'https://me:secret@gate' }]");
  expect(message).toContain("//…@gate");
  expect(message).not.toContain("secret");
});

test("a secret is of one kind, and the other fields are unknown", () => {
  expect(wrong("[{ name: a, at: start, http: { url: { envy: A } } }]")).toEqual([
    "[0].http.url.envy: found envy, no such field: did you mean env?",
    "[0].http.url: one of env or file must be here",
  ]);
});

test("all mistakes at once", () => {
  const found = wrong("[{ name: 'a/b', at: start, http: { url: x, method: y, colour: z }, timeout: 5 }]");
  expect(found).toHaveLength(5);
});
