// Where does a mirror thread begin?
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { Copier } from "./copier.ts";
import type { FromMirror, MirrorStart, ToMirror } from "./messages.ts";

/** Users' requests come first. On Linux a priority is the thread's own; elsewhere it would be the whole proxy's. */
const NICE = 10;
if (process.platform === "linux") setPriority(NICE);

const worker = parentPort;
if (worker === null) throw new Error("thread.ts is started by a worker of the proxy, as a thread");
const copier = new Copier(workerData as MirrorStart, {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  tell: (told: FromMirror) => worker.postMessage(told),
  over: () => worker.close(),
});
worker.on("message", (said: ToMirror) => {
  if (said.kind === "handed") copier.take(said);
  else copier.close();
});
