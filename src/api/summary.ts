// What does a service look like in a row, and which rows come first?
import type { Ms } from "../core/units.ts";
import type { Seen } from "../runtime/controller.ts";
import type { Attention, RolloutView, ServicesPage, ServicesQuery, ServiceSummary, ServiceView } from "./contract.ts";
import { placeOf } from "./order.ts";
import { viewOf } from "./view.ts";

/** A service that was seen, in a row. Whatever only its view has is not worked out: there are thousands of rows. */
export const rowOf = ({ state, world, troubles }: Seen, nowMs: Ms): ServiceSummary =>
  summaryOf(viewOf({ state, world, troubles, measured: undefined }, nowMs));

/** A service in a row of a table. */
export function summaryOf(view: ServiceView): ServiceSummary {
  const { service, namespace, version, health, stable, address, pools, wanted, usual, rollout, queued, troubles } =
    view;
  const standing = pools.filter(({ role }) => role !== "leaving");
  return {
    service,
    namespace,
    version,
    health,
    stable,
    address,
    ready: standing.reduce((sum, { ready }) => sum + (ready ?? 0), 0),
    wanted: standing.reduce((sum, pool) => sum + pool.wanted, 0),
    weights: wanted,
    perSecond: usual && brief(usual.perSecond),
    attention: attentionFor(view),
    rollout: rollout && rolloutRow(rollout),
    queued: queued?.revision,
    troubles,
  };
}

/** What changes at every look would be told at every look, of every service. */
const brief = (value: number): number => Number(value.toPrecision(2));

function rolloutRow(rollout: RolloutView): ServiceSummary["rollout"] {
  const { number, strategy, candidate, phase, cursor, steps, startedMs, endedMs, waiting, paused } = rollout;
  const { goesBackBecause, verdict, outcome, why } = rollout;
  return {
    number,
    strategy,
    candidate,
    phase,
    cursor,
    steps: steps.length,
    startedMs,
    endedMs,
    waiting,
    paused,
    goesBackBecause,
    verdict: verdict && { kind: verdict.kind, sure: verdict.sure, text: verdict.text },
    outcome,
    why,
  };
}

/** The most urgent reason for a person to look. */
function attentionFor({ health, rollout, troubles }: ServiceView): Attention | undefined {
  if (health === "down") return { for: "down", text: "nothing answers" };
  if (rollout?.phase === "forward" && rollout.waiting?.for === "person")
    return { for: "person", text: rollout.waiting.text };
  if (rollout?.phase === "back") return { for: "back", text: rollout.goesBackBecause ?? "goes back to stable" };
  const [trouble] = Object.entries(troubles);
  if (trouble) return { for: "trouble", text: trouble.join(": ") };
  if (health === "degraded") return { for: "degraded", text: "fewer replicas answer than its requests need" };
  if (rollout?.outcome === "rolled-back") return { for: "rolled-back", text: rollout.why ?? "" };
  if (rollout?.paused && rollout.phase === "forward")
    return { for: "paused", text: `by ${rollout.paused.by}: ${rollout.paused.reason}` };
  return undefined;
}

/**
 * One page. A cursor is a place and no number: rows that come or go in between move no other ones, and only a row whose
 * place changes meanwhile, which is one by urgency, may be met twice, or not at all.
 */
export function pageOf(rows: readonly ServiceSummary[], query: ServicesQuery): ServicesPage {
  const { limit, cursor, order } = query;
  const placed = rows.filter((row) => isWanted(row, query)).map((row) => ({ row, place: placeOf(row, order) }));
  const after = cursor === undefined ? "" : Buffer.from(cursor, "base64url").toString();
  const left = placed.filter(({ place }) => place > after).toSorted((a, b) => (a.place < b.place ? -1 : 1));
  const page = limit === undefined ? left : left.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(({ row }) => row),
    next: last && page.length < left.length ? Buffer.from(last.place).toString("base64url") : undefined,
    total: placed.length,
  };
}

function isWanted(row: ServiceSummary, { q, phase, strategy, attention }: ServicesQuery): boolean {
  if (q !== undefined && !row.service.toLowerCase().includes(q.toLowerCase())) return false;
  if (phase !== undefined && (row.rollout?.phase ?? "none") !== phase) return false;
  if (strategy !== undefined && row.rollout?.strategy !== strategy) return false;
  if (attention === "any") return row.attention !== undefined;
  return attention === undefined || row.attention?.for === attention;
}
