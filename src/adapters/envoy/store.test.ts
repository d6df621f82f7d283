// Is what was written down found again, and does one bad file keep the others from it?
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EnvoySchema } from "../../core/spec/envoy.ts";
import { weightOf } from "../../core/units.ts";
import { nextOf } from "./next.ts";
import { createServedStore } from "./store.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-served-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function served(service: string) {
  const spec = EnvoySchema.parse({ listen: 8080 });
  const route = { split: { weights: { stable: weightOf(1) } }, pools: { stable: { pool: "one", backends: [] } } };
  return nextOf(undefined, { service, front: service, spec, route }).served;
}

test("what was saved last is there, until it is forgotten", () => {
  const store = createServedStore(dir);
  store.save({ served: served("a") });
  store.save({ served: { ...served("a"), generation: "2" }, good: served("a") });
  store.save({ served: served("b") });
  const { written, unread } = createServedStore(dir).load();
  expect(unread).toEqual([]);
  expect(written.map((one) => [one.served.service, one.served.generation, one.good?.service])).toEqual([
    ["a", "2", "a"],
    ["b", served("b").generation, undefined],
  ]);
  expect(readdirSync(join(dir, "a"))).toEqual(["envoy.json"]);
  store.forget("a");
  store.forget("a");
  expect(createServedStore(dir).load().written.length).toBe(1);
});

test("there is nothing where nobody has been, and folders of others are left alone", () => {
  expect(createServedStore(join(dir, "none")).load()).toEqual({ written: [], unread: [] });
  mkdirSync(join(dir, "proxy-only"));
  writeFileSync(join(dir, "a-file"), "");
  expect(createServedStore(dir).load()).toEqual({ written: [], unread: [] });
});

test.each(["", "{", "null", "[]", '{"served":{}}', '{"format":2,"served":{}}'])(
  "%j is one service's trouble",
  (text) => {
    const store = createServedStore(dir);
    store.save({ served: served("a") });
    store.save({ served: served("b") });
    writeFileSync(join(dir, "b", "envoy.json"), text);
    const { written, unread } = store.load();
    expect(written.map((one) => one.served.service)).toEqual(["a"]);
    expect(unread).toEqual(["b"]);
  },
);

test("a folder that cannot be written is told with the file's name", () => {
  writeFileSync(join(dir, "a"), "a file where a folder should be");
  expect(() => createServedStore(dir).save({ served: served("a") })).toThrow(join(dir, "a", "envoy.json"));
});
