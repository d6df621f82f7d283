// What does a worker do besides carrying traffic?
import type { MessagePort } from "node:worker_threads";
import { messageOf } from "../core/issues.ts";
import type { DataPlane } from "./data-plane.ts";
import type { Asked, Command, Report, Said } from "./messages.ts";

/** So often a worker says what it has counted: at most this much is missing from the totals when its thread is torn away. */
const REPORT_EVERY_MS = 250;

/** Listens, reports, and does what the main thread asks, until the data plane has drained. */
export async function runWorker(plane: DataPlane, main: MessagePort, shared: boolean): Promise<void> {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  const say = (said: Said): void => main.postMessage(said);
  const report = (): Report => ({ counts: plane.counters(), busy: plane.busy(), mirrored: plane.mirrored() });
  process.once("uncaughtException", (error) => {
    console.error(`worker ends: ${error.stack ?? error.message}`);
    say({ kind: "report", report: report() });
    // The message above is on its way only when this turn has ended.
    setImmediate(() => process.exit(1));
  });
  main.on("message", (asked: Asked) => void hear(asked));
  const hear = async ({ id, command }: Asked): Promise<void> => {
    try {
      await obey(plane, command);
      say({ kind: "done", id, report: report() });
      if (command.op === "drain") main.close();
    } catch (error) {
      say({ kind: "refused", id, why: messageOf(error) });
    }
  };
  try {
    say({ kind: "listening", ports: await plane.listen(shared) });
    setInterval(() => say({ kind: "report", report: report() }), REPORT_EVERY_MS).unref();
  } catch (error) {
    const { code = "ERROR", port } = error as NodeJS.ErrnoException & { readonly port?: number };
    say({ kind: "unable", code, message: messageOf(error), port });
    main.close();
  }
}

async function obey(plane: DataPlane, command: Command): Promise<void> {
  if (command.op === "route") plane.setRoute(command.route);
  else if (command.op === "drop") plane.dropRoute(command.section);
  else if (command.op === "tls") plane.setTls(command.pair);
  else if (command.op === "drain") await plane.drain(command.timeoutMs);
}
