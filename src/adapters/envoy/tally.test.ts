// Does an access log count each request once, where it belongs?
import { expect, test } from "vitest";
import { bucketOf } from "../../core/histogram.ts";
import { loggedOf, Tally } from "./tally.ts";
import { FLAGS, type AccessEntry } from "./xds/access-entry.ts";

const entry = (more: Partial<AccessEntry>): AccessEntry =>
  ({ host: "10.0.0.1", port: 80, status: 200, flags: 0, durationMs: 2, cluster: "shop/one", ...more }) as AccessEntry;

function tallied(...entries: readonly Partial<AccessEntry>[]) {
  const tally = new Tally("1");
  tally.know({ pool: "one", backends: [{ replica: "one-0", host: "10.0.0.1", port: 80 }] });
  for (const more of entries) tally.add({ ...loggedOf(entry(more)), pool: "one" });
  return tally.read();
}

test("answers are told apart by status, with their time", () => {
  expect(tallied({}, { status: 404 }, { status: 503 })).toEqual([
    {
      pool: "one",
      replica: "one-0",
      epoch: "1",
      requests: 3,
      failed: 1,
      clientErrors: 1,
      latency: { [bucketOf(2_000)]: 3 },
    },
  ]);
});

test("an answer that was cut off is a failure without a time", () => {
  expect(tallied({ flags: FLAGS.upstreamConnectionTermination })).toMatchObject([
    { requests: 1, failed: 1, latency: {} },
  ]);
  expect(tallied({ status: 0, flags: 0 })).toMatchObject([{ requests: 1, failed: 1, latency: {} }]);
});

test("a request that its client gave up is none", () => {
  expect(tallied({ flags: FLAGS.downstreamConnectionTermination }, { flags: FLAGS.downstreamRemoteReset })).toEqual([]);
});

test("where nobody could be asked, nobody is named; an address without a name stands for itself", () => {
  const names = tallied({ host: "", status: 503 }, { host: "10.0.0.9" }).map(({ replica }) => replica);
  expect(names).toEqual(["-", "10.0.0.9:80"]);
});

test("pools that are gone are forgotten, with their addresses", () => {
  const tally = new Tally("1");
  tally.know({ pool: "one", backends: [{ replica: "one-0", host: "10.0.0.1", port: 80 }] });
  tally.add({ ...loggedOf(entry({})), pool: "one" });
  tally.keep(new Set(["two"]));
  expect(tally.read()).toEqual([]);
  tally.add({ ...loggedOf(entry({})), pool: "one" });
  expect(tally.read()).toMatchObject([{ replica: "10.0.0.1:80", requests: 1 }]);
});
