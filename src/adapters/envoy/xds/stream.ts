// What goes over one Envoy's discovery stream, and when?
import { status, type ServerDuplexStream } from "@grpc/grpc-js";
import { messageOf } from "../../../core/issues.ts";
import { ms, type Ms } from "../../../core/units.ts";
import type { Listeners } from "./events.ts";
import { nodeOf, type ConnectedEnvoy, type EnvoyNode } from "./node.ts";
import type { Protocol, Request } from "./protocol.ts";
import { senderOf } from "./receive.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Turns } from "./turns.ts";
import { ORDER, typeOf, type ResourceType, type ResourceVersion } from "./types.ts";
import {
  acknowledge,
  halve,
  lookAtAll,
  makeWatch,
  refuse,
  settled,
  wants,
  type Content,
  type Refusal,
  type Watch,
} from "./watch.ts";

/** How long an Envoy that came back may take to say which routes it has, before it counts as having none. */
const GRACE = ms(5_000);

/** How long routes wait for the endpoints of a new cluster: as long as Envoy itself waits, by default, before it goes on. */
const WARM = ms(15_000);

/** What a stream is part of. */
export interface House {
  readonly listeners: Listeners;
  readonly turns: Turns;
  /** The fleet's resources, `undefined` while the fleet is unknown or held back. */
  snapshot(fleet: string): Snapshot | undefined;
  /** Whether anybody looks after the fleet. */
  knows(fleet: string): boolean;
  closed(stream: Stream): void;
}

export type Call = ServerDuplexStream<Buffer, Buffer>;

/** What names other resources: as long as an answer to these is out, what they may name stays. */
const NAMING: readonly ResourceType[] = ["listener", "routes"];

/**
 * One message is on its way at a time and, per type, one answer waits for its acknowledgement: an Envoy that is slow gets
 * fewer and newer versions, and costs the names of what changed, not copies of it.
 */
export class Stream implements ConnectedEnvoy {
  readonly since: Ms = ms(Date.now());
  readonly #call: Call;
  readonly #form: Protocol;
  readonly #house: House;
  readonly #watches = new Map<ResourceType, Watch>();
  /** Clusters that are new to this Envoy, with the endpoints that it must have before routes name them. */
  readonly #cold = new Map<string, string>();
  #node: EnvoyNode | undefined;
  #snapshot: Snapshot | undefined;
  #unwatch: (() => void) | undefined;
  #grace: NodeJS.Timeout | undefined;
  #thaw: NodeJS.Timeout | undefined;
  #nonce = 0;
  #scheduled = false;
  #writing = false;
  #ended = false;

  constructor(call: Call, form: Protocol, house: House) {
    this.#call = call;
    this.#form = form;
    this.#house = house;
    const end = (): void => this.#end();
    call.on("data", (bytes: Buffer) => this.#receive(bytes));
    call.on("end", () => {
      this.#end();
      call.end();
    });
    call.on("error", end).on("cancelled", end).on("close", end);
  }

  get node(): EnvoyNode {
    return this.#node ?? nodeOf(undefined);
  }

  get protocol(): Protocol["name"] {
    return this.#form.name;
  }

  wants(type: ResourceType, name: string): boolean {
    const watch = this.#watches.get(type);
    return watch !== undefined && wants(watch, name);
  }

  held(type: ResourceType, name: string): string | undefined {
    return this.#watches.get(type)?.held.get(name)?.version;
  }

  refusal(type: ResourceType, name: string): Refusal | undefined {
    return this.#watches.get(type)?.refused.get(name);
  }

  refusals(): readonly (ResourceVersion & Refusal)[] {
    return [...this.#watches.values()].flatMap(({ type, refused }) =>
      [...refused].map(([name, { version, why }]) => ({ type, name, version, why })),
    );
  }

  /** Begins to send, once there is something to send from. */
  attach(): void {
    const snapshot = this.#node && this.#house.snapshot(this.#node.fleet);
    if (!snapshot || this.#snapshot || this.#ended) return;
    this.#snapshot = snapshot;
    this.#unwatch = snapshot.watch((type, name) => this.#changed(type, name));
    for (const watch of this.#watches.values()) lookAtAll(watch, snapshot);
    this.#schedule();
  }

  /** Ends the stream from this side. */
  close(): void {
    this.#call.end();
    this.#end();
  }

  #changed(type: ResourceType, name: string): void {
    const watch = this.#watches.get(type);
    if (!watch || (!wants(watch, name) && !watch.held.has(name))) return;
    watch.due.add(name);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#house.turns.add(this);
  }

  #receive(bytes: Buffer): void {
    if (this.#ended) return;
    let request: Request;
    try {
      request = this.#form.decode(bytes);
    } catch (error) {
      const why = `not a discovery request: ${messageOf(error)}`;
      this.#house.listeners.tell("malformed", { ...senderOf("discovery", this.node, this.#call), why });
      this.#call.emit("error", { code: status.INVALID_ARGUMENT, details: why });
      return;
    }
    if (!this.#node) this.#introduce(request);
    this.#house.listeners.tell("readable", senderOf("discovery", this.node, this.#call));
    const type = typeOf(request.url);
    // A type that is not served here is left unanswered, as for a name that does not exist.
    if (type !== undefined) this.#handle(type, request);
  }

  #introduce(request: Request): void {
    this.#node = nodeOf(request.node);
    const { listeners } = this.#house;
    listeners.tell("connected", this);
    if (!this.#house.knows(this.#node.fleet)) listeners.tell("stranger", this);
    this.attach();
  }

  #handle(type: ResourceType, request: Request): void {
    const before = this.#watches.get(type);
    const watch = before ?? makeWatch(type);
    if (before) this.#conclude(watch, request);
    if (before && this.#form.stale(watch, request)) return this.#schedule();
    this.#watches.set(type, watch);
    this.#form.subscribe(watch, request, !before);
    if (!before) this.#begin(watch);
    this.#schedule();
  }

  #begin(watch: Watch): void {
    if (this.#snapshot) lookAtAll(watch, this.#snapshot);
    // It was here before, and says so.
    if (watch.held.size > 0 && !this.#grace) {
      this.#grace = setTimeout(() => this.#schedule(), GRACE);
      this.#grace.unref();
    }
  }

  /** Takes over what Envoy says about an answer. */
  #conclude(watch: Watch, { nonce, refusal }: Request): void {
    const { type } = watch;
    const { listeners } = this.#house;
    const sent = watch.inFlight.get(nonce);
    if (!sent) return;
    if (refusal === undefined) {
      acknowledge(watch, nonce);
      this.#warmed(type, sent);
      listeners.tell("acknowledged", this, type, sent);
    } else if (!this.#form.halves || !halve(watch, nonce)) {
      const names = refuse(watch, nonce, refusal) ?? [];
      // Nothing waits for what Envoy does not take: its words are told, and whoever set it decides.
      this.#warmed(type, sent);
      if (type === "cluster") for (const name of names) this.#cold.delete(name);
      listeners.tell("rejected", this, type, { names, why: refusal });
    }
  }

  #warmed(type: ResourceType, content: Content): void {
    if (type !== "endpoints" || this.#cold.size === 0) return;
    for (const [cluster, endpoints] of this.#cold) if (content.has(endpoints)) this.#cold.delete(cluster);
  }

  /** Sends the next answer, if there is one. */
  pump(): void {
    this.#scheduled = false;
    const snapshot = this.#snapshot;
    if (!snapshot || this.#writing || this.#ended) return;
    for (const type of ORDER) {
      const watch = this.#watches.get(type);
      if (!watch || (NAMING.includes(type) && !this.#warm(snapshot))) continue;
      const content = this.#form.compose(watch, { snapshot, mayRemove: () => this.#mayRemove(type) });
      if (content) return this.#send(watch, content);
    }
  }

  /** Whether every cluster that was sent can be used: routes that name it may follow. */
  #warm(snapshot: Snapshot): boolean {
    for (const [cluster, endpoints] of this.#cold) {
      const exists = snapshot.all("endpoints").has(endpoints) && snapshot.all("cluster").has(cluster);
      if (!exists) this.#cold.delete(cluster);
    }
    if (this.#cold.size > 0) return false;
    clearTimeout(this.#thaw);
    this.#thaw = undefined;
    return true;
  }

  /** Clusters and endpoints stay until this Envoy has taken every route and listener that may have named them. */
  #mayRemove(type: ResourceType): boolean {
    if (type !== "cluster" && type !== "endpoints") return true;
    const returning = this.#grace !== undefined && ms(Date.now()) - this.since < GRACE;
    if (returning && !this.#watches.has("routes")) return false;
    return NAMING.every((naming) => {
      const watch = this.#watches.get(naming);
      return !watch || settled(watch);
    });
  }

  #send(watch: Watch, content: Content): void {
    const { type } = watch;
    if (type === "cluster") this.#chill(watch, content);
    watch.nonce = String(++this.#nonce);
    watch.answered = true;
    watch.inFlight.set(watch.nonce, content);
    this.#writing = true;
    this.#call.write(this.#form.encode(type, content, watch.nonce), (error?: Error | null) => {
      this.#writing = false;
      if (error) return this.#end();
      this.pump();
    });
  }

  #chill(watch: Watch, content: Content): void {
    const endpoints = this.#watches.get("endpoints");
    for (const [name, resource] of content) {
      if (watch.held.has(name) || resource?.awaits === undefined) continue;
      if (!endpoints?.held.has(resource.awaits)) this.#cold.set(name, resource.awaits);
    }
    if (this.#cold.size === 0 || this.#thaw) return;
    this.#thaw = setTimeout(() => {
      this.#thaw = undefined;
      this.#cold.clear();
      this.#schedule();
    }, WARM);
    this.#thaw.unref();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unwatch?.();
    clearTimeout(this.#grace);
    clearTimeout(this.#thaw);
    this.#house.closed(this);
    if (this.#node) this.#house.listeners.tell("disconnected", this);
  }
}
