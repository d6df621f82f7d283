// What is in force beside what is new, until Envoys have turned from it?
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { EnvoySchema } from "../../core/spec/envoy.ts";
import type { Route } from "../../core/split.ts";
import { weightOf } from "../../core/units.ts";
import { Fleet } from "./fleet.ts";
import { nextOf } from "./next.ts";
import { SecretSchema } from "./protos/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { secretName, secretsOf } from "./resources/tls.ts";
import type { Served } from "./resources/types.ts";
import { Snapshot } from "./xds/snapshot.ts";

const pool = (name: string) => ({ pool: name, backends: [{ replica: `${name}-0`, host: "127.0.0.1", port: 80 }] });

const route = (canary: number, name = "two", more: Partial<Route["split"]> = {}): Route => ({
  split: { weights: { canary: weightOf(canary), stable: weightOf(1 - canary) }, ...more },
  pools: { stable: pool("one"), canary: pool(name) },
});

function next(before: Served | undefined, asked: Route, listen = 8080): Served {
  const spec = EnvoySchema.parse({ listen });
  return nextOf(before, { service: "shop", front: "shop", spec, route: asked }).served;
}

function scene() {
  const snapshot = new Snapshot();
  const fleet = new Fleet(snapshot, () => []);
  const first = next(undefined, route(0));
  fleet.place([first]);
  fleet.settle("shop");
  return { snapshot, fleet, first, runtime: () => snapshot.version("runtime", "serin") };
}

test("what routes name is there before them, and what they named until they are left", () => {
  const { snapshot, fleet, first } = scene();
  const routes = snapshot.version("routes", "127.0.0.1:8080");
  const second = next(first, route(0.5, "three"));
  fleet.prepare(second);
  expect(snapshot.names("cluster")).toEqual(["shop/two", "shop/one", "shop/three"]);
  expect(snapshot.version("routes", "127.0.0.1:8080")).toBe(routes);
  fleet.place([second]);
  expect(snapshot.version("routes", "127.0.0.1:8080")).not.toBe(routes);
  expect(snapshot.names("endpoints")).toContain("shop/two");
  fleet.settle("shop");
  expect(snapshot.names("cluster").toSorted()).toEqual(["shop/one", "shop/three"]);
  expect(snapshot.names("endpoints").toSorted()).toEqual(["shop/one", "shop/three"]);
});

test("shares of routes that somebody may still follow stay while those of the new ones move", () => {
  const { fleet, first, runtime } = scene();
  const empty = runtime();
  const shared = next(first, route(0.3));
  fleet.share(shared);
  const one = runtime();
  expect(one).not.toBe(empty);
  // Rules: other routes, which no Envoy has taken yet.
  const rules = { matches: [{ when: [{ on: "method" as const, is: ["PUT"] }], to: "canary" as const }] };
  const ruled = next(shared, route(0.3, "two", rules));
  fleet.place([ruled]);
  fleet.share(ruled);
  expect(runtime()).toBe(one);
  const moved = next(ruled, route(0.6, "two", rules));
  fleet.share(moved);
  const both = runtime();
  fleet.settle("shop");
  expect(runtime()).not.toBe(both);
  fleet.share(next(moved, route(0.3, "two", rules)));
  expect(runtime()).toBe(empty);
});

test("an address is left when the other one is there, and what was refused leaves nothing", () => {
  const { snapshot, fleet, first } = scene();
  const moved = next(first, route(0, "three"), 9090);
  fleet.place([moved]);
  expect(snapshot.names("listener")).toEqual(["127.0.0.1:8080", "127.0.0.1:9090"]);
  const before = snapshot.version("routes", "127.0.0.1:8080");
  fleet.place([first]);
  fleet.settle("shop");
  expect(snapshot.names("listener")).toEqual(["127.0.0.1:8080"]);
  expect(snapshot.names("routes")).toEqual(["127.0.0.1:8080"]);
  expect(snapshot.version("routes", "127.0.0.1:8080")).toBe(before);
  expect(snapshot.names("cluster").toSorted()).toEqual(["shop/one", "shop/two"]);
  fleet.drop("shop");
  for (const type of ["cluster", "endpoints", "listener", "routes"] as const) expect(snapshot.names(type)).toEqual([]);
});

test("settings of a cluster reach its endpoints, so that they are sent with it", () => {
  const { snapshot, fleet, first } = scene();
  const before = snapshot.version("endpoints", "shop/one");
  const spec = EnvoySchema.parse({ listen: 8080, circuit: { connections: 7 } });
  fleet.place([{ ...first, spec }]);
  expect(snapshot.version("endpoints", "shop/one")).not.toBe(before);
});

test("one that has moved away is nobody's neighbour", () => {
  const { fleet, first } = scene();
  const spec = EnvoySchema.parse({ listen: 8080 });
  expect(fleet.neighbours({ service: "other", spec }).map(({ service }) => service)).toEqual(["shop"]);
  fleet.place([next(first, route(0), 9090)]);
  expect(fleet.neighbours({ service: "other", spec })).toEqual([]);
});

test("keys and collectors go with the last service that has them, and not while an Envoy may still need them", () => {
  const snapshot = new Snapshot();
  const fleet = new Fleet(snapshot, (spec) =>
    secretsOf(spec).map((files) => [secretName(files), create(SecretSchema, { name: secretName(files) })]),
  );
  const served = (service: string, cert: string, collector: string): Served => {
    const tls = { cert: `${cert}.crt`, key: `${cert}.key` };
    const tracing = { otlp: `http://${collector}:4318/v1/traces` };
    const spec = EnvoySchema.parse({ listen: 8080, hosts: [`${service}.org`], tls, tracing });
    return nextOf(undefined, { service, front: service, spec, route: route(0) }).served;
  };
  const place = (one: Served): void => {
    fleet.renew(one);
    fleet.place([one]);
  };
  const collectors = () => snapshot.names("cluster").filter((name) => !/^[ab]\//u.test(name)).length;
  for (const service of ["a", "b"]) place(served(service, "both", "one"));
  for (const service of ["a", "b"]) fleet.settle(service);
  expect([snapshot.names("secret").length, collectors()]).toEqual([1, 1]);
  place(served("a", "own", "two"));
  place(served("b", "own", "two"));
  expect([snapshot.names("secret").length, collectors()]).toEqual([2, 2]);
  fleet.settle("a");
  expect([snapshot.names("secret").length, collectors()]).toEqual([2, 2]);
  fleet.settle("b");
  expect([snapshot.names("secret").length, collectors()]).toEqual([1, 1]);
  fleet.drop("a");
  expect([snapshot.names("secret").length, collectors()]).toEqual([1, 1]);
  fleet.drop("b");
  expect([snapshot.names("secret"), collectors()]).toEqual([[], 0]);
});
