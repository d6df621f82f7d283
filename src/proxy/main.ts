// How does the proxy's own process begin and end?
//
//   node src/proxy/main.ts --config FILE
//
// Ends with 0 after SIGTERM, SIGINT or POST /stop, once requests under way have ended; also when a proxy with the same
// settings already serves the folder. A second signal ends it at once. Tells a parent that has opened a channel (IPC)
// how the start went, and then does not need the parent any more.
import { readFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { parseArgs } from "node:util";
import { SerinError, messageOf } from "../core/issues.ts";
import type { Begun } from "./begun.ts";
import type { RunningProxy } from "./running.ts";
import { serve } from "./serve.ts";
import { parseSettings, type Settings } from "./settings.ts";

function log(line: string): void {
  console.log(`${new Date().toISOString()} [${process.pid}] ${line}`);
}

function settingsOf(args: readonly string[]): Settings {
  const { values } = parseArgs({ args: [...args], options: { config: { type: "string" } } });
  const file = values.config ?? "";
  try {
    return parseSettings(readFileSync(file, "utf8"), file);
  } catch (error) {
    if (error instanceof SerinError) throw error;
    throw new SerinError({
      code: "SERIN_BAD_PROXY_CONFIG",
      what: file === "" ? "The proxy was started without --config FILE." : `The proxy cannot read ${file}.`,
      found: messageOf(error),
      now: "Nothing was started or stopped.",
      next: "node src/proxy/main.ts --config FILE",
      exitCode: 2,
    });
  }
}

function tellParent(begun: Begun): Promise<void> {
  return new Promise((resolve) => {
    // Without a parent that listens, or with one that is gone by now, there is nobody to tell; no reason to end.
    if (!process.send || !process.connected) {
      resolve();
      return;
    }
    process.send(begun, undefined, undefined, () => {
      if (process.connected) process.disconnect?.();
      resolve();
    });
  });
}

function endOnSignals(proxy: RunningProxy): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    let times = 0;
    process.on(signal, () => {
      times += 1;
      log(signal);
      if (times > 1) process.exit(1);
      void proxy.stop();
    });
  }
  // The terminal or session from which it was started may go.
  process.on("SIGHUP", () => undefined);
}

try {
  const served = await serve({ settings: settingsOf(process.argv.slice(2)), log });
  // Written now, because a proxy that is killed writes nothing; see `launch`.
  flushCompileCache();
  await tellParent({ kind: "up" });
  if (served.kind === "already") {
    log(`process ${served.control.pid} already serves ${served.control.address}`);
  } else {
    endOnSignals(served.proxy);
    await served.proxy.stopped;
  }
  process.exit(0);
} catch (error) {
  const trouble = error instanceof SerinError ? error.trouble : undefined;
  const told = trouble ?? { code: "SERIN_PROXY_FAILED", what: "The proxy did not start.", found: messageOf(error) };
  log(trouble ? messageOf(error) : String(error instanceof Error ? error.stack : error));
  await tellParent({ kind: "trouble", trouble: told });
  process.exit(trouble?.exitCode ?? 1);
}
