// What do the looks of one simulated rollout hold?
import type { Look } from "../../src/core/stats/plan.ts";
import { type Background, learn, startBackground } from "../../src/core/stats/verdict.ts";
import { ms } from "../../src/core/units.ts";
import { type Behaviour, lookAt, type Replica, replicas } from "../../test/sim/fleet.ts";
import { type Random, random } from "../../src/rehearse/random.ts";
import { drawOf, type Slowness } from "./latency.ts";

/**
 * What goes wrong for both arms, or looks like it. `drift`: a random walk of the error rate; `ramp`: it grows twentyfold;
 * `outage`: a minute at 30 %; `weights`: share and error rate jump together every minute; `cold`: a canary younger than two
 * minutes, new at each stage, fails three times as often.
 */
export type Disturbance = "none" | "drift" | "ramp" | "outage" | "weights" | "cold";

/** How one arm behaves, and how many replicas it has. */
export interface Arm extends Behaviour, Slowness {
  readonly count: number;
}

export interface Traffic {
  readonly rps: number;
  readonly stable: Arm;
  readonly canary: Arm;
  /** Seconds of the stable fleet before the rollout, at the same rate. */
  readonly historySeconds: number;
  /** Draws latencies too. */
  readonly latency: boolean;
  readonly disturbance: Disturbance;
  /** Looks of so many seconds at this share. */
  readonly stages: readonly { readonly share: number; readonly seconds: number; readonly looks: number }[];
}

/** So many rollouts of replicas that are all alike share the hour before them: it is dear, most of all with latencies. */
const SHARED = { errors: 5, latency: 10 };
const HISTORY_LOOK_SECONDS = 15;
const COLD_MS = 120_000;
const JUMPS = [0.05, 0.5, 0.1, 0.3, 0.02];

interface Before {
  readonly key: string;
  readonly stable: readonly Replica[];
  readonly background: Background | undefined;
}

let last: Before | undefined;

function replicasOf(chance: Random, arm: "stable" | "canary", how: Arm): readonly Replica[] {
  const draw = drawOf(how);
  return replicas(chance, arm, how).map((replica) => Object.assign(replica, { draw }));
}

function learnt(chance: Random, stable: readonly Replica[], traffic: Traffic): Background | undefined {
  if (traffic.historySeconds === 0) return undefined;
  let known = startBackground();
  const calm = { rps: traffic.rps, share: 0, seconds: HISTORY_LOOK_SECONDS, latency: traffic.latency };
  for (let second = 0; second < traffic.historySeconds; second += HISTORY_LOOK_SECONDS) {
    known = learn(known, lookAt(chance, stable, calm));
  }
  return known;
}

function before(traffic: Traffic, seed: number): Before {
  const shared = traffic.latency ? SHARED.latency : SHARED.errors;
  const group = traffic.stable.tau > 0 ? seed : Math.floor(seed / shared);
  const key = JSON.stringify([traffic, group]);
  if (last?.key === key) return last;
  const chance = random(group, 1);
  const stable = replicasOf(chance, "stable", traffic.stable);
  last = { key, stable, background: learnt(chance, stable, traffic) };
  return last;
}

/** Where a rollout is. */
interface Place {
  readonly seconds: number;
  readonly stageSeconds: number;
  readonly wholeSeconds: number;
  readonly share: number;
}

interface Weather {
  readonly share: number;
  /** Errors of both arms, and of the canary besides, times this. */
  readonly both: number;
  readonly canary: number;
  readonly canaryAgeMs: number;
}

function weatherOf(traffic: Traffic, at: Place, walk: number): Weather {
  const calm = { share: at.share, both: 1, canary: 1, canaryAgeMs: 3_600_000 };
  if (traffic.disturbance === "drift") return { ...calm, both: Math.exp(walk) };
  if (traffic.disturbance === "ramp") return { ...calm, both: 20 ** (at.seconds / at.wholeSeconds) };
  if (traffic.disturbance === "outage") {
    const out = at.seconds > 600 && at.seconds <= 660;
    return out ? { ...calm, both: 0.3 / traffic.stable.errors } : calm;
  }
  if (traffic.disturbance === "weights") {
    const minute = Math.floor(at.seconds / 60.001);
    return { ...calm, share: JUMPS[minute % JUMPS.length] ?? at.share, both: minute % 2 === 0 ? 1 : 10 };
  }
  if (traffic.disturbance === "cold") {
    const canaryAgeMs = at.stageSeconds * 1_000;
    return { ...calm, canaryAgeMs, canary: canaryAgeMs < COLD_MS ? 3 : 1 };
  }
  return calm;
}

const worsened = (replica: Replica, factor: number): Replica =>
  factor === 1 ? replica : { ...replica, errors: Math.min(1, replica.errors * factor) };

/** One look, and when it ended. */
export interface Moment {
  readonly seen: Look;
  readonly seconds: number;
}

export interface Rollout {
  readonly background: Background | undefined;
  readonly looks: Generator<Moment>;
}

function* moments(traffic: Traffic, stable: readonly Replica[], chance: Random): Generator<Moment> {
  const canary = replicasOf(chance, "canary", traffic.canary);
  const wholeSeconds = traffic.stages.reduce((sum, stage) => sum + stage.seconds * stage.looks, 0);
  const calm = [...stable, ...canary];
  let seconds = 0;
  let walk = 0;
  for (const stage of traffic.stages) {
    for (let i = 1; i <= stage.looks; i++) {
      seconds += stage.seconds;
      walk += 0.15 * chance.normal();
      const place = { seconds, stageSeconds: i * stage.seconds, wholeSeconds, share: stage.share };
      const { share, both, canary: own, canaryAgeMs } = weatherOf(traffic, place, walk);
      const fleet =
        both === 1 && own === 1
          ? calm
          : [...stable.map((one) => worsened(one, both)), ...canary.map((one) => worsened(one, both * own))];
      const seen = lookAt(chance, fleet, { rps: traffic.rps, share, seconds: stage.seconds, latency: traffic.latency });
      const aged = (row: Look["rows"][number]) => (row.arm === "canary" ? { ...row, ageMs: ms(canaryAgeMs) } : row);
      yield { seen: traffic.disturbance === "cold" ? { ...seen, rows: seen.rows.map(aged) } : seen, seconds };
    }
  }
}

/** A rollout by its seed. */
export function rolloutOf(traffic: Traffic, seed: number): Rollout {
  const { stable, background } = before(traffic, seed);
  return { background, looks: moments(traffic, stable, random(seed)) };
}
