// Is a text well-formed XML?

const TOKEN =
  /<!doctype html>|<\/(?<end>[A-Za-z][A-Za-z0-9]*)>|<(?<start>[A-Za-z][A-Za-z0-9]*)(?<attributes>(?:\s[\w:-]+="[^"<]*")*)(?<empty>\/?)>|[^<]+/uy;
const ENTITY = /&(?!(?:amp|lt|gt|quot|#39);)/u;

/** The first thing that is wrong, or `undefined`. Every element ends, no id twice, no bare `&`, nothing outside XML's characters. */
export function xmlTrouble(text: string): string | undefined {
  const open: string[] = [];
  const ids = new Set<string>();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    const here = (): string => `at ${at}: ${text.slice(at, at + 60)}`;
    if (!found) return `not markup ${here()}`;
    const { end, start, attributes = "", empty } = found.groups ?? {};
    if (ENTITY.test(found[0])) return `a bare & ${here()}`;
    if (end !== undefined && open.pop() !== end) return `ends what is not open ${here()}`;
    const [, id] = /\sid="([^"]*)"/u.exec(attributes) ?? [];
    if (id !== undefined && ids.has(id)) return `an id twice ${here()}`;
    if (id !== undefined) ids.add(id);
    const names = [...attributes.matchAll(/\s([\w:-]+)=/gu)].map(([, name]) => name);
    if (new Set(names).size < names.length) return `an attribute twice ${here()}`;
    if (start !== undefined && !empty) open.push(start);
  }
  // oxlint-disable-next-line no-control-regex -- what XML cannot hold
  if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/u.test(text)) return "a character that XML does not know";
  return open.length > 0 ? `never ended: ${open.join(" ")}` : undefined;
}
