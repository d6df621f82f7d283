// Does an Envoy count as following what it holds, or what came after it?
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RuntimeSchema } from "./protos/envoy/service/runtime/v3/rtds_pb.ts";
import { Versions } from "./taken.ts";
import type { ConnectedEnvoy } from "./xds/node.ts";
import { Snapshot } from "./xds/snapshot.ts";

const NEEDED = [{ type: "runtime" as const, name: "serin" }];

function scene() {
  const snapshot = new Snapshot();
  const versions = new Versions(snapshot);
  const set = (share: number): string =>
    snapshot.set("runtime", "serin", create(RuntimeSchema, { name: "serin", layer: { share } }));
  return { snapshot, versions, set };
}

const holding = (version: string | undefined, refused?: string): ConnectedEnvoy =>
  ({
    held: () => version,
    refusal: () => (refused === undefined ? undefined : { version: refused, why: "no" }),
  }) as unknown as ConnectedEnvoy;

test("a later version has what an earlier one set", () => {
  const { versions, set } = scene();
  const first = set(1);
  const marked = versions.mark(NEEDED);
  const second = set(2);
  expect([first, second].map((version) => versions.holds(holding(version), marked))).toEqual([true, true]);
  expect([first, second].map((version) => versions.holds(holding(version), versions.mark(NEEDED)))).toEqual([
    false,
    true,
  ]);
  expect(versions.holds(holding(undefined), marked)).toBe(false);
  expect(versions.holds(holding("unknown"), marked)).toBe(false);
});

test("what is set again counts as new, and what is not there is not needed", () => {
  const { versions, set, snapshot } = scene();
  expect(versions.mark(NEEDED)).toEqual([]);
  const first = set(1);
  const second = set(2);
  set(1);
  const marked = versions.mark(NEEDED);
  expect([versions.holds(holding(first), marked), versions.holds(holding(second), marked)]).toEqual([true, false]);
  snapshot.remove("runtime", "serin");
  expect(versions.mark(NEEDED)).toEqual([]);
});

test("only a refusal of this version or a later one is told", () => {
  const { versions, set } = scene();
  const first = set(1);
  const second = set(2);
  const marked = versions.mark(NEEDED);
  expect(versions.refusal(holding(undefined, first), marked)).toBeUndefined();
  expect(versions.refusal(holding(undefined, second), marked)).toBe("no");
  expect(versions.refusal(holding(undefined), marked)).toBeUndefined();
});
