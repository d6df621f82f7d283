// How many calls does a rollout cost the API server, beside those of its peers?
import { setTimeout as sleep } from "node:timers/promises";
import { openCluster, type Cluster } from "../../test/kube/cluster.ts";
import type { Requests } from "../../test/kube/audit.ts";
import { argo, flagger, serin, type Contender } from "./contenders.ts";

/** What follows an end within this time belongs to the release. */
const SETTLE_MS = 5_000;
const IDLE_MS = 40_000;

interface Cost {
  readonly writes: number;
  readonly reads: number;
  readonly refused: number;
  readonly by: Readonly<Record<string, number>>;
}

interface Result {
  readonly name: string;
  readonly promotion: Cost;
  readonly back: Cost;
  readonly idle: Cost;
}

/** Without leases, which are the same for all and none of a rollout. */
function costOf({ by, refused }: Requests, before?: Cost): Cost {
  const counted = Object.entries(by).filter(([what]) => !what.includes("leases") && !what.startsWith("watch"));
  const own = counted.map(([what, count]) => [what, count - (before?.by[what] ?? 0)] as const);
  const sum = (reads: boolean): number =>
    own.filter(([what]) => /^(get|list) /u.test(what) === reads).reduce((all, [, count]) => all + count, 0);
  return {
    writes: sum(false),
    reads: sum(true),
    refused: refused - (before?.refused ?? 0),
    by: Object.fromEntries(own.filter(([, count]) => count > 0)),
  };
}

/** One release to everybody, a rest, and one that is taken back half way. */
async function measure(cluster: Cluster, contender: Contender): Promise<Result> {
  const { name, agent } = contender;
  const say = (text: string): void => console.error(`${name}: ${text}`);
  const during = async (work: () => Promise<void>, settleMs: number): Promise<Cost> => {
    const sinceMs = Date.now();
    await work();
    await sleep(settleMs);
    return costOf(await cluster.requestsOf(agent, sinceMs));
  };
  await contender.begin();
  say("version 1 serves");
  await sleep(SETTLE_MS);
  const promotion = await during(async () => {
    await contender.release("v2");
    await contender.promoted("v2");
  }, SETTLE_MS);
  say("version 2 has everybody");
  const idle = await during(async () => {}, IDLE_MS);
  const back = await during(async () => {
    await contender.release("v3");
    await contender.halfWay();
    await contender.takeBack();
  }, SETTLE_MS);
  const { writes, reads } = promotion;
  say(
    `version 3 is taken back; ${writes} writes and ${reads} reads to promote, ${back.writes} and ${back.reads} to take back`,
  );
  return { name, promotion, back, idle };
}

const row = (cells: readonly (string | number)[]): string =>
  cells.map((cell, index) => (index === 0 ? String(cell).padEnd(28) : String(cell).padStart(9))).join("");

function print(results: readonly Result[]): void {
  const [own] = results;
  console.log("\ncalls per release of 4 pods, leases and watches left out");
  for (const [title, key] of [
    ["promoted at 25, 50, 75 %", "promotion"],
    ["taken back half way", "back"],
    [`at rest, in ${IDLE_MS / 1_000} s`, "idle"],
  ] as const) {
    console.log(`\n${row([title, "writes", "reads", "refused", "÷ Serin"])}`);
    for (const result of results) {
      const { writes, reads, refused } = result[key];
      const ratio = own && own[key].writes > 0 ? (writes / own[key].writes).toFixed(2) : "";
      console.log(row([result.name, writes, reads, refused, ratio]));
    }
  }
  console.log();
  for (const { name, promotion, back } of results) {
    console.log(`${name}\n  promoted: ${listed(promotion)}\n  taken back: ${listed(back)}`);
  }
}

const listed = ({ by }: Cost): string =>
  Object.entries(by)
    .toSorted(([, a], [, b]) => b - a)
    .map(([what, count]) => `${count} ${what}`)
    .join(", ");

/** All on one API server at once, each in a namespace of its own. */
export async function calls(only: readonly string[]): Promise<void> {
  const cluster = await openCluster();
  const ends: (() => unknown)[] = [];
  try {
    const place = async (name: string) => ({
      cluster,
      namespace: await cluster.namespace({ onTestFinished: () => {} }, name),
    });
    const makers = {
      serin: async () => serin(await place("serin")),
      argo: async () => argo(await place("argo")),
      bluegreen: async () => flagger(await place("bluegreen"), "kubernetes"),
      weights: async () => flagger(await place("weights"), "istio"),
    };
    const running: Promise<Result>[] = [];
    for (const [name, make] of Object.entries(makers)) {
      if (only.length > 0 && !only.includes(name)) continue;
      const contender = await make();
      if (!contender) {
        console.log(`${name} is left out: node tools/kube-parts.ts ${name === "argo" ? "argo" : "flagger"} builds it`);
        continue;
      }
      ends.push(() => contender.end());
      running.push(measure(cluster, contender));
    }
    const settled = await Promise.allSettled(running);
    for (const one of settled) if (one.status === "rejected") console.error(one.reason);
    print(settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])));
  } finally {
    for (const end of ends) await end();
    await cluster.end();
  }
}
