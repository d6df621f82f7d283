// What does a test of Envoys need around it: a hub, Envoys, services and their replicas?
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEnvoyHub, type EnvoyHub, type EnvoyRouter } from "../../src/adapters/envoy/hub.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { EnvoySchema, type EnvoySpec } from "../../src/core/spec/envoy.ts";
import type { Route, RoutePool, Section, Split } from "../../src/core/split.ts";
import { weightOf } from "../../src/core/units.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Carried } from "../../src/ports/router.ts";
import { Backends, Client, freePort, type Got } from "../proxy/parts.ts";
import { adminText, connected, startEnvoy, type RunningEnvoy } from "./place.ts";

export const call = (limitMs = 20_000) => ({ signal: AbortSignal.timeout(limitMs) });

export type WrittenSpec = Readonly<Record<string, unknown>>;

/** One service behind the Envoys. */
export interface Service extends EnvoyRouter {
  readonly spec: EnvoySpec;
  readonly client: Client;
  readonly port: number;
  apply(route: Route, limitMs?: number): Promise<void>;
  carried(): Promise<Carried>;
  get(path?: string, headers?: Readonly<Record<string, string>>): Promise<Got>;
}

interface Asked {
  readonly front?: string;
  readonly section?: Section;
}

/** A folder, a control plane, and all that is started around it. */
export class Edge {
  readonly dir = mkdtempSync(join(tmpdir(), "serin-edge-"));
  readonly backends = new Backends();
  readonly #clients: Client[] = [];
  readonly #envoys: RunningEnvoy[] = [];
  readonly clock: Clock;
  xds = 0;
  hub: EnvoyHub;

  private constructor(clock: Clock) {
    this.clock = clock;
    this.hub = this.#make();
  }

  static async open(clock: Clock = systemClock()): Promise<Edge> {
    const edge = new Edge(clock);
    edge.xds = await freePort();
    return edge;
  }

  #make(): EnvoyHub {
    return createEnvoyHub({ dir: join(this.dir, "services"), clock: this.clock });
  }

  /** The controller ends, and another one begins with what this one wrote down. */
  async again(): Promise<void> {
    await this.hub.close();
    this.hub = this.#make();
  }

  /** An Envoy that has come to the control plane. Somebody must listen there before. */
  async envoy(options: Partial<Parameters<typeof startEnvoy>[0]> = {}): Promise<RunningEnvoy> {
    const { xds, dir } = this;
    const envoy = await startEnvoy({ dir, control: { host: "127.0.0.1", port: xds }, ...options });
    this.#envoys.push(envoy);
    await connected(envoy);
    return envoy;
  }

  async service(name: string, written: WrittenSpec = {}, asked: Asked = {}): Promise<Service> {
    const spec = EnvoySchema.parse({
      listen: await freePort(),
      xds: `127.0.0.1:${this.xds}`,
      drain: "200ms",
      ...written,
    });
    const view = await this.hub.router({ service: name, front: name, spec, origin: this.dir, ...asked });
    const { port } = spec.listen;
    const client = new Client(port);
    this.#clients.push(client);
    return {
      ...view,
      spec,
      client,
      port,
      apply: (route, limitMs) => view.router.apply(route, call(limitMs)),
      carried: async () => {
        const observed = await view.router.observe(call());
        if (observed.kind !== "value") throw new Error(`expected a split, found ${JSON.stringify(observed)}`);
        return observed.value;
      },
      get: (path = "/", headers = {}) => client.get(path, headers),
    };
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.backends.close();
    for (const envoy of this.#envoys) await envoy.end();
    await this.hub.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A route whose requests all go to one pool. */
export function whole(stable: RoutePool, split: Partial<Split> = {}): Route {
  return { split: { weights: { stable: weightOf(1) }, ...split }, pools: { stable } };
}

/** A route with a share for the canary. */
export function shared(
  pools: { readonly stable: RoutePool; readonly canary: RoutePool },
  canary: number,
  split: Partial<Split> = {},
): Route {
  const weights = { canary: weightOf(canary), stable: weightOf(1 - canary) };
  return { split: { weights, ...split }, pools };
}

/** One figure of an Envoy's own statistics. 0 when it has no such figure. */
export async function statOf(envoy: RunningEnvoy, name: string): Promise<number> {
  const lines = (await adminText(envoy, "/stats")).split("\n");
  const line = lines.find((one) => one.startsWith(`${name}: `));
  return line === undefined ? 0 : Number(line.slice(name.length + 2));
}
