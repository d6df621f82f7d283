// Who may still have a request to answer?
import { expect, test } from "vitest";
import { EnvoySchema } from "../../core/spec/envoy.ts";
import type { Route } from "../../core/split.ts";
import { ms, weightOf } from "../../core/units.ts";
import { Kept } from "./kept.ts";
import { nextOf } from "./next.ts";
import { Tally } from "./tally.ts";

const spec = EnvoySchema.parse({ listen: 8080, drain: "5s" });
const route = (...replicas: readonly string[]): Route => ({
  split: { weights: { stable: weightOf(1) } },
  pools: { stable: { pool: "one", backends: replicas.map((replica) => ({ replica, host: "127.0.0.1", port: 80 })) } },
});
const served = (...replicas: readonly string[]) =>
  nextOf(undefined, { service: "shop", front: "shop", spec, route: route(...replicas) }).served;

test("all of the route, of those that Envoys may still follow, and of those that have left just now", () => {
  const kept = new Kept(served("a", "b"), new Tally("1"));
  kept.turn(served("b", "c"), ["serin edge-1", "serin edge-2"]);
  kept.turn(served("c", "d"), ["serin edge-1", "serin edge-2"]);
  expect([...kept.busy(ms(0))].toSorted()).toEqual(["a", "b", "c", "d"]);
  // The first route is the one that it had: what came between, it may have had for a moment.
  expect(kept.behind.get("serin edge-1")?.route).toEqual(route("a", "b"));
  kept.caughtUp("serin edge-1", ms(1_000));
  kept.caughtUp("serin edge-2", ms(2_000));
  expect([...kept.busy(ms(6_999))].toSorted()).toEqual(["a", "b", "c", "d"]);
  expect([...kept.busy(ms(7_000))].toSorted()).toEqual(["c", "d"]);
});

test("one that comes back has not left", () => {
  const kept = new Kept(served("a"), new Tally("1"));
  kept.turn(served("b"), ["serin edge-1"]);
  kept.caughtUp("serin edge-1", ms(0));
  kept.turn(served("a"), ["serin edge-1"]);
  kept.caughtUp("serin edge-1", ms(1_000));
  expect([...kept.busy(ms(1_000))].toSorted()).toEqual(["a", "b"]);
  expect(kept.busy(ms(6_000))).toEqual(["a"]);
});
