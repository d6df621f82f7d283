// Does each pool go to who runs it, and is nothing said of the whole while a part is dark?
import { expect, test } from "vitest";
import { ms } from "../../core/units.ts";
import { createVirtualClock } from "../memory/clock.ts";
import { createMemoryWorkload, type WorkloadFault } from "../memory/workload.ts";
import { createCompositeWorkload } from "./workload.ts";

const call = () => ({ signal: new AbortController().signal });
const pool = (name: string, template: unknown) => ({ pool: name, size: 1, revision: { id: name, template } });

function place() {
  const clock = createVirtualClock();
  const faults: { first?: WorkloadFault } = {};
  const first = createMemoryWorkload({ clock, fault: () => faults.first });
  const second = createMemoryWorkload({ clock });
  const both = createCompositeWorkload([
    { workload: first, runs: (template) => template === "first" },
    { workload: second, runs: (template) => template === "second" },
  ]);
  return { clock, faults, first, second, both };
}

test("pools go to their parts and are seen together; a pool that changes sides leaves the one before", async () => {
  const { clock, first, second, both } = place();
  expect(await both.observe(call())).toEqual({ kind: "value", value: [] });
  await both.apply([pool("a", "first"), pool("b", "second")], [], call());
  await clock.advance(ms(1_000));
  expect([first, second].map((one) => one.running().map((running) => running.pool))).toEqual([["a"], ["b"]]);
  expect(await both.observe(call())).toMatchObject({ value: [{ pool: "a" }, { pool: "b" }] });
  await both.apply([pool("b", "second")], [], call());
  await clock.advance(ms(30_000));
  expect(first.running().flatMap(({ replicas }) => replicas)).toEqual([]);
});

test("a part that cannot be seen hides the whole; a pool that nobody runs is refused", async () => {
  const { faults, both } = place();
  await both.apply([pool("b", "second")], [], call());
  faults.first = "unreadable";
  expect(await both.observe(call())).toMatchObject({ kind: "unreadable" });
  await expect(both.apply([pool("c", "third")], [], call())).rejects.toThrow("nobody runs the pool c");
});
