// Is a worker, or a machine, without time for copies told from one that has it?
import { afterEach, expect, test } from "vitest";
import { ms, weightOf } from "../../core/units.ts";
import { Copier } from "./copier.ts";
import type { FromMirror, Handed } from "./messages.ts";
import { strain, wallMs } from "./strain.ts";

const copiers: Copier[] = [];
afterEach(() => {
  for (const copier of copiers.splice(0)) copier.close();
});

function work(forMs: number): void {
  const end = performance.now() + forMs;
  while (performance.now() < end);
}

test("a loop that does nothing but work is strained, until it idles", async () => {
  const isStrained = strain();
  isStrained(performance.now());
  work(250);
  expect(isStrained(performance.now())).toBe(true);
  await expect.poll(() => isStrained(performance.now())).toBe(false);
});

test("a thread says for how long it has taken everything late, but not for one late message", async () => {
  const told: FromMirror[] = [];
  const mirror = { to: ["canary"], share: weightOf(1), methods: "safe" } as const;
  const over = (): void => undefined;
  const copier = new Copier({ mirror, key: "k", timeoutMs: ms(1_000) }, { tell: (one) => told.push(one), over });
  copiers.push(copier);
  // Its body is not all there, so that nothing is sent.
  const head = Buffer.from("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n");
  const targets = [{ id: 1, role: "canary", pool: "v2", replica: "a", host: "127.0.0.1", port: 1 }] as const;
  const request: Handed = { targets, headBytes: head.length, bodyBytes: 0, answerBytes: 0, whole: true };
  const take = (ago: number): void =>
    copier.take({ kind: "handed", requests: [request], bytes: new Uint8Array(head), at: wallMs() - ago });
  take(0);
  for (let turn = 0; turn < 3; turn += 1) {
    work(100);
    take(80);
  }
  await expect.poll(() => told.length).toBe(1);
  expect(told[0]?.ended).toEqual([1, 1, 1, 1]);
  expect(told[0]?.lateMs).toBeGreaterThanOrEqual(190);
  take(0);
  await expect.poll(() => told.length).toBe(2);
  expect(told[1]?.lateMs).toBe(0);
  work(600);
  take(80);
  await expect.poll(() => told.length).toBe(3);
  expect(told[2]?.lateMs).toBe(0);
});
