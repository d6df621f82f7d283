// Do totals ever go down?
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createLedger, type Count } from "./ledger.ts";

const count = (requests: number, replica = "v1-0"): Count => ({
  replica,
  pool: "v1",
  requests,
  failed: Math.floor(requests / 2),
  clientErrors: 0,
  latency: requests === 0 ? {} : { 80: requests },
});

test("workers sum up, also the one that is gone", () => {
  const ledger = createLedger(() => 0);
  ledger.report(1, [count(10)]);
  ledger.report(2, [count(4), count(1, "v1-1")]);
  expect(ledger.totals()).toEqual([count(14), count(1, "v1-1")]);
  ledger.retire(1);
  ledger.report(3, [count(6)]);
  expect(ledger.totals()).toEqual([count(20), count(1, "v1-1")]);
});

test("a replica that a worker forgot, or began again, keeps what it had", () => {
  const ledger = createLedger(() => 0);
  ledger.report(1, [count(10)]);
  ledger.report(1, []);
  expect(ledger.totals()).toEqual([count(10)]);
  ledger.report(1, [count(4)]);
  ledger.report(1, [count(2)]);
  expect(ledger.totals()).toEqual([count(16)]);
});

test("what somebody tells as new is added, and forgotten in the end", () => {
  let now = 0;
  const ledger = createLedger(() => now);
  ledger.add([count(4)]);
  ledger.report(1, [count(10)]);
  ledger.add([count(6), count(2, "v1-1")]);
  expect(ledger.totals()).toEqual([count(20), count(2, "v1-1")]);
  now = 100;
  ledger.forget(50);
  expect(ledger.totals()).toEqual([count(20)]);
});

test("whatever workers do, no total goes down", () => {
  const event = fc.oneof(
    fc.record({ op: fc.constant("report" as const), worker: fc.nat(3), replica: fc.nat(2), requests: fc.nat(50) }),
    fc.record({ op: fc.constant("retire" as const), worker: fc.nat(3) }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const ledger = createLedger(() => 0);
      const last = new Map<string, number>();
      for (const what of events) {
        if (what.op === "retire") ledger.retire(what.worker);
        else ledger.report(what.worker, [count(what.requests, `v1-${what.replica}`)]);
        const totals = new Map(ledger.totals().map(({ replica, requests }) => [replica, requests]));
        for (const [replica, requests] of last) expect(totals.get(replica)).toBeGreaterThanOrEqual(requests);
        for (const [replica, requests] of totals) last.set(replica, requests);
      }
    }),
  );
});

test("what only gone workers counted is forgotten in the end", () => {
  let now = 0;
  const ledger = createLedger(() => now);
  ledger.report(1, [count(10), count(3, "v1-1")]);
  ledger.retire(1);
  now = 100;
  ledger.report(2, [count(5)]);
  ledger.forget(50);
  expect(ledger.totals()).toEqual([count(15)]);
});
