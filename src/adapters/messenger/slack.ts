// How does a message look in Slack?
import type { Message, Severity, Target } from "../../core/outbox/message.ts";
import type { Request } from "./http.ts";
import type { Secrets } from "../secrets.ts";

/** Names of Slack's own. */
const COLOURS: Readonly<Record<Severity, string>> = { info: "good", warning: "warning", error: "danger" };

/** Parts of the payload that stand below the text, with their titles. */
const FIELDS: readonly (readonly [name: string, title: string])[] = [
  ["service", "Service"],
  ["rollout", "Rollout"],
  ["candidate", "Candidate"],
  ["share", "Share"],
];

/** Slack cuts texts at 40 000 characters; nobody reads as much. */
const LONGEST = 3_000;

/** The call of an incoming webhook: the text, and beside a coloured bar where it comes from. */
export async function slackRequest(
  { id, payload }: Message,
  { url, channel }: Extract<Target, { readonly kind: "slack" }>,
  secrets: Secrets,
): Promise<Request> {
  const text = escaped(wordOf(payload["text"]));
  const severity = payload["severity"];
  const body = {
    ...(channel === undefined ? {} : { channel }),
    text,
    attachments: [
      {
        color: typeof severity === "string" && severity in COLOURS ? COLOURS[severity as Severity] : COLOURS.info,
        fallback: text,
        fields: FIELDS.flatMap(([name, title]) => {
          const value = wordOf(payload[name]);
          return value === "" ? [] : [{ title, value: escaped(value), short: true }];
        }),
        footer: escaped(id),
      },
    ],
  };
  return {
    url: await secrets.textOf(url),
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

/** These three are Slack's own: a text must not call everyone by `<!channel>`. */
function escaped(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
  return short.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function wordOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
