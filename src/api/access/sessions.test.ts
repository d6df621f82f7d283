// Is a session one only for as long as it is meant, only if it was made here, and also after a restart?
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createVirtualClock } from "../../adapters/memory/clock.ts";
import { ms } from "../../core/units.ts";
import { sessionFile } from "./session-file.ts";
import { Sessions } from "./sessions.ts";

const HOUR = ms(3_600_000);
const ANN = { actor: "ann", groups: ["sre"], login: "oidc", idToken: "t" } as const;

let dir: string;
let clock: ReturnType<typeof createVirtualClock>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-sessions-"));
  clock = createVirtualClock();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = (): string => join(dir, "sessions.json");
const made = (): Sessions =>
  new Sessions(clock, () => ({ lifetimeMs: HOUR, atMostMs: ms(3 * HOUR) }), sessionFile(file()));

test("is read back, and ends with its time", async () => {
  const sessions = made();
  const { session, shown } = await sessions.open(ANN);
  expect(await sessions.read(shown)).toEqual(session);
  expect(session).toMatchObject(ANN);
  await clock.advance(ms(HOUR - 1));
  expect(sessions.isLive(session)).toBe(true);
  await clock.advance(ms(1));
  expect(sessions.isLive(session)).toBe(false);
  expect(await sessions.read(shown)).toBeUndefined();
});

test("outlives the process, in a file that says nothing to whoever reads it and that only its user reads", async () => {
  const { session, shown } = await made().open({ ...ANN, refreshToken: "again" });
  expect(statSync(file()).mode & 0o777).toBe(0o600);
  const text = readFileSync(file(), "utf8");
  for (const secret of [shown, session.csrf, "ann", "sre", "again"]) expect(text).not.toContain(secret);
  expect(await made().read(shown)).toEqual(session);
  // Whoever has the file has nothing to show.
  const [kept] = JSON.parse(text) as { hash: string; sealed: string }[];
  for (const other of [kept?.hash ?? "", kept?.sealed ?? "", "no session"])
    expect(await made().read(other)).toBeUndefined();
});

test("that was logged out is over, also for whoever has a copy, and after a restart", async () => {
  const sessions = made();
  const { session, shown } = await sessions.open(ANN);
  const other = await sessions.open({ ...ANN, actor: "ben" });
  sessions.end(session);
  expect(await sessions.read(shown)).toBeUndefined();
  expect(await made().read(shown)).toBeUndefined();
  expect(await made().read(other.shown)).toMatchObject({ actor: "ben" });
});

test("is none where its file was changed, or cannot be read", async () => {
  const { shown } = await made().open(ANN);
  const [kept] = JSON.parse(readFileSync(file(), "utf8")) as { sealed: string }[];
  const sealed = kept?.sealed ?? "";
  const at = sealed.length - 30;
  const changed = `${sealed.slice(0, at)}${sealed[at] === "A" ? "B" : "A"}${sealed.slice(at + 1)}`;
  writeFileSync(file(), JSON.stringify([{ ...kept, sealed: changed }]));
  expect(await made().read(shown)).toBeUndefined();
  for (const broken of ["{", "{}", '[null, 1, {"hash": 1}]']) {
    writeFileSync(file(), broken);
    expect(await made().read(shown)).toBeUndefined();
  }
});

test("a login under way is for that alone, and ends with its process", async () => {
  const sessions = made();
  const begun = await sessions.begin({ state: "s" });
  expect(await sessions.begun(begun)).toEqual({ state: "s" });
  expect(await sessions.read(begun)).toBeUndefined();
  expect(await sessions.begun((await sessions.open(ANN)).shown)).toBeUndefined();
  expect(await made().begun(begun)).toBeUndefined();
  await clock.advance(ms(601_000));
  expect(await sessions.begun(begun)).toBeUndefined();
});

test("what the provider renews goes on, with what it says now, up to its end", async () => {
  const sessions = made();
  const { session, shown } = await sessions.open({ ...ANN, refreshToken: "r1" });
  expect(sessions.isDue(session)).toBe(false);
  await clock.advance(ms(HOUR / 2 + 1));
  expect(sessions.isDue(session)).toBe(true);
  await sessions.renew(shown, session, { actor: "ann", groups: ["leads"], refreshToken: "r2" });
  const renewed = await sessions.read(shown);
  expect(renewed).toMatchObject({ groups: ["leads"], refreshToken: "r2", csrf: session.csrf, idToken: "t" });
  // A stream that was opened before goes on with it, as it is now.
  expect(sessions.now(session)).toEqual(renewed);
  await clock.advance(ms(HOUR / 2));
  expect(sessions.isLive(session)).toBe(true);
  for (let hours = 1; hours < 4; hours += 1) {
    const now = await made().read(shown);
    if (now) await sessions.renew(shown, now, { actor: "ann", groups: [], refreshToken: "r3" });
    await clock.advance(ms(HOUR - 60_000));
  }
  expect(await sessions.read(shown)).toBeUndefined();
});

test("one that is logged out while it is renewed stays out, also after a restart", async () => {
  const sessions = made();
  const { session, shown } = await sessions.open({ ...ANN, refreshToken: "r1" });
  const renewal = sessions.renew(shown, session, { actor: "ann", groups: [], refreshToken: "r2" });
  sessions.end(session);
  await renewal;
  expect(await sessions.read(shown)).toBeUndefined();
  expect(await made().read(shown)).toBeUndefined();
});

test("one that nothing renews has no later end, and a token's session ends with the token", async () => {
  const sessions = made();
  const plain = await sessions.open(ANN);
  expect(plain.session.endsMs).toBe(plain.session.expiresMs);
  const token = { actor: "ci", groups: [], login: { sha256: "ab" } };
  const brief = await sessions.open(token, ms(clock.now() + 1_000));
  await clock.advance(ms(1_000));
  expect(await sessions.read(brief.shown)).toBeUndefined();
  expect(await sessions.read(plain.shown)).toBeDefined();
});

test("the oldest of very many ends", async () => {
  const sessions = new Sessions(clock, () => ({ lifetimeMs: HOUR, atMostMs: HOUR }));
  const [first, second] = [await sessions.open(ANN), await sessions.open(ANN)];
  for (let at = 2; at < 1_001; at += 1) await sessions.open({ ...ANN, actor: `ann ${at}` });
  expect(await sessions.read(first.shown)).toBeUndefined();
  expect(await sessions.read(second.shown)).toEqual(second.session);
});

test("whoever logs in again and again ends logins of its own alone", async () => {
  const sessions = new Sessions(clock, () => ({ lifetimeMs: HOUR, atMostMs: HOUR }));
  const ben = await sessions.open({ ...ANN, actor: "ben" });
  const [first, second] = [await sessions.open(ANN), await sessions.open(ANN)];
  for (let at = 2; at < 51; at += 1) await sessions.open(ANN);
  expect(await sessions.read(first.shown)).toBeUndefined();
  expect(await sessions.read(second.shown)).toEqual(second.session);
  expect(await sessions.read(ben.shown)).toEqual(ben.session);
});
