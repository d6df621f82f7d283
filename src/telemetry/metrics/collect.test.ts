// Does a page say what the services are, once each, and nothing of those that are gone?
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";
import { parsePage } from "../../core/exposition/parse.ts";
import type { ServiceState } from "../../core/engine/state.ts";
import { ms } from "../../core/units.ts";
import type { Seen } from "../../runtime/controller.ts";
import { pageOf } from "./collect.ts";
import { FAMILIES } from "./families.ts";

function seenOf(desk: Desk, more: Partial<ServiceState> = {}): Seen {
  const { pools, traffic } = desk.input();
  const measured = { windowMs: 10_000, requests: { stable: 75, canary: 25 } };
  return { state: { ...desk.state, ...more }, world: { pools, traffic }, measured, troubles: { router: "no answer" } };
}

async function linesOf(services: readonly Seen[], nowMs: number): Promise<readonly string[]> {
  const page = (await pageOf(new Registry(), services, ms(nowMs))).join("");
  return page.split("\n");
}

function underWay(): Desk {
  const desk = Desk.serving();
  desk.apply("v2");
  desk.passUntil(() => desk.rollout.verdict !== undefined && desk.rollout.verdict.canaryRequests > 20);
  return desk;
}

test("a rollout under way, in figures", async () => {
  const desk = underWay();
  const lines = await linesOf([seenOf(desk)], desk.nowMs);
  const { verdict, cursor, program } = desk.rollout;
  for (const line of [
    'serin_service_health{service="shop",health="well"} 1',
    `serin_service_share_wanted_ratio{service="shop",role="canary"} ${desk.canary / 100}`,
    'serin_service_share_measured_ratio{service="shop",role="canary"} 0.25',
    'serin_service_router_connected{service="shop"} 1',
    'serin_service_trouble{service="shop",part="router"} 1',
    'serin_rollout_info{service="shop",number="2",strategy="canary",candidate="v2",stable="v1"} 1',
    'serin_rollout_phase{service="shop",phase="forward"} 1',
    `serin_rollout_step{service="shop",op="${program.steps[cursor]?.op}"} ${cursor + 1}`,
    `serin_rollout_steps{service="shop"} ${program.steps.length}`,
    'serin_rollout_ended_timestamp_seconds{service="shop",outcome="promoted"} '.concat(
      String((desk.state.history[0]?.endedMs ?? 0) / 1_000),
    ),
    `serin_rollout_evidence_requests_total{service="shop",role="canary"} ${verdict?.canaryRequests}`,
    `serin_rollout_evidence_requests_total{service="shop",role="baseline"} ${verdict?.baselineRequests}`,
    'serin_rollout_evidence_failures_total{service="shop",role="canary"} 0',
    'serin_rollout_verdict{service="shop",role="canary",verdict="undecided"} 1',
    'serin_rollout_blind{service="shop"} 0',
    `serin_rollout_e_value_limit{service="shop",of="worse"} ${1 / (verdict?.limits?.falseRollback ?? 0)}`,
  ])
    expect(lines).toContain(line);
});

test("the page can be read, every family is there, and no series stands there twice", async () => {
  const desk = underWay();
  const text = (await pageOf(new Registry(), [seenOf(desk)], ms(desk.nowMs))).join("");
  const { samples } = parsePage(text, "prometheus");
  expect(samples.size).toBeGreaterThan(0);
  for (const { name, type } of FAMILIES) expect(text).toContain(`# TYPE ${name} ${type}\n`);
  const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const names = series.map((line) => line.slice(0, line.lastIndexOf(" ")));
  expect(new Set(names).size).toBe(names.length);
});

test("two pools with one role are one series, and signs in names are escaped", async () => {
  const desk = underWay();
  const former = ["a", "b"].map((pool) => ({ pool, role: "former" as const, revision: "v0", size: 2 }));
  const state = { pools: [...desk.state.pools, ...former], service: 'a"b\\c\nd' };
  const lines = await linesOf([seenOf(desk, state)], desk.nowMs);
  expect(lines).toContain(String.raw`serin_service_replicas_wanted{service="a\"b\\c\nd",role="former"} 4`);
});

test("what was found out stays for a quarter of an hour, and a service that is gone is gone", async () => {
  const desk = underWay();
  desk.passUntil(() => desk.state.rollout?.phase === "ended");
  const endedMs = desk.rollout.endedMs ?? 0;
  const has = async (services: readonly Seen[], nowMs: number, name: string): Promise<boolean> =>
    (await linesOf(services, nowMs)).some((line) => line.startsWith(`${name}{`));
  const seen = seenOf(desk);
  expect(await has([seen], endedMs + 14 * 60_000, "serin_rollout_verdict")).toBe(true);
  expect(await has([seen], endedMs + 16 * 60_000, "serin_rollout_verdict")).toBe(false);
  expect(await has([seen], endedMs, "serin_rollout_step")).toBe(false);
  expect(await has([seen], endedMs, "serin_service_health")).toBe(true);
  expect(await has([], endedMs, "serin_service_health")).toBe(false);
});
