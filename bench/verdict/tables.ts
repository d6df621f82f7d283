// How are results printed?
import { type Floor, floorOf } from "./floor.ts";
import { lookRequests, ofPeers, type Result, type Said, saidOf } from "./results.ts";
import { at } from "./run.ts";
import { type PeerName, PEERS } from "./peers.ts";
import type { Speed } from "./speed.ts";

export const count = (value: number): string => String(Math.round(value)).replaceAll(/\B(?=(\d{3})+$)/gu, " ");

export function percent(share: number): string {
  const value = 100 * share;
  return `${value >= 9.95 || value === 0 ? value.toFixed(0) : value.toFixed(value < 0.995 ? 2 : 1)} %`;
}

export const minutes = (seconds: number): string =>
  Number.isFinite(seconds) ? `${Number((seconds / 60).toPrecision(3))} min` : "never";

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** When: median minutes and canary requests; in how many runs, if not in all. */
function whenText(said: Said): string {
  const share = said.times / said.runs;
  if (share < 0.5) return percent(share);
  const rest = share < 0.995 ? ` (${percent(share)})` : "";
  return `${minutes(said.seconds(0.5))}, ${count(said.requests(0.5))}${rest}`;
}

/** A share with its exact 95 % limits. */
export function shareText({ times, runs, limits }: Said): string {
  return `${percent(times / runs)} (${(100 * limits[0]).toFixed(2)}–${(100 * limits[1]).toFixed(2)})`;
}

export const isSame = ({ row }: Result): boolean => {
  const { stable, canary } = row.asked.traffic;
  return (["errors", "p50Ms", "stretch"] as const).every((name) => stable[name] === canary[name]);
};

function timesText(said: Said, floor: Floor | undefined, result: Result): string {
  const requests = said.requests(0.5);
  if (floor === undefined || !Number.isFinite(requests)) return "";
  if (requests <= 1.02 * lookRequests(result, 0)) return "1 look";
  return (requests / floor.requests).toFixed(2);
}

function serinCell(result: Result, name: string): string {
  const said = saidOf(result, name);
  return isSame(result) ? shareText(said) : whenText(said);
}

function peerCell(result: Result, name: PeerName): string {
  const judged = ofPeers(result);
  if (judged.outcomes.length === 0) return "";
  const said = saidOf(judged, name);
  return isSame(result) && said.times / said.runs < 0.5 ? percent(said.times / said.runs) : whenText(said);
}

export function mainTable(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const floor = floorOf(result.row.asked.traffic, 0.01);
    const same = isSame(result);
    const floorText = floor
      ? `${minutes(floor.seconds)}, ${floor.requests < 10 ? floor.requests.toFixed(1) : count(floor.requests)}`
      : "—";
    return [
      String(result.row.asked.traffic.rps),
      same ? `**same**, ${result.row.name}` : result.row.name,
      same ? "" : floorText,
      serinCell(result, at("plain", 0.01)),
      same ? "" : timesText(saidOf(result, at("plain", 0.01)), floor, result),
      serinCell(result, at("plain", 0.05)),
      serinCell(result, at("shipped", 0.01)),
      ...PEERS.map((name) => peerCell(result, name)),
    ];
  });
  const head = ["rps", "canary", "bound", "Serin 1 %", "÷ bound", "Serin 5 %", "Serin 1 %, default margins"];
  return table([...head, "Flagger", "Argo Rollouts", "Kayenta"], rows);
}

export function fewTable(results: readonly Result[]): string {
  const rows = results.map((result) => [
    result.row.name,
    serinCell(result, at("plain", 0.01)),
    isSame(result) ? "" : timesText(saidOf(result, at("plain", 0.01)), floorOf(result.row.asked.traffic, 0.01), result),
    serinCell(result, at("shipped", 0.01)),
  ]);
  return table(["200 rps", "Serin 1 %", "÷ bound", "Serin 1 %, default margins"], rows);
}

export function boundTable(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const cells = [0.01, 0.05].flatMap((alpha) => {
      const bound = floorOf(result.row.asked.traffic, alpha)?.requests ?? NaN;
      const median = saidOf(result, at("plain", alpha)).requests(0.5);
      return [bound < 10 ? bound.toFixed(1) : count(bound), count(median), (median / bound).toFixed(2)];
    });
    return [result.row.name, ...cells];
  });
  return table(["one metric", "bound 1 %", "Serin", "÷", "bound 5 %", "Serin", "÷"], rows);
}

export function goTable(results: readonly Result[], boundOf: (result: Result) => number): string {
  const rows = results
    .filter((result) => !result.row.id.endsWith("at the margin"))
    .map((result) => {
      const median = saidOf(result, "plain").requests(0.5);
      const bound = boundOf(result);
      const atMargin = results.find(({ row }) => row.id === `${result.row.id} at the margin`);
      const wrong = atMargin ? shareText(saidOf(atMargin, "plain")) : "";
      return [result.row.name, count(bound), count(median), (median / bound).toFixed(2), wrong];
    });
  return table(["no worse than", "bound 5 %", "Serin", "÷", "at the margin, called no worse"], rows);
}

export function troubleTable(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const cell = (plan: string): string =>
      plan in result.row.asked.plans ? shareText(saidOf(result, at(plan, 0.01))) : "";
    return [result.row.name, cell("plain"), cell("× 1.25"), cell("shipped")];
  });
  return table(["good candidates", "no margin", "margin × 1.25", "default margin"], rows);
}

/** Seconds from the decision until no request goes to the canary: a look, the query, the route. */
const REACTION_SECONDS = 25;

/** Mean number of failed requests that stable would not have failed. */
function harmOf(result: Result, name: string): number {
  const { rps, stages, canary, stable } = result.row.asked.traffic;
  const whole: readonly [number, number] = [
    1_800,
    stages.reduce((sum, one) => sum + one.looks * one.seconds * one.share * rps, 0),
  ];
  const harms = result.outcomes.map((outcome) => {
    const [seconds, requests] = outcome[name] ?? whole;
    const rate = outcome[name] ? lookRequests(result, seconds) / 15 : 0;
    return (canary.errors - stable.errors) * (requests + rate * REACTION_SECONDS);
  });
  return harms.reduce((sum, harm) => sum + harm, 0) / Math.max(1, harms.length);
}

export function harmTable(results: readonly Result[]): string {
  const rows = results
    .filter(({ row }) => {
      const { canary, stable, rps } = row.asked.traffic;
      return rps >= 200 && canary.errors > stable.errors && stable.errors === 0.001;
    })
    .map((result) => {
      const serin = [at("plain", 0.01), at("shipped", 0.01)].map((name) => harmOf(result, name));
      const peers = PEERS.map((name) => harmOf(ofPeers(result), name));
      return [`${result.row.asked.traffic.rps} rps, ${result.row.name}`].concat([...serin, ...peers].map(count));
    });
  return table(
    ["failed requests too many", "Serin 1 %", "default margins", "Flagger", "Argo Rollouts", "Kayenta"],
    rows,
  );
}

export function speedText(speed: Speed): string {
  return [
    `One look over 20 metrics (10 of errors, 10 latencies) on ${speed.replicas} replicas: ${speed.lookMs.toFixed(2)} ms, median; of half a second ${speed.halfSecondMs.toFixed(2)} ms.`,
    `Kayenta's judge over 20 metrics of 180 points each: ${speed.kayentaMs.toFixed(2)} ms, ${(speed.kayentaMs / speed.lookMs).toFixed(1)} times as long.`,
    `10 000 rollouts of two metrics, each looked at every 15 s: ${percent(speed.fleetShare)} of one core.`,
  ].join("\n");
}
