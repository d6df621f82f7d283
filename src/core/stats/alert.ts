// Do alerts that somebody else watches speak against the canary?
import { duration, ms } from "../units.ts";
import { finite } from "./finite.ts";

export type Labels = Readonly<Record<string, string>>;

/** An alert that fires now. */
export interface Alert {
  readonly name: string;
  readonly labels: Labels;
  /** Since which moment it fires, by the clock of `AlertLook.atMs`. */
  readonly sinceMs: number;
}

/** Which labels make an alert one of an arm: it has all of one of the sets. An empty set fits no alert. */
interface ArmLabels {
  readonly canary: readonly Labels[];
  readonly baseline: readonly Labels[];
}

/** Which alerts count, and what they do. */
export interface AlertRule {
  /** Only alerts of this name; all if not given. */
  readonly name?: string | undefined;
  /** Only alerts that have these labels. */
  readonly labels?: Labels | undefined;
  readonly arms: ArmLabels;
  /** Shorter ones only keep the rollout from going on. */
  readonly forMs: number;
  /** What an alert of the canary alone does. */
  readonly action: "hold" | "roll-back";
}

/** What the source said at one moment. */
export interface AlertLook {
  readonly atMs: number;
  /** `undefined` when the source can't be read: nobody knows what fires. */
  readonly alerts: readonly Alert[] | undefined;
  /** Since when the canary has traffic; an alert that is older isn't its doing. */
  readonly startedMs?: number | undefined;
}

/**
 * `clear`: nothing fires. `pending`: something fires, not for long yet. `hold`: stay where it is. `roll-back`: back.
 * `unknown`: the source can't be read. Only `clear` lets a rollout go on.
 */
export interface AlertReport {
  readonly kind: "clear" | "pending" | "hold" | "roll-back" | "unknown";
  /** What fires is not the canary's alone: an incident of the environment. */
  readonly environment: boolean;
  /** Names of the alerts that the answer rests on, each once, in order. */
  readonly names: readonly string[];
  readonly text: string;
}

function has(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}

const isOf = (alert: Alert, arm: readonly Labels[]): boolean =>
  arm.some((wanted) => Object.keys(wanted).length > 0 && has(alert.labels, wanted));

/** Whose an alert is: of neither or both arms, it is everybody's. */
function armOf(alert: Alert, arms: ArmLabels): "canary" | "baseline" | "everything" {
  const canary = isOf(alert, arms.canary);
  const baseline = isOf(alert, arms.baseline);
  if (canary === baseline) return "everything";
  return canary ? "canary" : "baseline";
}

/** Names of alerts that are the canary's alone and began after it: the same alert fires for nothing else. */
function blamedNames(rule: AlertRule, look: AlertLook, firing: readonly Alert[]): ReadonlySet<string> {
  const shared = new Set(firing.filter((alert) => armOf(alert, rule.arms) !== "canary").map((alert) => alert.name));
  const started = look.startedMs ?? -Infinity;
  const own = firing.filter((alert) => !shared.has(alert.name) && alert.sinceMs >= started);
  return new Set(own.map((alert) => alert.name));
}

const namesOf = (alerts: readonly Alert[]): readonly string[] =>
  [...new Set(alerts.map((alert) => alert.name))].toSorted();

/** `HighLatency and OutOfMemory have been firing for 2m`. */
function sentence(alerts: readonly Alert[], atMs: number): string {
  const names = namesOf(alerts);
  const longest = Math.max(...alerts.map((alert) => atMs - alert.sinceMs), 0);
  return `${names.join(" and ")} ${names.length === 1 ? "has" : "have"} been firing for ${duration(ms(longest))}`;
}

function firingOf(rule: AlertRule, alerts: readonly Alert[]): readonly Alert[] {
  return alerts.filter(
    (alert) => (rule.name === undefined || alert.name === rule.name) && has(alert.labels, rule.labels ?? {}),
  );
}

/**
 * What the alerts say. One of the canary alone, firing for `forMs`, does what the rule says. One that fires for other arms
 * too, or says nothing of arms, or was there before the canary, is an incident of the environment: it holds, but never
 * rolls back. Throws a RangeError for a moment that is not a number.
 */
export function alertReport(rule: AlertRule, look: AlertLook): AlertReport {
  finite(look.atMs, "alertReport: moment");
  if (look.alerts === undefined) {
    return { kind: "unknown", environment: false, names: [], text: "the source of alerts can't be read" };
  }
  for (const alert of look.alerts) finite(alert.sinceMs, `alertReport: beginning of ${alert.name}`);
  const firing = firingOf(rule, look.alerts);
  if (firing.length === 0) return { kind: "clear", environment: false, names: [], text: "no alert is firing" };
  const blamed = blamedNames(rule, look, firing);
  const lasting = firing.filter((alert) => look.atMs - alert.sinceMs >= rule.forMs);
  const own = lasting.filter((alert) => blamed.has(alert.name) && armOf(alert, rule.arms) === "canary");
  if (own.length > 0) {
    const text = `${sentence(own, look.atMs)} for the canary alone`;
    return { kind: rule.action, environment: false, names: namesOf(own), text };
  }
  if (lasting.length === 0) {
    const text = `${sentence(firing, look.atMs)}; it counts after ${duration(ms(rule.forMs))}`;
    return { kind: "pending", environment: false, names: namesOf(firing), text };
  }
  const text = `${sentence(lasting, look.atMs)}, not for the canary alone: an incident of the environment`;
  return { kind: "hold", environment: true, names: namesOf(lasting), text };
}
