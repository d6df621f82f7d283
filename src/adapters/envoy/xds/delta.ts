// How does an Envoy take only what changed? (the incremental form of the discovery protocol)
import { fromBinary } from "@bufbuild/protobuf";
import { DeltaDiscoveryRequestSchema } from "../protos/envoy/service/discovery/v3/discovery_pb.ts";
import { encodeResponse, refusalOf, type Protocol, type Request, type Source } from "./protocol.ts";
import type { Resource } from "./resource.ts";
import { forget, idle, listsAll, sentVersion, wants, type Content, type Watch } from "./watch.ts";

const ALL = "*";

function decode(bytes: Uint8Array): Request {
  const request = fromBinary(DeltaDiscoveryRequestSchema, bytes);
  return {
    node: request.node,
    url: request.typeUrl,
    nonce: request.responseNonce,
    refusal: refusalOf(request.errorDetail),
    wanted: request.resourceNamesSubscribe,
    unwanted: request.resourceNamesUnsubscribe,
    versions: request.initialResourceVersions,
  };
}

function subscribe(watch: Watch, { wanted, unwanted, versions }: Request, first: boolean): void {
  if (first) {
    for (const [name, version] of Object.entries(versions)) watch.held.set(name, { version });
    // Who begins without a name wants all.
    watch.wild = wanted.length === 0;
  }
  for (const name of unwanted) {
    if (name === ALL) watch.wild = false;
    forget(watch, name);
  }
  for (const name of wanted) {
    if (name === ALL) watch.wild = true;
    else watch.names.add(name);
    // What it has since before this stream is sent only if it changed; anything else that it asks for is answered.
    const known = first && watch.held.has(name);
    if (name !== ALL) (known ? watch.due : watch.asked).add(name);
  }
}

/** Which names are looked at now: what was just asked for does not wait for an acknowledgement. */
function candidates(watch: Watch): Iterable<string> {
  // A copy: what is looked at is taken out, and may be put back.
  if (watch.inFlight.size > 0) return new Set(watch.asked);
  return watch.parts.shift() ?? new Set([...watch.due, ...watch.asked]);
}

function consider(
  watch: Watch,
  name: string,
  source: Source,
): { readonly send: boolean; readonly resource?: Resource } {
  const resource = source.snapshot.all(watch.type).get(name);
  const asked = watch.asked.delete(name);
  watch.due.delete(name);
  const sent = sentVersion(watch, name);
  // What it holds without wanting it goes as well: it was wanted on an earlier stream.
  if (!wants(watch, name) && !watch.held.has(name)) return { send: false };
  if (resource) return { send: asked || sent !== resource.version, resource };
  if (sent === undefined) return { send: asked };
  if (asked || source.mayRemove()) return { send: true };
  watch.due.add(name);
  return { send: false };
}

function compose(watch: Watch, source: Source): Content | undefined {
  // An Envoy that has just started waits for an answer, even if there is nothing; one that comes back does not.
  const greets = !watch.answered && listsAll(watch) && watch.held.size === 0;
  if (!greets && idle(watch)) return undefined;
  const content = new Map<string, Resource | undefined>();
  do {
    for (const name of candidates(watch)) {
      const { send, resource } = consider(watch, name, source);
      if (send) content.set(name, resource);
    }
  } while (content.size === 0 && watch.parts.length > 0 && watch.inFlight.size === 0);
  return content.size > 0 || greets ? content : undefined;
}

export const DELTA: Protocol = {
  name: "delta",
  decode,
  // Every answer counts on its own.
  stale: () => false,
  subscribe,
  halves: true,
  compose,
  encode: (type, content, nonce) => {
    const removed = [...content].filter(([, resource]) => !resource).map(([name]) => name);
    const bodies = [...content.values()].flatMap((resource) => (resource ? [resource.inDelta()] : []));
    return encodeResponse(type, { content, bodies, removed, nonce });
  },
};
