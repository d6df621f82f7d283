// In which words and shapes does the dashboard tell a state?
import type { ServiceView } from "../../api/contract.ts";
import { duration, ms } from "../../core/units.ts";
import type { DecisionRecord, RolloutState } from "../../core/engine/state.ts";
import type { Verdict } from "../../core/stats/plan.ts";
import type { IconName } from "../parts/icon.tsx";

/** A word with a shape and a colour: none of them says something that the word does not. */
export interface Sign {
  readonly word: string;
  readonly icon: IconName;
  /** Class of the colour. */
  readonly tone: string;
}

/** What the state of a release is told from; a row of the fleet has as much. */
export interface Release {
  readonly phase: RolloutState["phase"];
  readonly outcome?: RolloutState["outcome"];
  readonly isPaused: boolean;
  readonly waitsFor?: NonNullable<RolloutState["waiting"]>["for"] | undefined;
}

const OUTCOMES: Readonly<Record<NonNullable<Release["outcome"]>, Sign>> = {
  promoted: { word: "promoted", icon: "check", tone: "good" },
  "rolled-back": { word: "rolled back", icon: "back", tone: "back" },
  stopped: { word: "stopped", icon: "stop", tone: "held" },
  concluded: { word: "concluded", icon: "check", tone: "good" },
};

/** What becomes, or became, of the release. */
export function releaseSign(release: Release | undefined): Sign {
  if (!release) return { word: "nothing rolled out", icon: "idle", tone: "none" };
  if (release.outcome && release.phase === "ended") return OUTCOMES[release.outcome];
  if (release.phase === "back") return { word: "going back", icon: "back", tone: "back" };
  if (release.isPaused) return { word: "paused", icon: "pause", tone: "held" };
  if (release.waitsFor === "person") return { word: "waits for a person", icon: "person", tone: "held" };
  return { word: "under way", icon: "play", tone: "way" };
}

export function releaseOf({ rollout }: Pick<ServiceView, "rollout">): Release | undefined {
  if (!rollout) return undefined;
  const { phase, outcome, paused, waiting } = rollout;
  return { phase, outcome, isPaused: paused !== undefined, waitsFor: waiting?.for };
}

/** How the service is, whatever becomes of the release. */
export const HEALTH: Readonly<Record<ServiceView["health"], Sign>> = {
  well: { word: "service well", icon: "well", tone: "well" },
  degraded: { word: "service degraded", icon: "warn", tone: "warn" },
  down: { word: "service down", icon: "down", tone: "down" },
  unknown: { word: "health unknown", icon: "unknown", tone: "none" },
};

export const VERDICT: Readonly<Record<Verdict["kind"], Sign>> = {
  worse: { word: "worse", icon: "back", tone: "back" },
  "no-worse": { word: "no worse", icon: "check", tone: "good" },
  undecided: { word: "undecided", icon: "scales", tone: "way" },
};

const DECISION: Readonly<Record<DecisionRecord["kind"], Sign>> = {
  started: { word: "begun", icon: "play", tone: "way" },
  step: { word: "step", icon: "up", tone: "way" },
  verdict: { word: "verdict", icon: "scales", tone: "way" },
  command: { word: "by a person", icon: "person", tone: "held" },
  note: { word: "noted", icon: "note", tone: "none" },
  back: { word: "way back", icon: "back", tone: "back" },
  ended: { word: "ended", icon: "stop", tone: "none" },
  hook: { word: "hook", icon: "hook", tone: "none" },
  queued: { word: "waits", icon: "clock", tone: "none" },
};

/** The sign of a decision; an end is told by how it ended. */
export function decisionSign({ kind, outcome }: Pick<DecisionRecord, "kind" | "outcome">): Sign {
  if (kind === "ended" && outcome && outcome !== "failed") return OUTCOMES[outcome];
  return DECISION[kind];
}

/** `3m ago`, as coarse as it is old. */
export function ago(atMs: number, nowMs: number): string {
  const past = nowMs - atMs;
  return past < 2_000 ? "just now" : `${duration(ms(past)).split(" ")[0]} ago`;
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** `14:02:11`, in the time zone of whoever looks; with its day when that is another one. */
export function timeText(atMs: number, nowMs = Date.now()): string {
  const [day, today] = [DAY.format(atMs), DAY.format(nowMs)];
  return day === today ? TIME.format(atMs) : `${day}, ${TIME.format(atMs)}`;
}
