// Which services are listed, and in which order?
import type { ServiceSummary } from "../../api/contract.ts";
import { byUrgency } from "../../api/order.ts";

export const SHOWS = ["all", "attention", "under-way", "unwell"] as const;
export type Show = (typeof SHOWS)[number];

/** What an address of the fleet names. */
export interface FleetSearch {
  readonly q?: string;
  readonly show?: Exclude<Show, "all">;
  readonly strategy?: string;
}

export function readFleetSearch(search: Readonly<Record<string, unknown>>): FleetSearch {
  // A name of digits alone comes as a number.
  const text = (name: string): string | undefined => {
    const value = search[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
  };
  const [q, strategy] = [text("q"), text("strategy")];
  const show = SHOWS.find((each) => each === search["show"]);
  return {
    ...(q ? { q } : {}),
    ...(show === undefined || show === "all" ? {} : { show }),
    ...(strategy ? { strategy } : {}),
  };
}

const isUnderWay = ({ rollout }: ServiceSummary): boolean => rollout !== undefined && rollout.phase !== "ended";

const SHOWN: Readonly<Record<Show, (row: ServiceSummary) => boolean>> = {
  all: () => true,
  attention: ({ attention }) => attention !== undefined,
  "under-way": isUnderWay,
  unwell: ({ health }) => health === "down" || health === "degraded",
};

/** How many there are of each. */
export function countsOf(rows: readonly ServiceSummary[]): Readonly<Record<Show, number>> {
  const counted = (show: Show): number => rows.reduce((sum, row) => sum + (SHOWN[show](row) ? 1 : 0), 0);
  return {
    all: rows.length,
    attention: counted("attention"),
    "under-way": counted("under-way"),
    unwell: counted("unwell"),
  };
}

/** Those that match; what needs attention first, then what is under way, then by name. */
export function sorted(rows: readonly ServiceSummary[], { q, show, strategy }: FleetSearch) {
  const wanted = q?.toLowerCase();
  return byUrgency(
    rows.filter(
      (row) =>
        SHOWN[show ?? "all"](row) &&
        (wanted === undefined || row.service.toLowerCase().includes(wanted)) &&
        (strategy === undefined || row.rollout?.strategy === strategy),
    ),
  );
}
