// How is a value of somebody's answer shown to people, without its secrets?

const LONGEST = 200;
const HIDDEN = "***";
const SECRET =
  /pass(?:word|wd|phrase|code)?$|passw|secret|token|credential|api[-_]?key|private[-_]?key|signature|jwt|authorization|cookie/iu;
/** `token=…` and `"password": "…"` within a text, and what shows by itself what it is. */
const IN_TEXT =
  /([\w-]*(?:passw|passphrase|secret|token|credential|api[-_]?key|signature)[\w-]*["']?\s*[:=]\s*["']?)[^\s"'&;<>]+/giu;
const BY_ITSELF = /\beyJ[\w-]+\.[\w-]+\.[\w-]*|\b(?:bearer|basic) [\w.~+/=-]+/giu;

/** Whether a field of this name holds what nobody else should read. */
function isSecret(name: string): boolean {
  return SECRET.test(name);
}

/** The part of a JSON body at a path; `undefined` when it is not there. All that is in a secret is one. */
export function shownPart(path: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (path.split(/[.[\]]+/u).some(isSecret)) return HIDDEN;
  const text = JSON.stringify(value, (key, part: unknown) => {
    if (isSecret(key)) return HIDDEN;
    return typeof part === "string" ? hidden(part) : part;
  });
  return shortened(text);
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
  return text
    .slice(0, 10 * LONGEST)
    .replace(IN_TEXT, `$1${HIDDEN}`)
    .replace(BY_ITSELF, HIDDEN);
}

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}
