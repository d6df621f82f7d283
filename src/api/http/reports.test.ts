// Is a report answered in the form that was asked for, to those who may see it?
import { OpenAPIHono } from "@hono/zod-openapi";
import { expect, test } from "vitest";
import { testKeeper } from "../../../test/support/keeper.ts";
import { SAMPLES } from "../../../test/support/report.ts";
import { viewOfNothing } from "../../../test/support/view.ts";
import { SerinError } from "../../core/issues.ts";
import { ms } from "../../core/units.ts";
import { htmlOf } from "../../report/html.ts";
import { markdownOf } from "../../report/markdown.ts";
import { reportOf } from "../../report/report.ts";
import { Caller } from "../access/caller.ts";
import { EVERYTHING, type Principal } from "../access/may.ts";
import * as calls from "../schemas/calls.ts";
import type { Env } from "./call.ts";
import { answerTo } from "./problem.ts";
import { addReports } from "./reports.ts";

const { records, view } = SAMPLES.rolledBack();
const REPORT = reportOf(records, view);
const AT = "/v1/services/shop/rollouts/2/report";

let reads = 0;
const desk = {
  get: async (service: string) => {
    if (service === view.service) return viewOfNothing(service, { nowMs: ms(view.nowMs), history: view.history });
    throw new SerinError({ code: "SERIN_UNKNOWN_SERVICE", what: `there is no service "${service}"`, exitCode: 2 });
  },
  records: async (_service: string, after: number) => {
    reads += 1;
    return records.filter(({ version }) => version > after);
  },
};

const places = { environmentOf: () => "default", servicesOf: (name: string) => [name] };

function ask(path: string, headers: Record<string, string> = {}, grants: Principal["grants"] = EVERYTHING) {
  const app = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw result.error;
    },
  });
  const { audit } = testKeeper();
  app.onError(answerTo);
  app.use((c, next) => {
    const principal = () => ({ actor: "bo", groups: [], login: "token", grants }) as const;
    c.set("caller", new Caller({ principal, audit, places, actor: "bo", from: "here" }));
    return next();
  });
  addReports(app, desk);
  return app.request(path, { headers });
}

test.each([
  ["nothing that is named", {}, "application/json"],
  ["anything", { accept: "*/*" }, "application/json"],
  ["what there is not", { accept: "image/png" }, "application/json"],
  ["Markdown", { accept: "text/markdown" }, "text/markdown; charset=utf-8"],
  ["a page", { accept: "text/html,application/xhtml+xml,*/*;q=0.8" }, "text/html; charset=utf-8"],
  ["rather JSON", { accept: "text/html;q=0.1, application/json" }, "application/json"],
])("whoever would have %s", async (_what, headers, type) => {
  const answer = await ask(AT, headers);
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, type]);
  expect(answer.headers.get("vary")).toBe("accept");
});

test("the address says it, too, and before the header", async () => {
  expect(await (await ask(`${AT}?format=markdown`, { accept: "text/html" })).text()).toBe(markdownOf(REPORT));
  expect(await (await ask(`${AT}?format=html`)).text()).toBe(htmlOf(REPORT));
  expect(await (await ask(`${AT}?format=json`)).json()).toEqual(JSON.parse(JSON.stringify(REPORT)));
  for (const bad of [`${AT}?format=pdf`, `${AT}?other=1`, AT.replace("/2/", "/-1/"), AT.replace("/2/", "/two/")])
    expect((await ask(bad)).status).toBe(400);
});

test("every sample is as the description has it", () => {
  for (const sample of Object.values(SAMPLES)) {
    const made = sample();
    const parsed = calls.report.safeParse(JSON.parse(JSON.stringify(reportOf(made.records, made.view))));
    expect(parsed.error).toBeUndefined();
  }
});

test("a page may have its own style and nothing else", async () => {
  const answer = await ask(`${AT}?format=html`);
  const policy = answer.headers.get("content-security-policy");
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; frame-ancestors 'none'; base-uri 'none'/u);
  expect(policy).not.toContain("unsafe");
});

test("what is known already is not sent again, and each form is another", async () => {
  const first = await ask(AT);
  const etag = first.headers.get("etag") ?? "";
  expect(etag).toMatch(/^W\/"/u);
  reads = 0;
  expect((await ask(AT, { "if-none-match": etag })).status).toBe(304);
  expect(reads).toBe(0);
  expect((await ask(`${AT}?format=html`, { "if-none-match": etag })).status).toBe(200);
});

test("what is not there, or not theirs to see, is refused", async () => {
  const gone = await ask(AT.replace("/2/", "/9/"));
  expect([gone.status, await gone.json()]).toMatchObject([404, { trouble: { code: "SERIN_UNKNOWN_ROLLOUT" } }]);
  expect(gone.headers.get("etag")).toBeNull();
  expect((await ask(AT.replace("shop", "none"))).status).toBe(404);
  const others = [{ role: "view", services: ["cart"], environments: ["*"] }] as const;
  expect((await ask(AT, {}, others)).status).toBe(403);
  const own = [{ role: "view", services: ["shop"], environments: ["*"] }] as const;
  expect((await ask(AT, {}, own)).status).toBe(200);
});
