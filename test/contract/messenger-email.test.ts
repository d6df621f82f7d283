// Does mail reach a real mail server, and is no password told to anybody else?
import { afterEach, expect, test, vi } from "vitest";
import type { Target } from "../../src/core/outbox/message.ts";
import { Mailbox } from "./messenger/mailbox.ts";
import { deliver, ID, PAYLOAD } from "./messenger/place.ts";

const LIMIT = { timeout: 30_000, interval: 20 };

let mailbox: Mailbox | undefined;

afterEach(async () => {
  vi.unstubAllEnvs();
  await mailbox?.stop();
  mailbox = undefined;
});

type Email = Extract<Target, { readonly kind: "email" }>;

async function emailTo(box: Mailbox, tls: Email["smtp"]["tls"], more: Partial<Email> = {}): Promise<Email> {
  mailbox = box;
  const smtp = { host: "localhost", port: await box.start(), tls };
  return { kind: "email", smtp, from: "Serin <serin@example.com>", to: ["ops@example.com"], ...more };
}

const PASSWORD = { user: "serin", password: { env: "MAIL_PASSWORD" } };

test("plain: subject, text and id", async () => {
  const box = new Mailbox({ disabledCommands: ["STARTTLS"] });
  const target = await emailTo(box, "ifOffered", { to: ["ops@example.com", "Dev <dev@example.com>"] });
  expect(await deliver(target)).toMatchObject({ ok: true, result: "taken by the mail server" });
  expect(box.mails).toMatchObject([
    { from: "serin@example.com", to: ["ops@example.com", "dev@example.com"], isSecure: false, user: undefined },
  ]);
  const [first] = box.mails;
  expect(first?.text).toMatch(/^Subject: =\?UTF-8\?Q\?errors_=3C3=3E_=22worse=22_=26_slower\?=\r$/mu);
  expect(first?.text).toMatch(new RegExp(`^X-Serin-ID: ${ID}\r$`, "imu"));
  expect(first?.text).toContain(`\r\n\r\n${String(PAYLOAD["text"])}\r\n`);
  expect(first?.text).toContain("candidate: r-2");
  // A second delivery is the same mail to whoever keeps mail.
  await deliver(target);
  const ids = box.mails.map(({ text }) => /^Message-ID:\s+(\S+)/imu.exec(text)?.[1]);
  expect(ids[0]).toMatch(/^<[0-9a-f]{64}@serin>$/u);
  expect(ids[1]).toBe(ids[0]);
});

test("STARTTLS with a user and a password, which is told nowhere", async () => {
  vi.stubEnv("MAIL_PASSWORD", "sesame");
  const box = new Mailbox({ authOptional: false });
  const target = await emailTo(box, "starttls", { login: PASSWORD });
  expect(await deliver(target)).toMatchObject({ ok: true });
  expect(box.mails).toMatchObject([{ isSecure: true, user: "serin" }]);
  vi.stubEnv("MAIL_PASSWORD", "guessed");
  const refused = await deliver(target);
  expect(refused).toEqual({
    ok: false,
    result: "the mail server does not take this user and password",
    output: "",
  });
  vi.stubEnv("MAIL_PASSWORD", undefined);
  expect(await deliver(target)).toMatchObject({ result: "the environment variable MAIL_PASSWORD is not set" });
});

test("without STARTTLS no password is sent in the clear", async () => {
  vi.stubEnv("MAIL_PASSWORD", "sesame");
  const tried: unknown[] = [];
  const box = new Mailbox({
    disabledCommands: ["STARTTLS"],
    allowInsecureAuth: true,
    onAuth: (auth, _session, callback) => {
      tried.push(auth);
      callback(null, { user: "serin" });
    },
  });
  const target = await emailTo(box, "starttls", { login: PASSWORD });
  expect(await deliver(target)).toMatchObject({ ok: false });
  expect([tried, box.mails]).toEqual([[], []]);
});

test("TLS from the first byte", async () => {
  const box = new Mailbox({ secure: true });
  expect(await deliver(await emailTo(box, "always"))).toMatchObject({ ok: true });
  expect(box.mails).toMatchObject([{ isSecure: true }]);
});

test("somebody whom the server does not know", async () => {
  const box = new Mailbox();
  const target = await emailTo(box, "ifOffered", { to: ["ops@example.com", "nobody@example.com"] });
  expect(await deliver(target)).toMatchObject({ ok: false, result: "not taken for nobody@example.com" });
});

test("one that is called off leaves no connection; nobody there", async () => {
  const box = new Mailbox({ onConnect: () => undefined });
  const target = await emailTo(box, "ifOffered");
  const calling = new AbortController();
  const delivering = deliver(target, calling.signal);
  await vi.waitFor(() => expect(box.open).toBe(1), LIMIT);
  calling.abort();
  expect(await delivering).toEqual({ ok: false, result: "called off", output: "" });
  await vi.waitFor(() => expect(box.open).toBe(0), LIMIT);
  const nobody = { ...target, smtp: { ...target.smtp, host: "127.0.0.1", port: 1 } };
  expect(await deliver(nobody)).toMatchObject({ ok: false, result: "nobody listens there" });
});
