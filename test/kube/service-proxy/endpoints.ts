// Which pods stand behind a Service's address at this moment?
import type { EndpointSlice, Service } from "../objects.ts";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What is known of an endpoint: it ends on purpose, it is gone on purpose, or neither. */
export type Standing = "ready" | "ill" | "ends" | "gone";

interface Listed extends Endpoint {
  readonly standing: Standing;
  /** It ends, and answers still. */
  readonly serves: boolean;
}

export const keyOf = ({ metadata }: { metadata: Service["metadata"] }): string =>
  `${metadata.namespace}/${metadata.name}`;

export class Endpoints {
  /** By Service, then by slice. */
  readonly #slices = new Map<string, Map<string, EndpointSlice>>();

  put(slice: EndpointSlice): void {
    const service = this.#serviceOf(slice);
    const slices = this.#slices.get(service) ?? new Map<string, EndpointSlice>();
    this.#slices.set(service, slices);
    slices.set(slice.metadata.name, slice);
  }

  remove(slice: EndpointSlice): void {
    this.#slices.get(this.#serviceOf(slice))?.delete(slice.metadata.name);
  }

  clear(): void {
    this.#slices.clear();
  }

  /** One of those that are ready; where there are none, one that ends but answers still. */
  choose(service: string, portName: string): Endpoint | undefined {
    const all = this.#of(service, portName);
    const ready = all.filter(({ standing }) => standing === "ready");
    const usable = ready.length > 0 ? ready : all.filter(({ standing, serves }) => standing === "ends" && serves);
    return usable[Math.floor(Math.random() * usable.length)];
  }

  standingOf(service: string, portName: string, { host, port }: Endpoint): Standing {
    const found = this.#of(service, portName).find((one) => one.host === host && one.port === port);
    return found?.standing ?? "gone";
  }

  #serviceOf({ metadata }: EndpointSlice): string {
    return `${metadata.namespace}/${metadata.labels?.["kubernetes.io/service-name"]}`;
  }

  #of(service: string, portName: string): readonly Listed[] {
    return [...(this.#slices.get(service)?.values() ?? [])].flatMap(({ endpoints, ports }) => {
      const port = ports?.find(({ name = "" }) => name === portName)?.port;
      if (port === undefined) return [];
      return (endpoints ?? []).map(({ addresses: [host = ""], conditions }) => {
        const standing = conditions?.terminating ? "ends" : conditions?.ready === false ? "ill" : "ready";
        return { host, port, standing, serves: conditions?.serving !== false } as const;
      });
    });
  }
}
