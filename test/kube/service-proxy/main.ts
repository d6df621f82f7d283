// How do requests to a Service's address get to its pods?
//
// A process of its own: it listens on every address of every Service.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { Api, type Access } from "../api.ts";
import type { EndpointSlice, Service, ServicePort } from "../objects.ts";
import { watch } from "../watch.ts";
import { Connection } from "./connection.ts";
import { Endpoints, keyOf } from "./endpoints.ts";

const [dir = "."] = process.argv.slice(2);
const access = JSON.parse(readFileSync(join(dir, "access.json"), "utf8")) as Access;
const api = new Api(access, "serin-service-proxy");
const endpoints = new Endpoints();
/** By Service, then by `address:port`. */
const listening = new Map<string, Map<string, Server>>();

function listen(service: string, host: string, { port, name = "" }: ServicePort): Server {
  const backing = {
    choose: () => endpoints.choose(service, name),
    standingOf: (endpoint: Parameters<Endpoints["standingOf"]>[2]) => endpoints.standingOf(service, name, endpoint),
  };
  const server = createServer({ allowHalfOpen: true }, (client) => new Connection(client, backing));
  server.on("error", (error) => console.error(`${service} on ${host}:${port}: ${error.message}`));
  server.listen({ port, host, backlog: 1024 });
  return server;
}

function put(service: Service): void {
  const key = keyOf(service);
  const { clusterIP, ports = [] } = service.spec;
  // The API server is its own.
  const isServed = clusterIP !== undefined && !["", "None"].includes(clusterIP) && key !== "default/kubernetes";
  const was = listening.get(key) ?? new Map<string, Server>();
  const is = new Map<string, Server>();
  for (const port of isServed ? ports : []) {
    const address = `${clusterIP}:${port.port}/${port.name ?? ""}`;
    is.set(address, was.get(address) ?? listen(key, clusterIP ?? "", port));
  }
  for (const [address, server] of was) if (!is.has(address)) server.close();
  listening.set(key, is);
}

function remove(key: string): void {
  for (const server of listening.get(key)?.values() ?? []) server.close();
  listening.delete(key);
}

process.on("SIGTERM", () => process.exit(0));
const { signal } = new AbortController();
await watch<EndpointSlice>(
  api,
  { path: "/apis/discovery.k8s.io/v1/endpointslices", signal },
  {
    all: (slices) => {
      endpoints.clear();
      for (const slice of slices) endpoints.put(slice);
    },
    changed: (slice) => endpoints.put(slice),
    deleted: (slice) => endpoints.remove(slice),
  },
);
await watch<Service>(
  api,
  { path: "/api/v1/services", signal },
  {
    all: (services) => {
      const there = new Set(services.map(keyOf));
      for (const key of listening.keys()) if (!there.has(key)) remove(key);
      services.forEach(put);
    },
    changed: put,
    deleted: (service) => remove(keyOf(service)),
  },
);
console.log("ready");
