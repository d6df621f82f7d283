// How is a document written so that people see where each field came from?
import { Document, isScalar, Pair, Scalar, YAMLMap, YAMLSeq, type Node } from "yaml";
import type { AnyPart } from "./part.ts";

/** A value with the fields that it was made of. */
export class Sourced {
  readonly value: Out;
  readonly sources: readonly string[];

  constructor(value: Out, sources: readonly string[]) {
    this.value = value;
    this.sources = sources;
  }
}

/** What is written. `undefined` is left out. */
export type Out =
  | Sourced
  | string
  | number
  | boolean
  | null
  | readonly Out[]
  | { readonly [name: string]: Out | undefined };

/** A value that was made of fields, which are handled by that. */
export function from(value: Out, ...parts: readonly (AnyPart | undefined)[]): Sourced {
  const there = parts.filter((part) => part !== undefined);
  for (const part of there) part.take();
  return new Sourced(
    value,
    there.map(({ place }) => place),
  );
}

/** A field as it is, if it is there. */
export function same(part: AnyPart | undefined): Sourced | undefined {
  return part && new Sourced(part.take() as Out, [part.place]);
}

/** The document as YAML, with the fields that each value was made of beside it, and a head. */
export function written(tree: Out, head: readonly string[]): string {
  // kubectl reads YAML 1.1, in which yes is true and 1:30 a number: such texts are quoted.
  const document = new Document(undefined, { compat: "yaml-1.1" });
  document.contents = nodeOf(tree);
  document.commentBefore = head.map((line) => ` ${line}`).join("\n");
  return document.toString({ lineWidth: 120, flowCollectionPadding: true });
}

/** The same without where it came from, to compare. */
export function plain(tree: Out): unknown {
  if (tree instanceof Sourced) return plain(tree.value);
  if (Array.isArray(tree)) return (tree as readonly Out[]).map(plain);
  if (typeof tree !== "object" || tree === null) return tree;
  const entries = Object.entries(tree as Readonly<Record<string, Out | undefined>>);
  return Object.fromEntries(entries.flatMap(([name, value]) => (value === undefined ? [] : [[name, plain(value)]])));
}

function nodeOf(tree: Out): Node {
  if (tree instanceof Sourced) {
    const node = nodeOf(tree.value);
    if (tree.sources.length === 0) return node;
    const text = ` ${tree.sources.join(", ")}`;
    if (isScalar(node)) node.comment = text;
    else if (node instanceof YAMLMap || node instanceof YAMLSeq) node.commentBefore = text;
    return node;
  }
  if (Array.isArray(tree)) {
    const list = new YAMLSeq();
    list.items = (tree as readonly Out[]).map(nodeOf);
    list.flow = list.items.length === 0;
    return list;
  }
  if (typeof tree !== "object" || tree === null) return new Scalar(tree);
  return mapOf(tree as Readonly<Record<string, Out | undefined>>);
}

function mapOf(tree: Readonly<Record<string, Out | undefined>>): YAMLMap {
  const map = new YAMLMap();
  for (const [name, value] of Object.entries(tree)) {
    if (value === undefined) continue;
    map.items.push(new Pair(new Scalar(name), nodeOf(value)));
  }
  map.flow = map.items.length === 0;
  return map;
}
