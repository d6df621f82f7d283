// What does one stream want of one type, and what of it does the Envoy hold?
import type { Resource } from "./resource.ts";
import type { Snapshot } from "./snapshot.ts";
import { RESOURCES, type ResourceType } from "./types.ts";

/** What the Envoy said to have before this stream is known by its version alone. */
export type Known = Resource | { readonly version: string };

/** Envoy's refusal of one version. What it held before stays in force there. */
export interface Refusal {
  readonly version: string | undefined;
  /** Envoy's own words. */
  readonly why: string;
}

/** What was sent under one nonce: per name the resource, `undefined` for one that was taken away. */
export type Content = ReadonlyMap<string, Resource | undefined>;

/** One type on one stream. */
export interface Watch {
  readonly type: ResourceType;
  /** Whether all names are wanted. */
  wild: boolean;
  names: Set<string>;
  /** Names whose state may differ from the snapshot's: looked at when the next answer is made. */
  readonly due: Set<string>;
  /** Names that must be answered even if nothing changed: those just asked for. */
  readonly asked: Set<string>;
  /** Parts of an answer that was refused as a whole, to be sent again on their own. */
  readonly parts: (readonly string[])[];
  readonly inFlight: Map<string, Content>;
  readonly held: Map<string, Known>;
  readonly refused: Map<string, Refusal>;
  /** The last nonce, which is the only one that counts in state-of-the-world. */
  nonce: string;
  /** Whether the first answer was given; one that lists all is given even if there is nothing. */
  answered: boolean;
}

export function makeWatch(type: ResourceType): Watch {
  return {
    type,
    wild: false,
    names: new Set(),
    due: new Set(),
    asked: new Set(),
    parts: [],
    inFlight: new Map(),
    held: new Map(),
    refused: new Map(),
    nonce: "",
    answered: false,
  };
}

export function wants(watch: Watch, name: string): boolean {
  return watch.wild || watch.names.has(name);
}

/** The version that was sent last, whatever became of it. */
export function sentVersion(watch: Watch, name: string): string | undefined {
  if (watch.inFlight.size > 0) {
    for (const content of [...watch.inFlight.values()].toReversed()) {
      if (content.has(name)) return content.get(name)?.version;
    }
  }
  return watch.refused.has(name) ? watch.refused.get(name)?.version : watch.held.get(name)?.version;
}

/** Whether there is nothing to look at. */
export function idle({ due, asked, parts }: Watch): boolean {
  return due.size === 0 && asked.size === 0 && parts.length === 0;
}

/** Whether everything that is wanted was sent, and taken. */
export function settled(watch: Watch): boolean {
  return idle(watch) && watch.inFlight.size === 0 && watch.refused.size === 0;
}

/** Marks everything that the stream may hold or want as to be looked at: when a snapshot is seen for the first time. */
export function lookAtAll(watch: Watch, snapshot: Snapshot): void {
  const wanted = watch.wild ? snapshot.all(watch.type).keys() : watch.names;
  for (const name of wanted) watch.due.add(name);
  for (const name of watch.held.keys()) watch.due.add(name);
}

/** Takes what was sent under the nonce as held; its names, `undefined` for a nonce that was not sent. */
export function acknowledge(watch: Watch, nonce: string): Content | undefined {
  const content = watch.inFlight.get(nonce);
  if (!content) return undefined;
  watch.inFlight.delete(nonce);
  for (const [name, resource] of content) {
    watch.refused.delete(name);
    if (!resource) watch.held.delete(name);
    // What was unsubscribed in the meantime is no longer kept there.
    else if (wants(watch, name)) watch.held.set(name, resource);
  }
  return content;
}

/** What the Envoy refused, by name; nothing when it is to be asked again in parts, so as to find out which it was. */
export function refuse(watch: Watch, nonce: string, why: string): readonly string[] | undefined {
  const content = watch.inFlight.get(nonce);
  if (!content) return undefined;
  watch.inFlight.delete(nonce);
  const changed = [...content].filter(([name, resource]) => watch.held.get(name)?.version !== resource?.version);
  for (const [name, resource] of changed) watch.refused.set(name, { version: resource?.version, why });
  return changed.map(([name]) => name);
}

/** Sends two halves on their own where a whole was refused, so that one bad resource does not hold up the others. */
export function halve(watch: Watch, nonce: string): boolean {
  const names = [...(watch.inFlight.get(nonce)?.keys() ?? [])];
  if (names.length < 2) return false;
  watch.inFlight.delete(nonce);
  const middle = names.length >> 1;
  watch.parts.push(names.slice(0, middle), names.slice(middle));
  return true;
}

/** The Envoy no longer wants the name: it is as if it had never been sent. */
export function forget(watch: Watch, name: string): void {
  watch.names.delete(name);
  if (watch.wild) return;
  for (const kept of [watch.held, watch.refused, watch.due, watch.asked]) kept.delete(name);
}

export function listsAll({ type, wild }: Watch): boolean {
  return wild && RESOURCES[type].whole;
}
