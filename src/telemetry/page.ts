// Where does Prometheus find a controller's metrics, and the replicas of its services?
import type { AddressInfo } from "node:net";
import { serve, type ServerType } from "@hono/node-server";
import { Hono } from "hono";
import { SerinError } from "../core/issues.ts";
import type { Listen } from "../core/spec/listen.ts";
import type { TargetGroup } from "./targets.ts";

/** What is told there. */
export interface Pages {
  /** The metrics, in Prometheus' text format, piece by piece. */
  metrics(): Promise<readonly string[]>;
  targets(): readonly TargetGroup[];
}

export interface OpenPages {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  close(): Promise<void>;
}

const TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";

/** Serves the pages; anybody who reaches the address may read them, and nothing there changes anything. */
export async function openPages(at: Listen, pages: Pages): Promise<OpenPages> {
  const server = await listen(routes(pages), at);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${at.host.includes(":") ? `[${at.host}]` : at.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}

function routes(pages: Pages): Hono {
  const app = new Hono();
  // Two readers at once get the same page: making it is what costs.
  let underWay: Promise<readonly string[]> | undefined;
  app.get("/metrics", async (c) => {
    underWay ??= pages.metrics().finally(() => {
      underWay = undefined;
    });
    const body = new Blob([...(await underWay)]).stream();
    return c.body(body, 200, { "content-type": TEXT_FORMAT });
  });
  app.get("/targets", (c) => c.json(pages.targets()));
  app.get("/", (c) =>
    c.text("/metrics  metrics of Serin\n/targets  replicas with a metrics page, for http_sd_configs\n"),
  );
  return app;
}

function listen(app: Hono, { host, port }: Listen): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: host, port }, () => resolve(server));
    server.once("error", (error: NodeJS.ErrnoException) => reject(notThere(error, { host, port })));
  });
}

function notThere(error: NodeJS.ErrnoException, { host, port }: Listen): unknown {
  const found = {
    EADDRINUSE: "another program listens there",
    EADDRNOTAVAIL: "this machine has no such address",
    EACCES: "this user may not listen there",
  }[error.code ?? ""];
  if (found === undefined) return error;
  return new SerinError(
    {
      code: "SERIN_METRICS_ADDRESS",
      what: `metrics cannot be served at ${host}:${port}`,
      found,
      now: "nothing was started",
      next: "name another address, such as --metrics 127.0.0.1:9464",
      exitCode: 2,
    },
    { cause: error },
  );
}
