// Do real addresses of somebody else behave like a workload, as far as they can?
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endpointsRevision } from "../../src/adapters/endpoints/revision.ts";
import { createEndpointsWorkload } from "../../src/adapters/endpoints/workload.ts";
import { probe } from "../../src/adapters/process/probe.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { workloadContract } from "../../src/ports/workload.contract.ts";

async function listening(): Promise<Server> {
  const server = createServer((_request, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

workloadContract(
  "endpoints",
  async () => {
    const dir = await mkdtemp(join(tmpdir(), "serin-endpoints-"));
    const servers = await Promise.all([listening(), listening(), listening()]);
    const ports = servers.map((server) => (server.address() as AddressInfo).port);
    const open = () => createEndpointsWorkload({ dir, clock: systemClock(), probe });
    const of = (...indices: number[]) => {
      const addresses = indices.map((index) => ({ host: "127.0.0.1", port: ports[index] ?? 0 }));
      return endpointsRevision({ addresses, ready: { kind: "http", path: "/" } });
    };
    const revisions = { good: of(0, 1), other: of(2), crashing: of(), never: of() };
    let workload = open();
    return {
      get workload() {
        return workload;
      },
      drainMs: 2_000,
      revision: (kind) => revisions[kind],
      restart: async () => {
        workload = open();
      },
      pass: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
      dispose: async () => {
        for (const server of servers) server.close();
        await rm(dir, { recursive: true, force: true });
      },
    };
  },
  {
    sizes: "the addresses are as many as they are",
    lives: "Serin starts and ends none of them",
    memory: "since when one answers is counted anew",
  },
);
