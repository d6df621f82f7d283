// Does a pod get its label, however late the API server takes it?
import { expect, test } from "vitest";
import { createVirtualClock } from "../adapters/memory/clock.ts";
import { ms } from "../core/units.ts";
import { PodMark } from "./mark-pod.ts";

/** An API server that takes what it is given, unless it fails. */
function pod() {
  const clock = createVirtualClock();
  const server = { fails: false, tries: 0, label: "true" as string | null, said: [] as string[] };
  const mark = new PodMark({
    client: {
      merge: async (_at: unknown, patch: object) => {
        server.tries += 1;
        if (server.fails) throw new Error("no answer");
        server.label = (patch as { metadata: { labels: Record<string, string | null> } }).metadata.labels[
          "serin.dev/leads"
        ] as string | null;
        return patch as never;
      },
    },
    clock,
    pod: { namespace: "serin", name: "serin-1" },
    say: (text) => void server.said.push(text),
  });
  return { server, mark, pass: (durationMs: number) => clock.advance(ms(durationMs)) };
}

test.each([true, false])("what fails is tried until it is done: %s", async (leads) => {
  const { server, mark, pass } = pod();
  await mark.set(!leads);
  server.fails = true;
  await mark.set(leads);
  await pass(60_000);
  expect(server.label).toBe(leads ? null : "true");
  // It waits longer each time, and says the same thing once.
  expect(server.tries).toBeLessThan(10);
  expect(server.said).toEqual([
    `pod serin-1 is not marked as ${leads ? "the one that leads" : "one that waits"} yet: no answer`,
  ]);
  server.fails = false;
  await pass(30_000);
  expect(server.label).toBe(leads ? "true" : null);
  const { tries } = server;
  await pass(120_000);
  expect(server.tries).toBe(tries);
});

test("what is no longer wished is tried no more, nor anything after the end", async () => {
  const { server, mark, pass } = pod();
  server.fails = true;
  await mark.set(true);
  server.fails = false;
  await mark.set(false);
  await pass(120_000);
  expect([server.label, server.tries]).toEqual([null, 2]);
  server.fails = true;
  await mark.set(true);
  mark.close();
  server.fails = false;
  await pass(120_000);
  expect([server.label, server.tries]).toEqual([null, 3]);
});
