// How does a controller tell a benchmark what it does and what it takes?
//
// A process of its own, run with --expose-gc: KUBECONFIG NAMESPACE FOLDER
import { monitorEventLoopDelay } from "node:perf_hooks";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { runOperator } from "../../src/operator/host.ts";
import { Telemetry } from "../../src/telemetry/telemetry.ts";

/** What is told of a time in which it was watched. */
export interface Figures {
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** User and system, since the process began. */
  readonly cpuMs: number;
  /** Of each pass since the last question: from the moment when it was due until it had decided and written. */
  readonly lagsMs: readonly number[];
  readonly passes: number;
  /** The longest that the event loop was held since the last question. */
  readonly heldMs: number;
}

/** What a controller says by itself. */
export type Said =
  | { readonly kind: "leads" }
  | { readonly kind: "record"; readonly service: string; readonly of: string; readonly atMs: number }
  | { readonly kind: "figures"; readonly figures: Figures };

/** So many milliseconds and more are told in one sum. */
const MOST_LAGS = 2_000_000;

async function main(): Promise<void> {
  const [kubeconfig, namespace = "default", dir = ""] = process.argv.slice(2);
  const clock = systemClock();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let lagsMs: number[] = [];
  let passes = 0;
  const say = (said: Said): void => void process.send?.(said);
  const ending = new AbortController();
  const running = await runOperator(
    {
      kubeconfig,
      only: [namespace],
      leaseNamespace: namespace,
      identity: `bench-${process.pid}`,
      dir,
      version: "bench",
      telemetry: await Telemetry.open({ version: "bench", clock }),
      say: (text) => {
        console.error(text);
        if (text.startsWith("leads")) say({ kind: "leads" });
      },
      tell: (event) => {
        if (event.kind === "trouble") console.error(`${event.service}: ${event.part}: ${event.why}`);
        if (event.kind !== "decided") return;
        for (const { kind, atMs } of event.records) {
          if (kind === "started" || kind === "ended") say({ kind: "record", service: event.service, of: kind, atMs });
        }
      },
      passed: ({ lagMs }) => {
        passes += 1;
        if (lagMs !== undefined && lagsMs.length < MOST_LAGS) lagsMs.push(lagMs);
      },
    },
    ending.signal,
  );
  process.on("message", (question) => {
    if (question === "end") return ending.abort();
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const heldMs = delay.max / 1e6;
    const figures = { heapBytes: heapUsed, rssBytes: rss, cpuMs: (user + system) / 1_000, lagsMs, passes, heldMs };
    delay.reset();
    [lagsMs, passes] = [[], 0];
    say({ kind: "figures", figures });
  });
  await running.ended;
  process.disconnect?.();
}

if (import.meta.main) await main();
