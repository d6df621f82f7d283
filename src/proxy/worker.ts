// Where does a worker thread of the proxy begin?
import { parentPort, workerData } from "node:worker_threads";
import { createHttp2Front } from "./h2/front.ts";
import type { WorkerStart } from "./messages.ts";
import { createDataPlane } from "./plane.ts";
import { runWorker } from "./worker-loop.ts";

if (parentPort === null) throw new Error("worker.ts is started by the proxy, as a thread");
const { config, shared, tls, routes } = workerData as WorkerStart;
const plane = createDataPlane(config, tls, createHttp2Front);
for (const route of routes) plane.setRoute(route);
await runWorker(plane, parentPort, shared);
