// How is a message mailed?
import { createHash } from "node:crypto";
import { createTransport } from "nodemailer";
import type { Message, Payload, Target } from "../../core/outbox/message.ts";
import type { Call } from "../../ports/observed.ts";
import type { Carriage } from "../../ports/messenger.ts";
import type { Secrets } from "../secrets.ts";

type Email = Extract<Target, { readonly kind: "email" }>;

/** Lines of a mail, from the payload. */
const LINES: readonly string[] = ["service", "rollout", "candidate", "stable", "share", "event", "verdict"];
const LONGEST_SUBJECT = 150;

/** Sends one mail to all receivers; it is ok when the server has taken it for each of them. Rejects when called off. */
export async function mail(
  message: Message,
  { target, secrets }: { readonly target: Email; readonly secrets: Secrets },
  { signal }: Call,
): Promise<Carriage> {
  const { smtp, login, from, to } = target;
  const auth = login && { user: await secrets.textOf(login.user), pass: await secrets.textOf(login.password) };
  const transport = createTransport({
    host: smtp.host,
    port: smtp.port,
    secure: smtp.tls === "always",
    requireTLS: smtp.tls === "starttls",
    ...(auth ? { auth } : {}),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const { id, payload } = message;
    const sent = await transport.sendMail({
      from,
      to: [...to],
      subject: subjectOf(payload),
      text: textOf(payload),
      messageId: `<${createHash("sha256")
        .update(`${id} ${JSON.stringify(payload)}`)
        .digest("hex")}@serin>`,
      headers: { "X-Serin-Id": id },
      signal,
    });
    const refused: readonly (string | { readonly address: string })[] = sent.rejected ?? [];
    const names = refused.map((address) => (typeof address === "string" ? address : address.address));
    if (names.length > 0)
      return { ok: false, result: `not taken for ${names.join(", ")}`, output: sent.response ?? "" };
    return { ok: true, result: "taken by the mail server", output: sent.response ?? "" };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, result: inWords(error), output: "" };
  } finally {
    transport.close();
  }
}

function subjectOf({ text, service }: Payload): string {
  const line = (typeof text === "string" ? text : String(service)).replaceAll(/\s+/gu, " ");
  return line.length > LONGEST_SUBJECT ? `${line.slice(0, LONGEST_SUBJECT - 1)}…` : line;
}

function textOf(payload: Payload): string {
  const lines = LINES.flatMap((name) => {
    const value = payload[name];
    return typeof value === "string" || typeof value === "number" ? [`${name}: ${value}`] : [];
  });
  return `${typeof payload["text"] === "string" ? payload["text"] : ""}\n\n${lines.join("\n")}\n`;
}

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  if (code === "EAUTH") return "the mail server does not take this user and password";
  if ("cause" in error || code === "ESOCKET") {
    if (error.message.includes("ECONNREFUSED")) return "nobody listens there";
    if (error.message.includes("ENOTFOUND")) return "no machine has this name";
  }
  return error.message.split("\n")[0] ?? error.message;
}
