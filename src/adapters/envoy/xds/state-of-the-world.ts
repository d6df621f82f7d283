// How does an Envoy take all there is at once? (the older form of the discovery protocol)
import { fromBinary } from "@bufbuild/protobuf";
import { DiscoveryRequestSchema } from "../protos/envoy/service/discovery/v3/discovery_pb.ts";
import { encodeResponse, refusalOf, type Protocol, type Request, type Source } from "./protocol.ts";
import type { Resource } from "./resource.ts";
import { RESOURCES } from "./types.ts";
import { forget, idle, listsAll, sentVersion, wants, type Content, type Known, type Watch } from "./watch.ts";

const ALL = "*";

function decode(bytes: Uint8Array): Request {
  const request = fromBinary(DiscoveryRequestSchema, bytes);
  return {
    node: request.node,
    url: request.typeUrl,
    nonce: request.responseNonce,
    refusal: refusalOf(request.errorDetail),
    wanted: request.resourceNames,
    unwanted: [],
    versions: {},
  };
}

function subscribe(watch: Watch, { wanted }: Request, first: boolean): void {
  const names = new Set(wanted);
  const added = wanted.filter((name) => name !== ALL && !watch.names.has(name));
  const silent = names.size === 0 && (first || (watch.wild && watch.names.size === 0));
  for (const name of watch.names) if (!names.has(name)) forget(watch, name);
  watch.wild = names.has(ALL) || (RESOURCES[watch.type].whole && silent);
  watch.names = names;
  for (const name of added) watch.asked.add(name);
}

const hasBytes = (known: Known | undefined): known is Resource => known !== undefined && "inState" in known;

/** Listeners and clusters: what is not in the answer is gone, so that the answer holds all. */
function composeAll(watch: Watch, { snapshot, mayRemove }: Source): Content | undefined {
  const all = snapshot.all(watch.type);
  let changed = !watch.answered || watch.asked.size > 0;
  const kept = new Map<string, Resource | undefined>();
  for (const name of watch.due) {
    const resource = all.get(name);
    const sent = sentVersion(watch, name);
    const held = watch.held.get(name);
    if (!resource && hasBytes(held) && !mayRemove()) kept.set(name, held);
    else if (resource?.version !== sent) changed = true;
  }
  if (!changed) {
    for (const name of watch.due) if (!kept.has(name)) watch.due.delete(name);
    return undefined;
  }
  const content = new Map<string, Resource | undefined>([...all, ...kept]);
  for (const name of watch.held.keys()) if (!content.has(name)) content.set(name, undefined);
  for (const name of watch.refused.keys()) if (!content.has(name)) content.set(name, undefined);
  watch.asked.clear();
  watch.due.clear();
  for (const name of kept.keys()) watch.due.add(name);
  return content;
}

/** The other types: what is not in the answer stays. Nothing can be taken away; the Envoy lets go of it by itself. */
function composeNamed(watch: Watch, { snapshot }: Source): Content | undefined {
  const all = snapshot.all(watch.type);
  const content = new Map<string, Resource | undefined>();
  for (const name of new Set([...watch.due, ...watch.asked])) {
    const resource = all.get(name);
    const asked = watch.asked.delete(name);
    watch.due.delete(name);
    if (!wants(watch, name)) continue;
    if (!resource) {
      watch.held.delete(name);
      watch.refused.delete(name);
    } else if (asked || sentVersion(watch, name) !== resource.version) content.set(name, resource);
  }
  return content.size > 0 ? content : undefined;
}

function compose(watch: Watch, source: Source): Content | undefined {
  if (watch.inFlight.size > 0 && watch.asked.size === 0) return undefined;
  if (watch.answered && idle(watch)) return undefined;
  return listsAll(watch) ? composeAll(watch, source) : composeNamed(watch, source);
}

export const STATE_OF_THE_WORLD: Protocol = {
  name: "state-of-the-world",
  decode,
  stale: (watch, { nonce }) => nonce !== "" && nonce !== watch.nonce,
  subscribe,
  halves: false,
  compose,
  encode: (type, content, nonce) => {
    const bodies = [...content.values()].flatMap((resource) => (resource ? [resource.inState()] : []));
    return encodeResponse(type, { content, bodies, removed: [], nonce });
  },
};
