// In which order do services stand?
import type { ServiceSummary } from "./contract.ts";

/** Why a person should look, most urgent first. */
export const ATTENTIONS = ["down", "person", "back", "trouble", "degraded", "rolled-back", "paused"] as const;

/** By what a list can be ordered. By name, a row keeps its place whatever happens to it. */
export const ORDERS = ["urgency", "name"] as const;
export type Order = (typeof ORDERS)[number];

/** Attention by urgency, then what is under way, then the rest. */
function rankOf({ attention, rollout }: ServiceSummary): number {
  if (attention) return ATTENTIONS.indexOf(attention.for);
  return ATTENTIONS.length + (rollout && rollout.phase !== "ended" ? 0 : 1);
}

/** Where a row stands among all: numbers and names in order, as text. */
export function placeOf(row: ServiceSummary, order: Order = "urgency"): string {
  return order === "name" ? row.service : `${String(rankOf(row)).padStart(2, "0")} ${row.service}`;
}

/** Those first that need attention, then what is under way, then by name. */
export function byUrgency(rows: readonly ServiceSummary[]): readonly ServiceSummary[] {
  const placed = rows.map((row) => ({ row, place: placeOf(row) }));
  return placed.toSorted((a, b) => (a.place < b.place ? -1 : 1)).map(({ row }) => row);
}
