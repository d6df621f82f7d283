// What happened in a rollout, by its decisions and the trail of its evidence?
import { decision } from "../core/engine/decision-text.ts";
import { sharesIn, type MeasuredCourse } from "../core/engine/measured.ts";
import type { Ended, Outcome, Waiting } from "../core/engine/state.ts";
import type { Verdict } from "../core/stats/plan.ts";
import type { Trail, TrailPoint } from "../core/stats/trail.ts";
import { WHOLE } from "../core/units.ts";
import { decidedByOf, headlineOf } from "./headline.ts";
import { metricsOf } from "./metrics.ts";
import type { Harm, Limits, MetricReport, Recorded, Report, SharePoint, State } from "./model.ts";
import { finite } from "./quantity.ts";

/** What a view of the service must hold. Of rollouts before the last one it knows the history at most. */
export interface Viewed {
  readonly service: string;
  readonly nowMs: number;
  readonly history: readonly Ended[];
  readonly rollout?: ViewedRollout | undefined;
}

/** The last rollout, or the one under way. */
interface ViewedRollout {
  readonly number: number;
  readonly strategy: string;
  readonly candidate: string;
  readonly replaces?: string | undefined;
  readonly startedMs: number;
  readonly waiting?: Waiting | undefined;
  readonly verdict?: Verdict | undefined;
  readonly trail?: Trail | undefined;
  readonly measured?: MeasuredCourse | undefined;
  readonly outcome?: Outcome | undefined;
  readonly why?: string | undefined;
}

/** The limits of a verdict, where it names them. */
type Limited = Verdict & { readonly limits?: { readonly falseRollback: number; readonly falseGo: number } | undefined };

/** Limits where a rollout file names none. */
const USUAL = { falseRollback: 0.01, falseGo: 0.05 };

/** The records are those of one rollout, oldest first, at least one. Throws a RangeError for none. */
export function reportOf(records: readonly Recorded[], view: Viewed): Report {
  const [first] = records;
  if (!first) throw new RangeError("a rollout without decisions");
  const number = first.rollout;
  const live = view.rollout?.number === number ? view.rollout : undefined;
  const ended = view.history.find((entry) => entry.number === number);
  const last = records.findLast(({ kind }) => kind === "ended");
  const back = records.find(({ kind }) => kind === "back");
  const said = namedIn(first.text);
  const state = stateOf(records, live?.outcome ?? ended?.outcome);
  const trail = points(records, live?.trail);
  const verdict = verdictOf(records, back ? undefined : live?.verdict);
  const startedMs = live?.startedMs ?? ended?.startedMs ?? first.atMs;
  const untilMs = last?.atMs ?? Math.max(view.nowMs, records.at(-1)?.atMs ?? 0, trail.at(-1)?.atMs ?? 0);
  const decidedMs = back?.atMs ?? (state === "promoted" ? (promotedAt(records) ?? last?.atMs) : undefined);
  const metrics = metricsOf({ verdict, points: trail, startedMs });
  const known = {
    service: view.service,
    name: `${view.service}/${number}`,
    state,
    why: back?.text ?? live?.why ?? ended?.why ?? live?.waiting?.text ?? "",
    waitsFor: live?.waiting?.for,
    strategy: live?.strategy ?? said.strategy,
    candidate: live?.candidate ?? ended?.candidate ?? said.candidate,
    replaces: live?.replaces ?? said.replaces,
    startedBy: first.actor,
    startReason: first.reason,
    startedMs,
    decidedMs,
    untilMs,
    isOver: last !== undefined,
    verdict,
    metrics,
    limits: limitsOf(verdict),
    harm: harmOf(metrics, Math.max(verdict?.canaryRequests ?? 0, trail.at(-1)?.canaryRequests ?? 0)),
    measured: measuredIn(records, live?.measured, untilMs),
    shares: sharesOf(records, trail, { startedMs, decidedMs, untilMs, state }),
    decisions: records.map((record) => ({ atMs: record.atMs, kind: record.kind, text: decision(record) })),
  };
  return { ...known, headline: headlineOf(known), decidedBy: decidedByOf(known) };
}

/** The record of the beginning names what a view knows of the last rollout only. */
function namedIn(text: string): Partial<Record<"candidate" | "replaces" | "strategy", string>> {
  return (
    /^\S+ brings (?<candidate>\S+?)(?:, to replace (?<replaces>\S+))? \((?<strategy>\w+)\)$/u.exec(text)?.groups ?? {}
  );
}

const OUTCOMES: readonly Outcome[] = ["promoted", "rolled-back", "stopped", "concluded"];

function stateOf(records: readonly Recorded[], known: Outcome | undefined): State {
  if (known) return known;
  const ended = records.findLast(({ kind }) => kind === "ended");
  if (ended) return OUTCOMES.find((outcome) => ended.text.endsWith(` ${outcome}`)) ?? "stopped";
  return records.some(({ kind }) => kind === "back") ? "going-back" : "under-way";
}

/** The verdict on which was decided or, when nothing is yet, the newest. */
function verdictOf(records: readonly Recorded[], now: Verdict | undefined): Verdict | undefined {
  const verdict = now ?? records.findLast(({ verdict: known }) => known !== undefined)?.verdict;
  // Never surer than is known.
  return verdict && { ...verdict, sure: finite(verdict.sure) ?? 0 };
}

/** The longest trail that is known, in order of time. */
function points(records: readonly Recorded[], now: Trail | undefined): readonly TrailPoint[] {
  const trails = [...records.map(({ trail }) => trail), now].flatMap((trail) => (trail ? [trail.points] : []));
  const newest = trails.toSorted((a, b) => (a.at(-1)?.atMs ?? 0) - (b.at(-1)?.atMs ?? 0)).at(-1) ?? [];
  return newest.filter(({ atMs }) => Number.isFinite(atMs)).toSorted((a, b) => a.atMs - b.atMs);
}

function promotedAt(records: readonly Recorded[]): number | undefined {
  return records.findLast(({ kind, text }) => kind === "step" && text.endsWith(" promoted"))?.atMs;
}

function limitsOf(verdict: Limited | undefined): Limits {
  const { falseRollback, falseGo } = verdict?.limits ?? USUAL;
  return { worse: -Math.log(falseRollback), noWorse: -Math.log(falseGo), isKnown: verdict?.limits !== undefined };
}

/** Failures by their share, which is how verdicts tell them. */
function harmOf(metrics: readonly MetricReport[], canaryRequests: number): Harm {
  const counted = metrics.find(({ name }) => name === "success-rate");
  const share = finite(counted?.canary);
  if (!counted || share === undefined || share < 0 || share > 1) return { canaryRequests };
  const of = counted.canaryRequests;
  const usual = finite(counted.baseline);
  const expected = usual === undefined ? undefined : Math.round(Math.min(1, Math.max(0, usual)) * of);
  return { canaryRequests: Math.max(canaryRequests, of), failed: { count: Math.round(share * of), of, expected } };
}

/** How the engine writes a split down once the router reports it. */
const SPLIT = /^(?:(?:canary|baseline|stable) [\d.]+%(?:, |$))+$/u;

function splitIn({ kind, text }: Recorded): number | undefined {
  if (kind !== "step" || !SPLIT.test(text)) return undefined;
  return Number(/canary (?<share>[\d.]+)%/u.exec(text)?.groups?.["share"] ?? 0) / 100;
}

function measuredIn(
  records: readonly Recorded[],
  now: MeasuredCourse | undefined,
  untilMs: number,
): readonly SharePoint[] {
  const course = now ?? records.findLast(({ measured }) => measured)?.measured;
  return course ? sharesIn(course, "canary", untilMs) : [];
}

type Course = Pick<Report, "startedMs" | "decidedMs" | "untilMs" | "state">;

/** From the trail and from the splits that were written down; old journals have only these. */
function sharesOf(records: readonly Recorded[], trail: readonly TrailPoint[], course: Course): readonly SharePoint[] {
  const { startedMs, decidedMs, untilMs, state } = course;
  const split = records.flatMap((record) => {
    const share = splitIn(record);
    return share === undefined ? [] : [{ atMs: record.atMs, share }];
  });
  const seen = trail.map(({ atMs, share }) => ({ atMs, share: share / WHOLE }));
  const forward = [...split, ...seen]
    .filter(({ atMs, share }) => Number.isFinite(share) && (decidedMs === undefined || atMs <= decidedMs))
    .toSorted((a, b) => a.atMs - b.atMs);
  const last = forward.at(-1)?.share ?? 0;
  const decided = decidedMs === undefined ? [] : [{ atMs: decidedMs, share: state === "promoted" ? 1 : 0 }];
  const all = [{ atMs: startedMs, share: 0 }, ...forward, ...decided];
  const changes = all.filter(({ share }, index) => index === 0 || share !== all[index - 1]?.share);
  return [...changes, { atMs: untilMs, share: decided[0]?.share ?? last }];
}
