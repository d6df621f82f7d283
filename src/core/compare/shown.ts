// How is a value of somebody's answer shown to people, without its secrets?

const LONGEST = 200;
const HIDDEN = "***";
const SECRET = /pass(?:word|wd|phrase|code)?$|passw|secret|token|credential|api[-_]?key|private[-_]?key|signature/iu;
const SECRET_HEADERS = new Set(["authorization", "cookie", "set-cookie", "proxy-authorization", "x-api-key"]);
/** `token=…` and `"password": "…"` within a text. */
const IN_TEXT =
  /([\w-]*(?:passw|passphrase|secret|token|credential|api[-_]?key|signature)[\w-]*["']?\s*[:=]\s*["']?)[^\s"'&;<>]+/giu;

/** Whether a field of this name holds what nobody else should read. */
function isSecret(name: string): boolean {
  return SECRET.test(name) || SECRET_HEADERS.has(name.toLowerCase());
}

/** A part of a JSON body under its name; `undefined` when it is not there. */
export function shownPart(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (isSecret(name)) return HIDDEN;
  if (typeof value === "string") return shortened(JSON.stringify(hidden(value)));
  return shortened(JSON.stringify(value, (key, part: unknown) => (key !== "" && isSecret(key) ? HIDDEN : part)));
}

/** A header's value. */
export function shownHeader(name: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  return isSecret(name) ? HIDDEN : shortened(hidden(value));
}

/** A line of a text. */
export function shownText(text: string): string {
  return shortened(hidden(text));
}

/** `GET /orders/7?full=1`. */
export function shownRequest(method: string, target: string): string {
  return shortened(`${method} ${hidden(target)}`);
}

function hidden(text: string): string {
  return text.slice(0, 10 * LONGEST).replace(IN_TEXT, `$1${HIDDEN}`);
}

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}
