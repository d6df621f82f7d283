// The built-in proxy under test: every feature on.
import { Worker, isMainThread } from "node:worker_threads";
import type { Route } from "../../src/core/split.ts";
import { weight } from "../../src/core/units.ts";
import { PROXY_DEFAULTS } from "../../src/proxy/config.ts";
import { createDataPlane } from "../../src/proxy/plane.ts";
import { CANARY_PORT, PROXY_PORT, STABLE_PORT } from "./peers.ts";

const route: Route = {
  split: {
    weights: { canary: weight(100_000), stable: weight(900_000) },
    sticky: { key: { kind: "cookie", name: "serin" }, salt: "bench/1" },
  },
  pools: {
    canary: { pool: "v2", backends: [{ replica: "v2-1", host: "127.0.0.1", port: CANARY_PORT }] },
    stable: { pool: "v1", backends: [{ replica: "v1-1", host: "127.0.0.1", port: STABLE_PORT }] },
  },
};

const workers = Number(process.env["WORKERS"] ?? 1);

if (isMainThread && workers > 1) {
  for (let i = 0; i < workers; i += 1) void new Worker(import.meta.filename);
} else {
  const plane = createDataPlane({ ...PROXY_DEFAULTS, host: "127.0.0.1", port: PROXY_PORT, workers });
  plane.setRoute(route);
  await plane.listen(workers > 1);
}
