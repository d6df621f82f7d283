// Which calls are there, and how may each be answered?
import { createRoute, type z } from "@hono/zod-openapi";
import * as calls from "../schemas/calls.ts";

const REFUSALS = {
  400: "The call is not understood.",
  401: "Nobody is logged in.",
  403: "The caller may not do this.",
  404: "There is no such thing.",
  409: "Refused as things are now; for a command on an old view, with what was decided since.",
  413: "The call is too long.",
  415: "The call is no JSON.",
  421: "The call names another machine.",
  429: "The caller calls too often.",
  431: "The address and the headers are longer than 16 KB.",
  503: "No answer in time, too many at once, or another controller of the cluster leads.",
} as const;

/** Whatever is asked may be answered by these. */
const ALWAYS = [400, 401, 403, 421, 429, 503] as const;

/** Refusals beside those that any call may meet, as OpenAPI has them. */
function refusals(...more: readonly (keyof typeof REFUSALS)[]) {
  const content = { "application/problem+json": { schema: calls.problem } };
  const answers = [...ALWAYS, ...more].map((status) => [status, { description: REFUSALS[status], content }]);
  // The server itself refuses these, before it knows who asks for what.
  return { ...Object.fromEntries(answers), 431: { description: REFUSALS[431] } };
}

/** The body of an answer, as OpenAPI has it. */
function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** The body of a call, as OpenAPI has it. */
function body<S extends z.ZodType>(schema: S) {
  return { required: true, content: { "application/json": { schema } } };
}

export const services = createRoute({
  method: "get",
  path: "/v1/services",
  summary: "Services, those first that need attention",
  request: { query: calls.servicesQuery },
  responses: { 200: json(calls.servicesPage, "One page."), ...refusals() },
});

export const service = createRoute({
  method: "get",
  path: "/v1/services/{name}",
  summary: "One service as it is now",
  request: { params: calls.named, headers: calls.cachedHeaders },
  responses: {
    200: { ...json(calls.service, "The service."), headers: calls.etag },
    304: { description: "It is as If-None-Match says.", headers: calls.etag },
    ...refusals(404),
  },
});

export const records = createRoute({
  method: "get",
  path: "/v1/services/{name}/records",
  summary: "Decisions, oldest first",
  request: { params: calls.named, query: calls.recordsQuery },
  responses: { 200: json(calls.records, "Some of them; go on `after` the last one's version."), ...refusals(404) },
});

export const revisions = createRoute({
  method: "get",
  path: "/v1/services/{name}/revisions",
  summary: "The versions of a service that are known, without their secrets",
  request: { params: calls.named },
  responses: { 200: json(calls.revisions, "Stable first."), ...refusals(404) },
});

export const logs = createRoute({
  method: "get",
  path: "/v1/services/{name}/logs",
  summary: "The last lines that the replicas wrote; for those who operate the service",
  request: { params: calls.named, query: calls.logsQuery },
  responses: { 200: json(calls.logs, "Of each replica that runs."), ...refusals(404) },
});

export const plan = createRoute({
  method: "get",
  path: "/v1/services/{name}/plan",
  summary: "The plan of the rollout under way",
  request: { params: calls.named },
  responses: { 200: json(calls.plan, "Its steps, in sentences."), ...refusals(404) },
});

export const report = createRoute({
  method: "get",
  path: "/v1/services/{name}/rollouts/{number}/report",
  summary: "What happened in one rollout and why: for programs, as a page, or for a pull request",
  description: "`Accept` or `format` says in which form; the page needs nothing else, and no script.",
  request: { params: calls.rolloutNamed, query: calls.reportQuery, headers: calls.cachedHeaders },
  responses: {
    200: {
      description: "The report, of a rollout under way as far as it is.",
      content: {
        "application/json": { schema: calls.report },
        "text/html": { schema: calls.text },
        "text/markdown": { schema: calls.text },
      },
      headers: calls.etag,
    },
    304: { description: "It is as If-None-Match says.", headers: calls.etag },
    ...refusals(404),
  },
});

export const command = createRoute({
  method: "post",
  path: "/v1/services/{name}/commands",
  summary: "Promote, pause, resume, abort, retry, undo or scale",
  request: { params: calls.named, body: body(calls.commandBody) },
  responses: { 200: json(calls.reply, "Done, and written down."), ...refusals(404, 409, 413, 415) },
});

export const remove = createRoute({
  method: "delete",
  path: "/v1/services/{name}",
  summary: "End a service: its traffic, its replicas and what is known of it",
  request: { params: calls.named, query: calls.removeQuery },
  responses: { 204: { description: "It is gone." }, ...refusals(404, 409) },
});

export const apply = createRoute({
  method: "post",
  path: "/v1/apply",
  summary: "Bring about what a rollout file asks for",
  request: { body: body(calls.applyBody) },
  responses: { 200: json(calls.reply, "Accepted, and written down."), ...refusals(404, 409, 413, 415) },
});

export const planFile = createRoute({
  method: "post",
  path: "/v1/plan",
  summary: "What a rollout file would do; nothing is changed",
  request: { body: body(calls.planBody) },
  responses: { 200: json(calls.planned, "The plan, or every mistake in the file."), ...refusals(413, 415) },
});

export const rehearseFile = createRoute({
  method: "post",
  path: "/v1/rehearse",
  summary: "How a rollout file would go, in virtual time; nothing is run and nothing changed",
  description:
    "One call is worked on at a time, for half a minute at most: what was rehearsed by then is answered. Two more may wait; the next one is answered with 503, as are all where the memory that is left does not allow it. Whoever goes away ends their rehearsal.",
  request: { body: body(calls.rehearseBody) },
  responses: {
    200: json(calls.rehearsedFile, "What came of it, or every mistake in the file."),
    ...refusals(409, 413, 415),
  },
});

export const groups = createRoute({
  method: "get",
  path: "/v1/groups",
  summary: "Releases and façades",
  responses: { 200: json(calls.groups, "All of them."), ...refusals() },
});

export const group = createRoute({
  method: "get",
  path: "/v1/groups/{name}",
  summary: "One release or façade",
  request: { params: calls.named },
  responses: { 200: json(calls.group, "The group."), ...refusals(404) },
});

export const events = createRoute({
  method: "get",
  path: "/v1/events",
  summary: "Everything that changes, as server-sent events",
  description:
    "Each event has a place (`id`), a type and JSON: `service` a ServiceSummary, `view` a Service (in a stream of one; that of a group has `group`), `record` a DecisionEvent, `group` a Group, `gone` a name, `reset` a reason to read everything anew. A stream goes on from Last-Event-ID; nothing that happened is lost or told twice. How something is, is told as it is now, and not every way that it was since.",
  request: { query: calls.eventsQuery, headers: calls.eventsHeaders },
  responses: {
    200: { description: "A stream that does not end.", content: { "text/event-stream": { schema: calls.text } } },
    ...refusals(404),
  },
});

/** Nobody is logged in yet: no token is asked for. */
const open = { security: [] };
const onwards = (description: string) => ({
  302: { description, headers: { location: { description: "Where to.", schema: { type: "string" as const } } } },
});

export const login = createRoute({
  method: "get",
  path: "/v1/login",
  summary: "Send a browser to the provider of OpenID Connect",
  ...open,
  request: { query: calls.loginQuery },
  responses: { ...onwards("To the provider."), ...refusals(404) },
});

export const loginCallback = createRoute({
  method: "get",
  path: "/v1/login/callback",
  summary: "Where the provider sends a browser back to",
  ...open,
  responses: { ...onwards("To where the person wanted to go."), ...refusals(404) },
});

export const logins = createRoute({
  method: "get",
  path: "/v1/logins",
  summary: "In which ways a browser can log in here",
  ...open,
  responses: { 200: json(calls.logins, "None where nobody has to."), ...refusals() },
});

export const tokenLogin = createRoute({
  method: "post",
  path: "/v1/login",
  summary: "Log a browser in with a token of the access file, from the dashboard's own page",
  ...open,
  request: { body: body(calls.tokenLoginBody) },
  responses: { 200: json(calls.loggedIn, "A session, in a cookie."), ...refusals(404, 413, 415) },
});

export const logout = createRoute({
  method: "post",
  path: "/v1/logout",
  summary: "End the login of the browser that calls",
  responses: { 200: json(calls.loggedOut, "It is over here."), ...refusals(404, 409) },
});

export const audit = createRoute({
  method: "get",
  path: "/v1/audit",
  summary: "Who asked for what, oldest first",
  request: { query: calls.auditQuery },
  responses: { 200: json(calls.auditPage, "Some of it; go on `after` the last one's seq."), ...refusals() },
});

export const auditVerify = createRoute({
  method: "get",
  path: "/v1/audit/verify",
  summary: "Whether the audit log is what was written, as far as its hash chain shows",
  responses: { 200: json(calls.auditCheck, "What reading all of it has shown."), ...refusals() },
});

export const whoami = createRoute({
  method: "get",
  path: "/v1/whoami",
  summary: "Who calls, and what they may do",
  request: { query: calls.whoamiQuery },
  responses: { 200: json(calls.whoami, "The caller."), ...refusals() },
});
