// Is a session one only for as long as it is meant, and only if it was made here?
import { expect, test } from "vitest";
import { createVirtualClock } from "../../adapters/memory/clock.ts";
import { ms } from "../../core/units.ts";
import { Sessions } from "./sessions.ts";

const HOUR = ms(3_600_000);
const ANN = { actor: "ann", groups: ["sre"], idToken: "t" };

function made(): { sessions: Sessions; clock: ReturnType<typeof createVirtualClock> } {
  const clock = createVirtualClock();
  return { clock, sessions: new Sessions(clock, () => HOUR) };
}

test("is read back, and says nothing to whoever keeps it", async () => {
  const { sessions } = made();
  const { session, sealed } = await sessions.open(ANN);
  expect(await sessions.read(sealed)).toEqual(session);
  expect(session).toMatchObject(ANN);
  const parts = sealed.split(".").map((part) => Buffer.from(part, "base64url").toString());
  expect(parts.join()).not.toContain("ann");
});

test("ends with its time, though its key was followed by others", async () => {
  const { sessions, clock } = made();
  const first = await sessions.open(ANN);
  await clock.advance(ms(HOUR - 2_000));
  const second = await sessions.open({ ...ANN, actor: "ben" });
  await clock.advance(ms(3_000));
  expect(await sessions.read(first.sealed)).toBeUndefined();
  await sessions.open(ANN);
  await clock.advance(ms(HOUR - 4_000));
  expect(await sessions.read(second.sealed)).toMatchObject({ actor: "ben" });
  await clock.advance(ms(4_000));
  expect(await sessions.read(second.sealed)).toBeUndefined();
});

test("that was logged out is over, also for whoever has a copy", async () => {
  const { sessions } = made();
  const { session, sealed } = await sessions.open(ANN);
  sessions.end(session);
  expect(await sessions.read(sealed)).toBeUndefined();
});

test("of another process, changed, or for another purpose is none", async () => {
  const { sessions } = made();
  const { sealed } = await sessions.open(ANN);
  expect(await made().sessions.read(sealed)).toBeUndefined();
  const at = sealed.length - 30;
  const changed = `${sealed.slice(0, at)}${sealed[at] === "A" ? "B" : "A"}${sealed.slice(at + 1)}`;
  expect(await sessions.read(changed)).toBeUndefined();
  expect(await sessions.read("no session")).toBeUndefined();
  expect(await sessions.read(await sessions.begin({ actor: "eve" }))).toBeUndefined();
  expect(await sessions.begun(sealed)).toBeUndefined();
});

test("leaves the provider's token out where it would not fit into a cookie", async () => {
  const { sessions } = made();
  const { sealed } = await sessions.open({ ...ANN, idToken: "t".repeat(4_000) });
  expect(sealed.length).toBeLessThan(3_800);
  expect(await sessions.read(sealed)).not.toHaveProperty("idToken");
});
