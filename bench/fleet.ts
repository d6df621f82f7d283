// Does a controller with thousands of rollouts and hundreds of open streams stay as it is over an hour?
//
//   npm run bench:fleet                                         5 000 services, 200 streams, an hour
//   npm run bench:fleet -- --services 500 --streams 50 --minutes 12
//
// Controller, engine, API, streams, connections and browser are real; time, replicas and requests are simulated, and of the
// journal there is only how far it is. Clients are in a process of their own.
import { fork } from "node:child_process";
import { parseArgs } from "node:util";
import { deskOf, type Desk } from "../src/api/desk.ts";
import { openDoor } from "../src/api/server.ts";
import { buildDashboard, HAS_CHROMIUM, openBrowser, openPage, scriptMsOf } from "../test/e2e/browser.ts";
import { testKeeper } from "../test/support/keeper.ts";
import type { Received, ToClients } from "./fleet/messages.ts";
import { EVERY_MS, LOOK_MS, World } from "./fleet/world.ts";

const { values } = parseArgs({
  options: {
    services: { type: "string", default: "5000" },
    streams: { type: "string", default: "200" },
    minutes: { type: "string", default: "60" },
  },
});
const services = Number(values.services);
const streams = Number(values.streams);
const minutes = Number(values.minutes);
/** Streams of one service, as a page of the dashboard has one. */
const ofOne = Math.min(services, Math.round(streams / 5));
const SAMPLES = 12;

const mb = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MB`;
const world = new World(services);
await world.prepare();
let desk: Desk | undefined;
const controller = await world.open((event) => desk?.feed.told(event));
desk = deskOf(controller, world.clock);
const { feed } = desk;
const door = await openDoor(desk, testKeeper(), { browser: true });
// As much is kept of what happened as ever will be.
for (let version = 1; version <= 200_000; version += 1) {
  const text = "10% of the requests go to the canary, the others to stable, and so they do by what the router reports";
  const record = { atMs: world.clock.now(), version, rollout: 1, kind: "step", text } as const;
  feed.told({ kind: "decided", service: "svc-before", records: [record] });
}
// Each has been looked at before anybody looks on.
await world.clock.advance(LOOK_MS);
const versions = (): number[] => world.names.map((name) => controller.get(name).state.version);

const clients = fork(new URL("fleet/clients.ts", import.meta.url), { execArgv: [] });
const ask = <T>(message: ToClients): Promise<T> =>
  new Promise((resolve) => {
    clients.once("message", (answer) => resolve(answer as T));
    clients.send(message);
  });
await ask({ kind: "begin", url: door.url, token: door.token, ofAll: streams - ofOne, ofOne, versions: versions() });
console.log(
  `${services} services, ${streams} streams (${ofOne} of one service each), a look every ${LOOK_MS / 1_000} s`,
);

interface Sample {
  readonly minute: number;
  readonly heap: number;
  readonly rss: number;
}

const samples: Sample[] = [];
console.log("minute  under way  rollouts     heap       rss  read by all, per s  CPU of the controller");
async function sample(minute: number, before: { readonly bytes: number; readonly at: number; readonly cpuMs: number }) {
  globalThis.gc?.();
  const { heapUsed: heap, rss } = process.memoryUsage();
  samples.push({ minute, heap, rss });
  const now = { at: performance.now(), cpuMs: cpuMs(), bytes: (await ask<Received>({ kind: "look" })).bytes };
  const seconds = (now.at - before.at) / 1_000;
  const underWay = controller.list().filter(({ state }) => state.rollout && state.rollout.phase !== "ended").length;
  const cells = [
    minute.toFixed(0).padStart(6),
    String(underWay).padStart(11),
    String(world.begun).padStart(10),
    mb(heap).padStart(9),
    mb(rss).padStart(10),
    mb((now.bytes - before.bytes) / seconds).padStart(20),
    ((now.cpuMs - before.cpuMs) / 1_000 / seconds).toFixed(2).padStart(23),
  ];
  console.log(cells.join(""));
  return now;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

const began = performance.now();
let last = { bytes: 0, at: began, cpuMs: cpuMs() };
// Until each service has had a rollout in this controller.
await world.pass(controller, EVERY_MS);
last = await sample(0, last);
for (let at = 1; at <= SAMPLES; at += 1) {
  await world.pass(controller, (minutes * 60_000) / SAMPLES);
  last = await sample((minutes * at) / SAMPLES, last);
}

/** Least squares, in MB an hour. */
function slopeOf(of: (one: Sample) => number): number {
  const meanX = samples.reduce((sum, { minute }) => sum + minute, 0) / samples.length;
  const meanY = samples.reduce((sum, one) => sum + of(one), 0) / samples.length;
  const up = samples.reduce((sum, one) => sum + (one.minute - meanX) * (of(one) - meanY), 0);
  const down = samples.reduce((sum, { minute }) => sum + (minute - meanX) ** 2, 0);
  return (60 * up) / down;
}

for (const [name, of] of [
  ["heap", ({ heap }: Sample) => heap],
  ["rss", ({ rss }: Sample) => rss],
] as const) {
  const [first, final] = [samples[0], samples.at(-1)].map((one) => (one ? of(one) : NaN)) as [number, number];
  const slope = slopeOf(of);
  console.log(
    `${name}: ${mb(first)} at first, ${mb(final)} at last (× ${(final / first).toFixed(3)}), slope ${slope < 0 ? "−" : "+"}${mb(Math.abs(slope))} an hour`,
  );
}

/** A page is opened while everything goes on. */
async function lookOn(): Promise<void> {
  buildDashboard();
  const browser = await openBrowser();
  const { page } = await openPage(browser, "about:blank");
  const seen = new AbortController();
  const going = (async () => {
    while (!seen.signal.aborted) await world.pass(controller, 1_000);
  })();
  try {
    const scriptMs = await scriptMsOf(page);
    await page.goto(door.url);
    await page.waitForSelector(".fleet-body .fleet-row");
    console.log(`Chromium: ${await scriptMs()} ms of script to the first view`);
    await page.waitForSelector(`.fleet-table[aria-rowcount="${services + 1}"]`);
    console.log(`Chromium: ${await scriptMs()} ms of script until all are listed`);
  } finally {
    seen.abort();
    await going;
    await browser.close();
  }
}

if (HAS_CHROMIUM)
  await lookOn().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });

const received = await ask<Received>({ kind: "end", versions: versions() });
const { records, states, lost, doubled, disordered, resets, cuts, behind } = received;
console.log(
  `${received.clients} clients: ${records} decisions and ${states} states read, ${cuts} connections cut; ` +
    `${lost} lost, ${doubled} doubled, ${disordered} out of order, ${resets} resets, ${behind} behind in the end`,
);
console.log(`${world.looks} looks, ${world.begun} rollouts in ${((performance.now() - began) / 1_000).toFixed(0)} s`);
feed.close();
await door.close(() => controller.stop());
if (lost + doubled + disordered + resets + behind > 0) process.exitCode = 1;
