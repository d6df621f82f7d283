// Does a router send traffic where it is told, and say so truly?
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { countOf } from "../core/histogram.ts";
import type { Condition, Match } from "../core/match.ts";
import type { Mirror } from "../core/mirror.ts";
import { ROLES, type Role, type Route, type RoutePool, type Stickiness, type Weights } from "../core/split.ts";
import { WHOLE, weightOf } from "../core/units.ts";
import { describeUnless, testUnless } from "./left-out.contract.ts";
import type { Metrics, Router } from "./router.ts";

/** A router that has not been told anything yet, and a way to send requests through it. */
export interface RouterPlace {
  readonly router: Router;
  /** Where its counters are read; none when it counts nothing itself. */
  readonly metrics?: Metrics | undefined;
  /** Replicas that answer, named `<name>-0`, `<name>-1` …: real ones where requests are real. */
  pool(name: string, size: number): Promise<RoutePool>;
  /** Sends requests one after another, of one user when `key` is given. Answers with the name of each one's replica. */
  send(count: number, key?: string): Promise<readonly string[]>;
  /** As `send`, with requests that change something (POST). Only needed of a router that mirrors. */
  post?(count: number): Promise<readonly string[]>;
  /** Copies for a role that were left out because the machine had no time for them. Default: a router that leaves none out. */
  leftOut?(role: Role): Promise<number>;
  /** Sends one request as it is described. Answers with the name of its replica. */
  ask?(request: AskedFor): Promise<string>;
  /** How requests without a key are dealt: as evenly as can be, or each by chance. Default: evenly. */
  readonly dealing?: "even" | "random" | undefined;
  /** By what the requests of `send` show their key. */
  readonly sticky: Stickiness["key"];
  /** Another controller's view of the same data plane. */
  again(): Router;
  dispose(): Promise<void>;
}

/** A request with something that a rule may look at. */
export interface AskedFor {
  readonly method?: string;
  /** With its query. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What an adapter may leave out, with the reason. */
export type Skipped = Readonly<Partial<Record<"sticky" | "metrics" | "baseline" | "matches" | "mirror", string>>>;

const call = () => ({ signal: AbortSignal.timeout(20_000) });
const key = (kind: RouterPlace["sticky"]): Stickiness => ({ key: kind, salt: "shop 1" });

/** Every router must pass this. */
export function routerContract(options: { name: string; make: () => Promise<RouterPlace>; skip?: Skipped }): void {
  const { name, make, skip = {} } = options;
  describe(`${name} as a router`, () => {
    let place: RouterPlace;
    let pools: Readonly<Record<"stable" | "canary" | "baseline", RoutePool>>;
    beforeEach(async () => {
      place = await make();
      pools = {
        stable: await place.pool("stable", 3),
        canary: await place.pool("canary", 1),
        baseline: await place.pool("baseline", 1),
      };
    });
    afterEach(async () => {
      await place.dispose();
    });

    const route = (canary: number, sticky?: Stickiness): Route => ({
      split: { weights: { canary: weightOf(canary), stable: weightOf(1 - canary) }, ...(sticky && { sticky }) },
      pools: { stable: pools.stable, canary: pools.canary },
    });
    const carried = async () => {
      const observed = await place.router.observe(call());
      if (observed.kind !== "value") throw new Error(`expected a split, found ${JSON.stringify(observed)}`);
      return observed.value;
    };
    /** How far off a count may be: five standard deviations where chance deals. */
    const off = (even: number, requests: number, share: number): number =>
      place.dealing === "random" ? 5 * Math.sqrt(requests * share * (1 - share)) : even;
    const served = async (role: Role, count: number): Promise<number> => {
      const answers = await place.send(count);
      return answers.filter((replica) => replica.startsWith(`${role}-`)).length;
    };

    test("it claims nothing that is left out here", () => {
      const { matches, mirror, sticky, baseline, evidence } = place.router.can;
      const claims = {
        matches: matches.length > 0,
        mirror: mirror !== "none",
        sticky: sticky.length > 0,
        baseline,
        metrics: evidence,
      };
      expect(Object.keys(skip).filter((ability) => claims[ability as keyof typeof claims])).toEqual([]);
    });

    describe("what it says", () => {
      test("nothing before the first route", async () => {
        expect(await place.router.observe(call())).toEqual({ kind: "absent" });
      });
      test("the split that it was given, its replicas and its address", async () => {
        await place.router.apply(route(0.1), call());
        const { split, busy, address } = await carried();
        expect(split.weights).toEqual({ canary: weightOf(0.1), stable: weightOf(0.9) });
        expect(busy.toSorted()).toEqual(["canary-0", "stable-0", "stable-1", "stable-2"]);
        expect(address).toMatch(/^https?:\/\//);
      });
      test("the same when the same is asked again", async () => {
        await place.router.apply(route(0.1), call());
        const first = await carried();
        await place.router.apply(route(0.1), call());
        expect(await carried()).toEqual(first);
      });
      test("the same to another controller", async () => {
        await place.router.apply(route(0.1), call());
        expect(await place.again().observe(call())).toEqual(await place.router.observe(call()));
      });
      test("the last split after one that it refused", async () => {
        await place.router.apply(route(0.1), call());
        const nobody: Route = { ...route(0.5), pools: { stable: pools.stable } };
        await expect(place.router.apply(nobody, call())).rejects.toMatchObject({ name: "SerinError" });
        const short: Route = { ...route(0.5), split: { weights: { stable: weightOf(0.5) } } };
        await expect(place.router.apply(short, call())).rejects.toMatchObject({ name: "SerinError" });
        expect((await carried()).split.weights).toEqual(route(0.1).split.weights);
        expect(await served("canary", 100)).toBeGreaterThan(0);
      });
      test("nothing after it was taken away, and taking it away again does no harm", async () => {
        await place.router.apply(route(0.1), call());
        await place.router.remove(call());
        expect(await place.router.observe(call())).toEqual({ kind: "absent" });
        await place.router.remove(call());
      });
      test("what it was given after it had been taken away", async () => {
        await place.router.apply(route(0.1), call());
        await place.router.remove(call());
        await place.router.apply(route(0.2), call());
        expect((await carried()).split.weights).toEqual(route(0.2).split.weights);
        expect(await served("canary", 100)).toBeGreaterThan(0);
      });
    });

    describe("the traffic", () => {
      test("is shared out as asked, within 2 of any 100 and 3 of any 1 000 requests", async () => {
        await place.router.apply(route(0.1), call());
        const answers = await place.send(1_000);
        const hits = answers.map((replica) => (replica === "canary-0" ? 1 : 0));
        for (let from = 0; from + 100 <= hits.length; from += 10) {
          const some = hits.slice(from, from + 100).reduce<number>((sum, hit) => sum + hit, 0);
          expect(Math.abs(some - 10), `requests ${from} to ${from + 100}`).toBeLessThanOrEqual(off(2, 100, 0.1));
        }
        const all = hits.reduce<number>((sum, hit) => sum + hit, 0);
        expect(Math.abs(all - 100)).toBeLessThanOrEqual(off(3, 1_000, 0.1));
      });
      test("follows the next split with the first request after it was taken", async () => {
        for (const share of [0, 1, 0, 0.5, 0]) {
          await place.router.apply(route(share), call());
          const hits = await served("canary", 40);
          expect(Math.abs(hits - 40 * share), `at ${share}`).toBeLessThanOrEqual(off(2, 40, share));
        }
      });
      test("reaches every replica of a pool", async () => {
        await place.router.apply(route(0), call());
        expect([...new Set(await place.send(60))].toSorted()).toEqual(["stable-0", "stable-1", "stable-2"]);
      });
      test("leaves a replica that the route does not name any more", async () => {
        await place.router.apply(route(0), call());
        const fewer = { ...pools.stable, backends: pools.stable.backends.slice(1) };
        await place.router.apply({ ...route(0), pools: { stable: fewer } }, call());
        expect([...new Set(await place.send(60))].toSorted()).toEqual(["stable-1", "stable-2"]);
        await expect.poll(async () => (await carried()).busy).not.toContain("stable-0");
      });
      test("of a role whose replicas are all gone is stable's", async () => {
        await place.router.apply(
          { ...route(0.5), pools: { ...pools, canary: { pool: "canary", backends: [] } } },
          call(),
        );
        expect(await served("stable", 40)).toBe(40);
      });
      testUnless(skip.baseline)("is shared out among three roles", async () => {
        const weights: Weights = { canary: weightOf(0.1), baseline: weightOf(0.1), stable: weightOf(0.8) };
        await place.router.apply({ split: { weights }, pools }, call());
        const answers = await place.send(500);
        for (const role of ROLES) {
          const hits = answers.filter((replica) => replica.startsWith(`${role}-`)).length;
          const share = (weights[role] ?? 0) / WHOLE;
          expect(Math.abs(hits - 500 * share), `of ${role}`).toBeLessThanOrEqual(off(5, 500, share));
        }
      });
    });

    describeUnless(skip.matches)("a rule", () => {
      const ask = async (request: AskedFor): Promise<string> => (await place.ask?.(request)) ?? "nobody";
      const ruled = (...matches: readonly Match[]): Route => {
        const { split, ...rest } = route(0);
        return { ...rest, split: { ...split, matches } };
      };
      const CASES: readonly { readonly condition: Condition; readonly own: AskedFor; readonly other: AskedFor }[] = [
        {
          condition: { on: "header", name: "x-beta", is: { exact: "1" } },
          own: { headers: { "X-Beta": "1" } },
          other: { headers: { "x-beta": "11" } },
        },
        {
          condition: { on: "cookie", name: "beta", is: { present: true } },
          own: { headers: { cookie: "a=b; beta=" } },
          other: { headers: { cookie: "abeta=1" } },
        },
        {
          condition: { on: "query", name: "v", is: { regex: "v[0-9]+" } },
          own: { path: "/?v=v12" },
          other: { path: "/?v=v12x" },
        },
        {
          condition: { on: "path", is: { prefix: "/cart" } },
          own: { path: "/cart/1" },
          other: { path: "/carts" },
        },
        {
          condition: { on: "method", is: ["DELETE"] },
          own: { method: "DELETE" },
          other: { method: "GET" },
        },
      ];
      for (const { condition, own, other } of CASES) {
        test(`by ${condition.on} takes its requests whatever the weights, and no others`, async (context) => {
          if (!place.router.can.matches.includes(condition.on)) context.skip("this router has no such rules");
          await place.router.apply(ruled({ when: [condition], to: "canary" }), call());
          for (let sent = 0; sent < 5; sent += 1) {
            expect(await ask(own)).toMatch(/^canary-/);
            expect(await ask(other)).toMatch(/^stable-/);
          }
        });
      }
      const header = (value: string): Condition => ({ on: "header", name: "x-beta", is: { exact: value } });
      test("that stands first decides, and all of its conditions must hold", async () => {
        const rules: readonly Match[] = [
          { when: [header("1"), { on: "path", is: { prefix: "/cart" } }], to: "stable" },
          { when: [header("1")], to: "canary" },
        ];
        await place.router.apply(ruled(...rules), call());
        expect(await ask({ path: "/cart", headers: { "x-beta": "1" } })).toMatch(/^stable-/);
        expect(await ask({ path: "/", headers: { "x-beta": "1" } })).toMatch(/^canary-/);
        expect(await ask({ path: "/cart" })).toMatch(/^stable-/);
      });
      test("is told as it was given, and is gone with the next route", async () => {
        const given = ruled({ when: [header("1")], to: "canary" });
        await place.router.apply(given, call());
        expect((await carried()).split.matches).toEqual(given.split.matches);
        await place.router.apply(route(0), call());
        expect((await carried()).split.matches ?? []).toEqual([]);
        expect(await ask({ headers: { "x-beta": "1" } })).toMatch(/^stable-/);
      });
      test("for a role without a pool is refused, for one without replicas leaves requests to stable", async () => {
        const rule: Match = { when: [header("1")], to: "canary" };
        const nobody: Route = { ...ruled(rule), pools: { stable: pools.stable } };
        await place.router.apply(route(0), call());
        await expect(place.router.apply(nobody, call())).rejects.toMatchObject({ name: "SerinError" });
        const gone: Route = { ...ruled(rule), pools: { ...pools, canary: { pool: "canary", backends: [] } } };
        await place.router.apply(gone, call());
        expect(await ask({ headers: { "x-beta": "1" } })).toMatch(/^stable-/);
      });
    });

    describeUnless(skip.sticky)("a user", () => {
      const users = Array.from({ length: 60 }, (_, user) => `user-${user}`);
      const onCanary = async (): Promise<readonly string[]> => {
        const there: string[] = [];
        for (const user of users) {
          const roles = new Set((await place.send(3, user)).map((replica) => replica.split("-")[0]));
          expect(roles.size, `${user} saw ${[...roles].join(" and ")}`).toBe(1);
          if (roles.has("canary")) there.push(user);
        }
        return there;
      };
      test("stays with one role, and nobody is moved back when the share rises", async () => {
        let before: readonly string[] = [];
        for (const share of [0.1, 0.3, 0.6, 1]) {
          await place.router.apply(route(share, key(place.sticky)), call());
          const now = await onCanary();
          expect(now).toEqual(expect.arrayContaining([...before]));
          // Five standard deviations around the mean of a binomial.
          const spread = 5 * Math.sqrt(users.length * share * (1 - share));
          expect(Math.abs(now.length - users.length * share)).toBeLessThanOrEqual(spread);
          before = now;
        }
      });
      test("is brought home when the share falls to nothing", async () => {
        await place.router.apply(route(0.5, key(place.sticky)), call());
        expect((await onCanary()).length).toBeGreaterThan(0);
        await place.router.apply(route(0, key(place.sticky)), call());
        expect(await onCanary()).toEqual([]);
      });
    });

    describeUnless(skip.mirror)("its copies", () => {
      const mirrored = (share: number, more: Partial<Mirror> = {}): Route => {
        const mirror: Mirror = { to: ["canary"], share: weightOf(share), methods: "safe", ...more };
        return { split: { weights: { stable: WHOLE }, mirror }, pools };
      };
      const requests = async (role: Role): Promise<number> => {
        const read = await place.metrics?.read(call());
        if (read?.kind !== "value") throw new Error(`expected counters, found ${JSON.stringify(read)}`);
        return read.value.series.filter(({ pool }) => pool === role).reduce((sum, series) => sum + series.requests, 0);
      };
      /** Copies that were made, or would have been. */
      const copies = async (role: Role): Promise<number> =>
        (await requests(role)) + ((await place.leftOut?.(role)) ?? 0);
      test("are of the share that is asked, within 2 of 100, and never reach a user", async () => {
        await place.router.apply(mirrored(0.1), call());
        for (let asked = 100; asked <= 300; asked += 100) {
          const answers = await place.send(100);
          expect(new Set(answers.map((replica) => replica.split("-")[0]))).toEqual(new Set(["stable"]));
          const due = asked / 10;
          const most = off(2, asked, 0.1);
          await expect.poll(async () => Math.abs((await copies("canary")) - due)).toBeLessThanOrEqual(most);
        }
        expect((await carried()).split).toEqual(mirrored(0.1).split);
      });
      test("are counted at the replicas that got them, of each role that is named", async () => {
        await place.router.apply(mirrored(1, { to: ["canary", "baseline"] }), call());
        await place.send(50);
        for (const role of ["canary", "baseline"] as const) await expect.poll(() => copies(role)).toBe(50);
        await expect.poll(() => requests("stable")).toBe(50);
      });
      test("are not made of what changes something, unless that is asked", async () => {
        await place.router.apply(mirrored(1), call());
        expect((await place.post?.(10))?.every((replica) => replica.startsWith("stable-"))).toBe(true);
        await place.send(5);
        await expect.poll(() => copies("canary")).toBe(5);
        await place.router.apply(mirrored(1, { methods: "all" }), call());
        await place.post?.(10);
        await expect.poll(() => copies("canary")).toBe(15);
      });
      test("end with the mirror", async () => {
        await place.router.apply(mirrored(1), call());
        await place.send(10);
        await expect.poll(() => copies("canary")).toBe(10);
        await place.router.apply(route(0), call());
        await place.send(10);
        await place.router.apply(mirrored(1), call());
        await place.send(1);
        await expect.poll(() => copies("canary")).toBe(11);
      });
      test("leave a replica that the route does not name any more", async () => {
        await place.router.apply(mirrored(1), call());
        await place.send(10);
        await expect.poll(() => copies("canary")).toBe(10);
        const made = await requests("canary");
        const fewer = { ...mirrored(1), pools: { ...pools, canary: { pool: "canary", backends: [] } } };
        await place.router.apply(fewer, call());
        await place.send(10);
        await expect.poll(async () => (await carried()).busy).not.toContain("canary-0");
        expect(await requests("canary")).toBe(made);
      });
    });

    describeUnless(skip.metrics)("its counters", () => {
      const counters = async () => {
        const read = await place.metrics?.read(call());
        if (read?.kind !== "value") throw new Error(`expected counters, found ${JSON.stringify(read)}`);
        return read.value;
      };
      test("count every request once, by pool and replica", async () => {
        await place.router.apply(route(0.5), call());
        const answers = await place.send(100);
        await expect
          .poll(async () => (await counters()).series.reduce((sum, series) => sum + series.requests, 0))
          .toBe(100);
        for (const series of (await counters()).series.filter(({ requests }) => requests > 0)) {
          expect(series.requests, `of ${series.replica}`).toBe(
            answers.filter((replica) => replica === series.replica).length,
          );
          expect(series.replica.startsWith(series.pool)).toBe(true);
          expect(series.failed).toBe(0);
          expect(countOf(series.latency)).toBe(series.requests);
          expect(series.epoch).not.toBe("");
        }
      });
      test("go on when the route changes, and never go down", async () => {
        await place.router.apply(route(0), call());
        await place.send(50);
        await place.router.apply(route(1), call());
        await place.send(50);
        const total = async (pool: string) =>
          (await counters()).series.filter((s) => s.pool === pool).reduce((sum, series) => sum + series.requests, 0);
        await expect.poll(() => total("canary")).toBe(50);
        expect(await total("stable")).toBe(50);
      });
    });
  });
}
