// Where in the text does a path stand?
import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Pair, type YAMLMap } from "yaml";
import type { Path } from "./fields.ts";

/** A node, and its key when it is an entry of a map. */
interface Place {
  readonly key?: Node | undefined;
  readonly value?: Node | undefined;
}

/** Follows `*name` to what it stands for. */
export function resolved(document: Document, node: unknown): Node | undefined {
  return isAlias(node) ? node.resolve(document) : ((node ?? undefined) as Node | undefined);
}

function entry(document: Document, map: YAMLMap, name: string): Pair | undefined {
  const own = map.items.find(({ key }) => isScalar(key) && String(key.value) === name);
  if (own) return own;
  for (const { key, value } of map.items) {
    if (!isScalar(key) || key.value !== "<<") continue;
    const sources = isSeq(value) ? value.items : [value];
    for (const source of sources) {
      const node = resolved(document, source);
      const found = isMap(node) ? entry(document, node, name) : undefined;
      if (found) return found;
    }
  }
  return undefined;
}

function step(document: Document, node: Node | undefined, part: string | number): Place | undefined {
  const inner = resolved(document, node);
  if (isSeq(inner)) {
    const value = inner.items[Number(part)];
    return value === undefined ? undefined : { value: value as Node };
  }
  const pair = isMap(inner) ? entry(document, inner, String(part)) : undefined;
  return pair && { key: pair.key as Node, value: (pair.value ?? undefined) as Node | undefined };
}

/** Character at which a path's key or value begins. Of a path that is not there, its nearest parent's key. */
export function offsetOf(document: Document, path: Path, what: "key" | "value"): number {
  let place: Place = { value: document.contents ?? undefined };
  for (const part of path) {
    const next = step(document, place.value, part);
    if (!next) return start(place.key) ?? start(place.value) ?? 0;
    place = next;
  }
  // A value that is left out stands nowhere; its key does.
  const isLeftOut = !place.value || (isScalar(place.value) && place.value.value === null && !place.value.source);
  if (what === "key" || isLeftOut) return start(place.key) ?? start(place.value) ?? 0;
  return start(place.value) ?? 0;
}

function start(node: Node | undefined): number | undefined {
  return node?.range?.[0];
}
