// Who may rehearse a file?
import { OpenAPIHono } from "@hono/zod-openapi";
import { expect, test } from "vitest";
import { fileOf } from "../../../test/sim/specs.ts";
import { testKeeper } from "../../../test/support/keeper.ts";
import { Caller } from "../access/caller.ts";
import type { AccessRole } from "../access/file.ts";
import type { RehearseRequest } from "../contract.ts";
import type { Env } from "./call.ts";
import { answerTo } from "./problem.ts";
import { addRehearsals } from "./rehearsals.ts";

const asked: RehearseRequest[] = [];

const desk = {
  rehearse: async (request: RehearseRequest, signal: AbortSignal) => {
    expect(signal.aborted).toBe(false);
    asked.push(request);
    return { ok: true, issues: [] };
  },
};

async function ask(role: AccessRole, body: object): Promise<number> {
  const app = new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (!result.success) throw result.error;
    },
  });
  const { audit } = testKeeper();
  const places = { environmentOf: () => undefined, servicesOf: (name: string) => [name] };
  const grants = [{ role, services: ["app"], environments: ["*"] }];
  const principal = () => ({ actor: "bo", groups: [], login: "token", grants }) as const;
  app.onError(answerTo);
  app.use((c, next) => {
    c.set("caller", new Caller({ principal, audit, places, actor: "bo", from: "here" }));
    return next();
  });
  addRehearsals(app, desk);
  const headers = { "content-type": "application/json" };
  return (await app.request("/v1/rehearse", { method: "POST", headers, body: JSON.stringify(body) })).status;
}

const file = (service: string): { text: string; origin: string } => ({
  text: fileOf(service, 1, { strategy: "{ recreate: {} }" }),
  origin: "/",
});

test("whoever may operate what the file is about, and nobody else", async () => {
  expect(await ask("view", file("app"))).toBe(403);
  expect(await ask("approve", file("app"))).toBe(403);
  expect(await ask("operate", file("other"))).toBe(403);
  expect(asked).toEqual([]);
  expect(await ask("operate", file("app"))).toBe(200);
  expect(asked).toEqual([{ ...file("app"), runs: 20, seed: 1, timeline: false }]);
});

test("more than there is time for, and what nobody knows, is not understood", async () => {
  for (const more of [{ runs: 1_001 }, { runs: -1 }, { runs: 1.5 }, { scenario: "" }, { seed: -1 }, { load: 3 }])
    expect(await ask("operate", { ...file("app"), ...more })).toBe(400);
});
