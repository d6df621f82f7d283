// Is every call of a part told of, with how it ended?
import { expect, test } from "vitest";
import { timed, timedFactory, type OnCall } from "./timed.ts";

function listener() {
  const calls: string[] = [];
  const onCall: OnCall = ({ part, call, outcome, seconds }) => {
    expect(seconds).toBeGreaterThanOrEqual(0);
    calls.push(`${part} ${call} ${outcome}`);
  };
  return { calls, onCall };
}

class Part {
  readonly kind = "made up";
  #count = 0;
  count(): number {
    return (this.#count += 1);
  }
  async good(): Promise<string> {
    return `good ${this.count()}`;
  }
  async bad(): Promise<never> {
    throw new Error("bad");
  }
  async dark(): Promise<object> {
    return { kind: "unreadable", why: "it is dark" };
  }
  async lost(): Promise<object> {
    return { ok: false, result: "503" };
  }
  slow(_call: { signal: AbortSignal }): Promise<never> {
    return new Promise(() => {});
  }
}

test("calls go through, whatever they answer, and are told of once", async () => {
  const { calls, onCall } = listener();
  const part = timed("part", new Part(), onCall);
  expect(part.kind).toBe("made up");
  expect(part.count()).toBe(1);
  expect(await part.good()).toBe("good 2");
  await expect(part.bad()).rejects.toThrow("bad");
  await part.dark();
  await part.lost();
  expect(calls).toEqual(["part good ok", "part bad failed", "part dark unreadable", "part lost failed"]);
});

test("a call whose caller waits no longer has timed out", () => {
  const { calls, onCall } = listener();
  const over = new AbortController();
  void timed("part", new Part(), onCall).slow({ signal: over.signal });
  expect(calls).toEqual([]);
  over.abort();
  expect(calls).toEqual(["part slow timeout"]);
});

test("what a factory makes is timed, and what it does not make stays away", async () => {
  const { calls, onCall } = listener();
  const part = { observe: async () => ({ kind: "absent" }) };
  const close = async (): Promise<void> => {};
  const factory = timedFactory(
    {
      workload: async () => ({ workload: part as never, close, remove: close }),
      router: async () => ({ router: part as never, metrics: part as never, close }),
    },
    onCall,
  );
  expect("alerts" in factory || "tests" in factory).toBe(false);
  const { workload, signals } = await factory.workload(() => ({}) as never);
  expect(signals).toBeUndefined();
  await workload.observe({ signal: AbortSignal.timeout(1_000) });
  expect(calls).toEqual(["workload observe ok"]);
});
