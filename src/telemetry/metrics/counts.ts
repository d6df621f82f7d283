// What does a controller count of its own work?
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** From a millisecond to the longest time that a call may take, and beyond. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Parts that a controller or a group may have trouble with; what else has trouble is a member of a group. */
const PARTS: ReadonlySet<string> = new Set(["controller", "journal", "workload", "router", "telemetry"]);

/** What is counted as it happens. Labels name kinds of things, never services: these stay. */
export type Counts = ReturnType<typeof makeCounts>;

/** Makes the counters and histograms of one controller, in a registry of their own. */
export function makeCounts(registry: Registry) {
  const registers = [registry];
  return {
    build: new Gauge({
      name: "serin_build_info",
      help: "1, with the version of Serin and of Node.",
      labelNames: ["version", "node"],
      registers,
    }),
    lag: new Histogram({
      name: "serin_decision_lag_seconds",
      help: "From the moment when a look at a service was due to the moment when what follows was decided and written down.",
      buckets: SECONDS,
      registers,
    }),
    pass: new Histogram({
      name: "serin_pass_duration_seconds",
      help: "How long one pass takes: look, decide, write down, act.",
      buckets: SECONDS,
      registers,
    }),
    calls: new Histogram({
      name: "serin_port_call_duration_seconds",
      help: "Calls of what Serin stands on, by part, call and outcome: ok, unreadable, failed or timeout. Appends to the journal are among them.",
      labelNames: ["part", "call", "outcome"],
      buckets: SECONDS,
      registers,
    }),
    decisions: new Counter({
      name: "serin_decisions_total",
      help: "Decisions that were written down, by kind.",
      labelNames: ["kind"],
      registers,
    }),
    ended: new Counter({
      name: "serin_rollouts_ended_total",
      help: "Rollouts that have ended while this controller ran, by outcome.",
      labelNames: ["outcome"],
      registers,
    }),
    commands: new Counter({
      name: "serin_commands_total",
      help: "Commands of people and programs, by kind and outcome: done, refused or failed.",
      labelNames: ["kind", "outcome"],
      registers,
    }),
    messages: new Counter({
      name: "serin_messages_total",
      help: "Attempts to deliver a message, by purpose (hook, notification) and outcome: ok or failed.",
      labelNames: ["purpose", "outcome"],
      registers,
    }),
    troubles: new Counter({
      name: "serin_troubles_total",
      help: "Troubles that began, by part: controller, journal, workload, router, telemetry, or a member of a group.",
      labelNames: ["part"],
      registers,
    }),
  };
}

/** The part as a label: of a bounded set. */
export function partOf(part: string): string {
  return PARTS.has(part) ? part : "member";
}
