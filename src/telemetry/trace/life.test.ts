// Do the spans of a rollout tell its life, whoever follows it?
import { describe, expect, test } from "vitest";
import { Desk } from "../../../test/support/engine.ts";
import { ms } from "../../core/units.ts";
import { spanIdOf, traceIdOf } from "./ids.ts";
import { Life, type EndedSpan } from "./life.ts";

/** Follows a service as a controller does: what was decided, then what is. */
class Follower {
  readonly spans: EndedSpan[] = [];
  readonly desk: Desk;
  #told: number;
  #life: Life;

  constructor(desk: Desk) {
    this.desk = desk;
    this.#life = new Life(desk.state);
    this.#told = desk.records.length;
  }

  look(): void {
    this.spans.push(...this.#life.decided(this.desk.records.slice(this.#told)));
    this.#told = this.desk.records.length;
    this.spans.push(...this.#life.see(this.desk.state, ms(this.desk.nowMs)));
  }

  until(holds: () => boolean): void {
    this.look();
    this.desk.passUntil(() => {
      this.look();
      return holds();
    });
    this.look();
  }

  /** Another controller takes the service up; what this one has not told is lost. */
  startAnew(): void {
    this.#life = new Life(this.desk.state);
    this.#told = this.desk.records.length;
  }

  get names(): readonly string[] {
    return this.spans.map(({ name }) => name);
  }

  named(name: string): EndedSpan {
    const span = this.spans.find((one) => one.name === name);
    if (!span) throw new Error(`no span ${name}: ${this.names.join(", ")}`);
    return span;
  }
}

const ended = (follower: Follower) => (): boolean => follower.desk.state.rollout?.phase === "ended";

describe("a rollout that is promoted", () => {
  const follower = new Follower(Desk.serving());
  follower.desk.apply("v2");
  follower.until(ended(follower));

  test("has a root from its start to its end, and a span for each step, in order and without gaps", () => {
    const steps = follower.spans.filter(({ name }) => name.startsWith("step "));
    const root = follower.named("rollout shop");
    expect(steps.map(({ attributes }) => attributes["serin.step"])).toEqual(steps.map((_, index) => index + 1));
    expect(steps).toHaveLength(follower.desk.rollout.program.steps.length);
    expect(steps[0]?.startMs).toBe(root.startMs);
    expect(steps.at(-1)?.endMs).toBe(root.endMs);
    expect(steps.slice(1).map(({ startMs }) => startMs)).toEqual(steps.slice(0, -1).map(({ endMs }) => endMs));
    for (const step of steps) {
      expect(step.endMs).toBeGreaterThanOrEqual(step.startMs);
      expect(step.parent).toBe("");
    }
    expect(root.parent).toBeUndefined();
    expect(root.failed).toBeUndefined();
    expect(root.attributes).toMatchObject({
      "serin.service": "shop",
      "serin.rollout": 2,
      "serin.strategy": "canary",
      "serin.revision": "v2",
      "serin.revision.stable": "v1",
      "serin.outcome": "promoted",
    });
  });

  test("a step says what it waited for and for how long, and has the decisions taken in it", () => {
    const hold = follower.spans.find(({ attributes }) => attributes["serin.step.op"] === "hold");
    expect(hold?.attributes["serin.step.waited_for"]).toEqual(["time"]);
    expect(hold?.attributes["serin.wait.time_ms"]).toBeGreaterThanOrEqual(9_000);
    expect(hold?.attributes["serin.wait.time_ms"]).toBeLessThanOrEqual(11_000);
    const versions = follower.spans.flatMap(({ events }) =>
      events.map(({ attributes }) => attributes["serin.version"]),
    );
    const told = follower.desk.records.filter(({ rollout }) => rollout === 2);
    expect(new Set(versions)).toEqual(new Set(told.map(({ version }) => version)));
    expect(versions).toHaveLength(told.length);
    expect(follower.named("rollout shop").events.map(({ name }) => name)).toEqual(["ended"]);
  });

  test("all spans are of one trace, with ids of their own", () => {
    expect(new Set(follower.spans.map(({ rollout }) => traceIdOf(rollout))).size).toBe(1);
    const ids = follower.spans.map(({ rollout, key }) => spanIdOf(rollout, key));
    expect(new Set(ids).size).toBe(ids.length);
    expect(traceIdOf(follower.spans[0]?.rollout ?? "")).toMatch(/^[0-9a-f]{32}$/u);
    expect(ids[0]).toMatch(/^[0-9a-f]{16}$/u);
  });
});

test("a rollout that is rolled back has a failed step, a way back and a failed root", () => {
  const follower = new Follower(Desk.serving());
  follower.desk.apply("v2");
  follower.desk.errors["2-canary"] = 0.9;
  for (const { pool } of follower.desk.state.pools) if (pool !== "1-canary") follower.desk.errors[pool] = 0.9;
  follower.until(ended(follower));
  const [back, root] = [follower.named("way back"), follower.named("rollout shop")];
  expect(root.attributes["serin.outcome"]).toBe("rolled-back");
  expect(root.failed).toBe(follower.desk.rollout.why);
  expect(back.endMs).toBe(root.endMs);
  const failed = follower.spans.filter(({ name, failed: why }) => name.startsWith("step ") && why !== undefined);
  expect(failed).toHaveLength(1);
  expect(failed[0]?.endMs).toBe(back.startMs);
  expect(failed[0]?.attributes["serin.verdict"]).toBe("worse");
});

test("a controller that starts anew goes on with the same trace", () => {
  const follower = new Follower(Desk.serving());
  follower.desk.apply("v2");
  follower.until(() => follower.desk.state.rollout?.cursor === 2);
  const before = follower.spans.length;
  expect(before).toBe(2);
  follower.startAnew();
  follower.until(ended(follower));
  expect(new Set(follower.spans.map(({ rollout }) => rollout)).size).toBe(1);
  const steps = follower.spans.map(({ attributes }) => attributes["serin.step"]).filter((step) => step !== undefined);
  expect(steps).toEqual(follower.desk.rollout.program.steps.map((_, index) => index + 1));
  expect(follower.named("rollout shop").startMs).toBe(follower.desk.rollout.startedMs);
});

test("the end of a rollout that another one takes the place of is told", () => {
  const follower = new Follower(Desk.serving());
  follower.desk.apply("v2");
  follower.until(() => follower.desk.state.rollout?.cursor === 2);
  follower.desk.hotfix("v3");
  follower.until(() => follower.desk.state.rollout?.number === 3 && ended(follower)());
  const roots = follower.spans.filter(({ name }) => name === "rollout shop");
  expect(roots.map(({ attributes }) => [attributes["serin.rollout"], attributes["serin.outcome"]])).toEqual([
    [2, "stopped"],
    [3, "promoted"],
  ]);
});

test("a hook is a span within the step that it ran in", () => {
  const hooks = '  hooks: [{ name: smoke, at: before, http: { url: "http://127.0.0.1:1/smoke" } }]\n';
  const follower = new Follower(Desk.serving(undefined, 4, hooks));
  follower.desk.apply("v2");
  follower.until(ended(follower));
  const hook = follower.named("hook smoke");
  const step = follower.spans.find(({ key }) => key === hook.parent);
  expect(step?.attributes["serin.step.op"]).toBe("run");
  expect(hook.attributes).toMatchObject({ "serin.hook": "smoke", "serin.hook.result": "200 OK" });
});
