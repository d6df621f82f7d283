// Which Envoys are there, which were a moment ago, and is each of them one?
import type { EnvoySpec, XdsChannel } from "../../core/spec/envoy.ts";
import type { Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import { Unreadables } from "./malformed.ts";
import type { Sender } from "./xds/events.ts";
import type { ConnectedEnvoy } from "./xds/node.ts";
import type { Discovery } from "./xds/discovery.ts";

/** An Envoy that went away and has not come back carries nothing any more. */
const GONE_MS = 60_000;

/** By this name an Envoy is known when it comes back. */
export const nameOf = ({ node }: ConnectedEnvoy): string => `${node.fleet} ${node.id}`;

export class Roll {
  readonly #discovery: Discovery;
  readonly #clock: Clock;
  /** Envoys that were here, and since when they are not. */
  readonly #lost = new Map<string, Ms>();
  /** What came that nobody understands. */
  readonly #unreadables = new Unreadables();
  /** Streams that said something after another one of the same name had come. */
  readonly #twins = new WeakSet<ConnectedEnvoy>();

  /** `heard` is called with all that an Envoy says, and when one comes or goes. */
  constructor(discovery: Discovery, clock: Clock, heard: () => void) {
    this.#discovery = discovery;
    this.#clock = clock;
    const spoke = (envoy: ConnectedEnvoy): void => {
      if (this.#newest(envoy.node.fleet).get(nameOf(envoy)) !== envoy) this.#twins.add(envoy);
      heard();
    };
    discovery.listen({
      connected: (envoy) => {
        this.#lost.delete(nameOf(envoy));
        heard();
      },
      disconnected: (envoy) => {
        if (!this.#newest(envoy.node.fleet).has(nameOf(envoy))) this.#lost.set(nameOf(envoy), clock.now());
        heard();
      },
      acknowledged: spoke,
      rejected: spoke,
      malformed: (what) => this.#unreadables.malformed(what, clock.now()),
      readable: (sender) => this.#unreadables.readable(sender),
      certificate: (why) => this.#unreadables.certificate(why, clock.now()),
    });
  }

  /** Envoys that are connected. A stream that is silent since its Envoy has come again is none: nobody is at its other end. */
  envoys(fleet: string): readonly ConnectedEnvoy[] {
    const newest = this.#newest(fleet);
    return this.#discovery
      .envoys(fleet)
      .filter((envoy) => newest.get(nameOf(envoy)) === envoy || this.#twins.has(envoy));
  }

  /** Names of those that may carry something: connected now, or a moment ago. */
  known(fleet: string): readonly string[] {
    for (const name of this.#lost.keys()) if (this.isGone(name)) this.#lost.delete(name);
    const lost = [...this.#lost.keys()].filter((name) => name.startsWith(`${fleet} `));
    return [...this.#newest(fleet).keys(), ...lost];
  }

  /** Whether it has been away for so long that nobody need wait for it. */
  isGone(name: string): boolean {
    const lostMs = this.#lost.get(name);
    if (lostMs !== undefined) return this.#clock.now() - lostMs > GONE_MS;
    return !this.#discovery.envoys().some((envoy) => nameOf(envoy) === name);
  }

  /** What is wrong when two Envoys have one name: counts of both would be taken for those of one. */
  twins(fleet: string): string | undefined {
    const twin = this.#discovery.envoys(fleet).find((envoy) => this.#twins.has(envoy));
    if (!twin) return undefined;
    // The other one may have gone in the meantime.
    if (this.#newest(fleet).get(nameOf(twin)) === twin) return undefined;
    return `two Envoys of the fleet ${fleet} are called ${twin.node.id}: each needs a node.id of its own`;
  }

  /** What the fleet's Envoys send on such streams and nobody understands, or why the channel cannot go on as it is. */
  unread(kind: Sender["of"], fleet: string): string | undefined {
    const nowMs = this.#clock.now();
    return this.#unreadables.of(kind, fleet, nowMs) ?? this.#unreadables.channel(nowMs);
  }

  /** Why those that are connected are not enough; undefined when they are. */
  few({ fleet, envoys }: Pick<EnvoySpec, "fleet" | "envoys">, { host, port }: XdsChannel): string | undefined {
    const there = new Set(this.envoys(fleet).map(nameOf)).size;
    if (there >= envoys) return undefined;
    const found = there === 0 ? "no Envoy" : `${there} of ${envoys} Envoys`;
    return `${found} of the fleet ${fleet} is connected to ${host}:${port}${this.#stranger()}`;
  }

  /** An Envoy that came and gets nothing, because no service names its fleet: mostly somebody's mistake. */
  #stranger(): string {
    const strange = this.#discovery.envoys().find(({ node }) => node.id !== "" && !this.#discovery.isOpen(node.fleet));
    return strange ? ` (${strange.node.id} is, of the fleet ${strange.node.fleet}, which no service names)` : "";
  }

  #newest(fleet: string): ReadonlyMap<string, ConnectedEnvoy> {
    return new Map(this.#discovery.envoys(fleet).map((envoy) => [nameOf(envoy), envoy]));
  }
}
