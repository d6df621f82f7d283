// Does a renewal end a session only when the provider says so of the person, and never the process?
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { testKeeper } from "../../../test/support/keeper.ts";
import { createVirtualClock } from "../../adapters/memory/clock.ts";
import { SerinError } from "../../core/issues.ts";
import { ms } from "../../core/units.ts";
import { parseAccess, type AccessFile } from "./file.ts";
import { renewals } from "./renew.ts";
import { forgetful } from "./session-file.ts";
import { Sessions } from "./sessions.ts";

const HOUR = ms(3_600_000);
const clock = createVirtualClock();
let provider: Server;
let issuer: string;
/** What the provider answers whoever comes with a refresh token. */
let answer: { readonly status: number; readonly error: string };
let asked: number;

beforeEach(async () => {
  asked = 0;
  provider = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    const isQuestion = request.url === "/token";
    if (isQuestion) {
      asked += 1;
      response.statusCode = answer.status;
    }
    const described = {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      response_types_supported: ["code"],
    };
    response.end(JSON.stringify(isQuestion ? { error: answer.error } : described));
  });
  await new Promise<void>((resolve) => provider.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
});
afterEach(() => provider.close());

function fileAt(at: string): AccessFile {
  const read = parseAccess(`
origin: http://127.0.0.1:1
sessions: { lifetime: 1h, atMost: 3h }
oidc: { issuer: "${at}", clientId: serin }
`);
  if (!read.ok) throw new Error(read.issues.map(({ message }) => message).join());
  return read.value;
}

async function due(sessions: Sessions) {
  const at = { issuer, clientId: "serin" };
  const opened = await sessions.open({ actor: "ann", groups: [], login: "oidc", provider: at, refreshToken: "r" });
  await clock.advance(ms(HOUR / 2 + 1));
  return opened;
}

test.each([
  { status: 400, error: "invalid_grant", isOver: true },
  { status: 401, error: "invalid_client", isOver: false },
  { status: 429, error: "slow_down", isOver: false },
  { status: 503, error: "temporarily_unavailable", isOver: false },
])("$status $error: over $isOver", async ({ isOver, ...said }) => {
  answer = said;
  const { audit, say } = testKeeper();
  const file = fileAt(issuer);
  const sessions = new Sessions(clock, () => file.sessions);
  const renew = renewals({ sessions, audit, say, file: () => file });
  const { session, shown } = await due(sessions);
  // Once more when the first question has had its answer, if there is a session still.
  await vi.waitUntil(() => {
    if (sessions.isLive(session)) renew(shown, session);
    return isOver ? !sessions.isLive(session) : asked >= 2;
  }, 20_000);
  expect(sessions.isLive(session)).toBe(!isOver);
  expect(audit.read(0, 10)).toMatchObject(isOver ? [{ kind: "logout", actor: "ann", answer: "SERIN_LOGIN" }] : []);
});

test("a session that is over is over also when neither that nor the log can be written, and that is said", async () => {
  answer = { status: 400, error: "invalid_grant" };
  const full = new SerinError({ code: "SERIN_JOURNAL_FULL", what: "the disk is full" });
  const fails = (): never => {
    throw full;
  };
  const file = fileAt(issuer);
  let isFull = false;
  const store = { ...forgetful, save: () => (isFull ? fails() : undefined) };
  const sessions = new Sessions(clock, () => file.sessions, store);
  const said: string[] = [];
  const audit = { ...testKeeper().audit, note: fails };
  const renew = renewals({ sessions, audit, say: (text) => said.push(text), file: () => file });
  const { session, shown } = await due(sessions);
  isFull = true;
  renew(shown, session);
  await vi.waitUntil(() => said.length > 0, 20_000);
  expect(said).toEqual([expect.stringContaining("the disk is full")]);
  expect(sessions.isLive(session)).toBe(false);
});

test("what a provider gave is shown to no other one", async () => {
  answer = { status: 400, error: "invalid_grant" };
  const { audit, say } = testKeeper();
  const mine = issuer;
  let file = fileAt(mine);
  const sessions = new Sessions(clock, () => file.sessions);
  const renew = renewals({ sessions, audit, say, file: () => file });
  issuer = "https://login.example.com";
  const elsewhere = await due(sessions);
  issuer = mine;
  renew(elsewhere.shown, elsewhere.session);
  const here = await due(sessions);
  renew(here.shown, here.session);
  await vi.waitUntil(() => !sessions.isLive(here.session), 20_000);
  expect(asked).toBe(1);
  file = { ...file, oidc: undefined };
  renew(elsewhere.shown, elsewhere.session);
  expect(asked).toBe(1);
});
