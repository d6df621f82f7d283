// Does a login go on for as long as a real provider says so, with what it says then, and no longer?
import { afterAll, beforeAll, expect, test } from "vitest";
import { createVirtualClock } from "../../src/adapters/memory/clock.ts";
import { parseAccess, type AccessFile } from "../../src/api/access/file.ts";
import { beginLogin, endLogin, type LoggedIn } from "../../src/api/access/oidc.ts";
import { renewals } from "../../src/api/access/renew.ts";
import { Sessions } from "../../src/api/access/sessions.ts";
import { ms } from "../../src/core/units.ts";
import { until } from "../e2e/harness.ts";
import { Browser } from "../support/browser.ts";
import { testKeeper } from "../support/keeper.ts";
import { openProvider, type TestProvider } from "../support/oidc.ts";

const CALLBACK = "http://127.0.0.1:1/v1/login/callback";
const HOUR = 3_600_000;
const people: Record<string, string[]> = { ann: ["sre"] };
let provider: TestProvider;
let file: AccessFile;

beforeAll(async () => {
  provider = await openProvider(people, CALLBACK);
  process.env["OIDC_RENEWAL_SECRET"] = provider.clientSecret;
  const read = parseAccess(`
origin: http://127.0.0.1:1
sessions: { lifetime: 1h, atMost: 3h }
oidc: { issuer: "${provider.issuer}", clientId: ${provider.clientId}, clientSecret: { env: OIDC_RENEWAL_SECRET } }
`);
  if (!read.ok) throw new Error(read.issues.map(({ message }) => message).join());
  file = read.value;
});
afterAll(() => provider.close());

async function loggedIn(): Promise<LoggedIn> {
  if (!file.oidc) throw new Error("no provider");
  const { url, login } = await beginLogin(file.oidc, { callback: CALLBACK, to: "/" });
  const browser = new Browser();
  const back = await browser.logIn(await browser.go(url.href), "ann", (next) => next.startsWith(CALLBACK));
  return endLogin(file.oidc, { url: new URL(back.url), login });
}

test("is renewed when half of its time is over, and ends when the provider says no", async () => {
  const clock = createVirtualClock();
  const { audit, say } = testKeeper();
  const sessions = new Sessions(clock, () => file.sessions);
  const renew = renewals({ sessions, audit, say, file: () => file });
  const { session, shown } = await sessions.open({ ...(await loggedIn()), login: "oidc", provider: file.oidc });
  expect(session).toMatchObject({ actor: "ann@example.com", groups: ["sre"], refreshToken: expect.any(String) });
  renew(shown, session);
  await clock.advance(ms(HOUR / 2 + 1));
  // What ann may do at the provider has changed meanwhile.
  people["ann"] = ["leads"];
  renew(shown, session);
  const renewed = await until("it is renewed", async () => {
    const now = await sessions.read(shown);
    return now && now.expiresMs > session.expiresMs && now;
  });
  expect(renewed).toMatchObject({ actor: "ann@example.com", groups: ["leads"], csrf: session.csrf });
  await clock.advance(ms(HOUR / 2 + 1));
  expect(sessions.isLive(renewed)).toBe(true);
  // Nobody of that name is there any more.
  delete people["ann"];
  renew(shown, renewed);
  await until("it is over", async () => !sessions.isLive(renewed));
  expect(await sessions.read(shown)).toBeUndefined();
  expect(audit.read(0, 10)).toMatchObject([{ kind: "logout", actor: "ann@example.com" }]);
});

test("ends when the provider names somebody else, and that is written down", async () => {
  people["ann"] = ["sre"];
  const clock = createVirtualClock();
  const { audit, say } = testKeeper();
  const sessions = new Sessions(clock, () => file.sessions);
  const renew = renewals({ sessions, audit, say, file: () => file });
  const ben = { ...(await loggedIn()), actor: "ben@example.com", login: "oidc", provider: file.oidc } as const;
  const { session, shown } = await sessions.open(ben);
  await clock.advance(ms(HOUR / 2 + 1));
  renew(shown, session);
  await until("it is over", async () => !sessions.isLive(session));
  const what = "the provider names another person now";
  expect(audit.read(0, 10)).toMatchObject([{ kind: "logout", actor: "ben@example.com", what }]);
});

test("goes on to its own end while the provider cannot be asked", async () => {
  const clock = createVirtualClock();
  const { audit, say } = testKeeper();
  const sessions = new Sessions(clock, () => file.sessions);
  const away = { ...file, oidc: file.oidc && { ...file.oidc, issuer: "http://127.0.0.1:1" } };
  let asked = 0;
  const renew = renewals({ sessions, audit, say, file: () => (asked++, away) });
  const who = {
    actor: "ann@example.com",
    groups: ["sre"],
    login: "oidc",
    provider: away.oidc,
    refreshToken: "r",
  } as const;
  const { session, shown } = await sessions.open(who);
  await clock.advance(ms(HOUR / 2 + 1));
  // Asked again and again: not before the first question has had its answer.
  await until("it was asked twice", async () => {
    renew(shown, session);
    return asked >= 2;
  });
  expect(await sessions.read(shown)).toEqual(session);
  expect(audit.read(0, 10)).toEqual([]);
  await clock.advance(ms(HOUR / 2));
  expect(await sessions.read(shown)).toBeUndefined();
});
