// Whose route does a request follow, and what has been counted under all of them?
//
// Both fronts, HTTP/1.1 and HTTP/2, ask here, and make a `Turn` (turn.ts) per request under way:
//
//   turn.begin(asked)                                 chooses section and role; `turn.cookie` is the Set-Cookie value, or ""
//   turn.next()                                       a replica to try; or undefined: wait (`turn.waiting`), or nobody (503)
//   turn.answered(status, timed) / failed() / left()  that try is over: counted, and the replica's load goes down
//   turn.upgraded()                                   counted, but under way until `left`
import type { Series } from "../core/evidence.ts";
import type { Clock } from "./clock.ts";
import type { ProxyConfig } from "./config.ts";
import { Lane, type Chosen } from "./lane.ts";
import type { Needs } from "./match.ts";
import type { Mirroring } from "./mirror/mirroring.ts";
import { Mirrors } from "./mirror/mirrors.ts";
import type { Replica } from "./replica.ts";
import { EVERYBODY, nameOf, type ServedRoute } from "./served.ts";
import { Sight, type Asked } from "./sight.ts";
import { Tallies } from "./tally.ts";

/** The routes in force, and what has been counted under them and those before. */
export class Traffic {
  readonly config: ProxyConfig;
  readonly clock: Clock;
  /** Copies of requests, which go on when their lane has no route any more. */
  readonly mirrors: Mirrors;
  readonly #tallies = new Tallies();
  readonly #start: number;
  readonly #everybody: Lane;
  /** Also lanes that lost their route, as long as a request is under way there. */
  readonly #lanes = new Map<string, Lane>();
  /** Those that take requests, in the order in which they are asked. */
  #sections: readonly Lane[] = [];
  /** Whether any rule has to be looked at. */
  #hasRules = false;

  /** `start` (0…1) is where the sequence of shares begins: a worker's own dice. */
  constructor(config: ProxyConfig, clock: Clock, start: number) {
    this.config = config;
    this.clock = clock;
    this.#start = start;
    this.mirrors = new Mirrors({ timeoutMs: config.timeouts.responseMs, start });
    this.#everybody = this.#lane(EVERYBODY);
  }

  /** From now on new requests of the route's section, or of everybody else, follow it. */
  setRoute(route: ServedRoute): void {
    this.#lane(nameOf(route)).follow(route);
    this.#arrange();
  }

  /** From now on the section's requests are everybody's. Those under way end where they began. */
  dropRoute(section: string): void {
    this.#lanes.get(section)?.follow(undefined);
    this.#arrange();
  }

  /** What the fronts must read of a head. */
  get needs(): Needs {
    const all = [...this.#lanes.values()].map((lane) => lane.needs);
    return {
      headers: new Set(all.flatMap(({ headers }) => [...headers])),
      cookies: all.some(({ cookies }) => cookies),
    };
  }

  /** `preview`: whether it came in at the second address. */
  choose(asked: Asked, preview: boolean): Chosen {
    if (!this.#hasRules) return this.#everybody.choose(asked, undefined);
    const sight = new Sight(asked, preview);
    const lane = this.#sections.find(({ takes }) => takes?.(sight)) ?? this.#everybody;
    return lane.choose(asked, sight);
  }

  counters(): readonly Omit<Series, "epoch">[] {
    this.#forget();
    const used = new Set([...this.#lanes.values()].flatMap((lane) => lane.tallies()));
    return this.#tallies.read(this.clock.now, (tally) => used.has(tally));
  }

  /** Replicas that a route names, or that have a request or a copy under way. */
  busy(): readonly string[] {
    const replicas = this.#replicas().filter((replica) => replica.routed || replica.active > 0);
    return [...new Set([...replicas.map((replica) => replica.replica), ...this.mirrors.busy()])];
  }

  closeIdle(): void {
    for (const replica of this.#replicas()) replica.closeIdle();
  }

  #arrange(): void {
    this.#forget();
    const sections = [...this.#lanes].filter(([, { takes }]) => takes !== undefined);
    // Where two have the same order, every worker must ask the same one first.
    this.#sections = sections
      .toSorted(([a, first], [b, second]) => first.order - second.order || (a < b ? -1 : 1))
      .map(([, lane]) => lane);
    this.#hasRules = this.#sections.length > 0 || this.#everybody.hasRules;
  }

  #lane(name: string): Lane {
    let lane = this.#lanes.get(name);
    if (!lane) {
      const mirror = (route: ServedRoute | undefined): Mirroring | undefined => this.mirrors.follow(name, route);
      lane = new Lane({ config: this.config, tallies: this.#tallies, start: this.#start, mirror });
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  #replicas(): readonly Replica[] {
    return [...this.#lanes.values()].flatMap((lane) => lane.replicas());
  }

  #forget(): void {
    for (const [name, lane] of this.#lanes) {
      lane.forget();
      const isEmpty = lane.replicas().length === 0;
      if (isEmpty && lane.takes === undefined && name !== EVERYBODY) this.#lanes.delete(name);
    }
  }
}
