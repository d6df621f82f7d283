// What do open event streams cost a controller with thousands of rollouts under way?
//
//   npm run bench:streams                                   200 streams, 5 000 rollouts, 60 s
//   npm run bench:streams -- --streams 50 --rollouts 1000 --seconds 20
//
// The door, its streams and the connections are real; of the controller there is what it shows and tells. Each rollout
// decides something every 20 s, and its figures move every second. A tenth of the streams read nothing at all.
import { request, type IncomingMessage } from "node:http";
import { parseArgs } from "node:util";
import { ms } from "../src/core/units.ts";
import type { ServiceView } from "../src/api/contract.ts";
import type { Desk } from "../src/api/desk.ts";
import { Feed } from "../src/api/feed.ts";
import { openDoor } from "../src/api/server.ts";
import { testKeeper } from "../test/support/keeper.ts";
import { viewOfNothing } from "../test/support/view.ts";

const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "200" },
    rollouts: { type: "string", default: "5000" },
    seconds: { type: "string", default: "60" },
  },
});
const [streams, rollouts, seconds] = [values.streams, values.rollouts, values.seconds].map(Number) as [
  number,
  number,
  number,
];
/** A decision of each rollout so often. */
const DECIDE_S = 20;

const names = Array.from({ length: rollouts }, (_, index) => `svc-${index}`);
let version = 0;

function view(service: string): ServiceView {
  const atMs = ms(Math.floor(Date.now() / 1_000) * 1_000);
  return viewOfNothing(service, {
    version,
    nowMs: atMs,
    rollout: {
      number: 1,
      strategy: "canary",
      candidate: "0123456789",
      phase: "forward",
      steps: ["10% of the requests go to the canary", "judge", "promote"],
      cursor: 1,
      startedMs: ms(0),
      stepSinceMs: ms(0),
      waiting: { for: "evidence", text: `needs about ${1_000 - (atMs % 1_000)} more canary requests at ${atMs}` },
    },
  });
}

const feed = new Feed({ names: () => names, view, groups: async () => [] });
const places = { environmentOf: () => "default", servicesOf: (name: string) => [name] };
const door = await openDoor({ feed, places } as Partial<Desk> as Desk, testKeeper());

let bytes = 0;
const open = (reads: boolean): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${door.token}` };
    const asked = request(`${door.url}/v1/events`, { headers, agent: false }, (answer) => {
      if (reads) answer.on("data", (part: Buffer) => void (bytes += part.length));
      answer.on("error", () => undefined);
      resolve(answer);
    });
    asked.on("error", reject).end();
  });

const answers: IncomingMessage[] = [];
for (let index = 0; index < streams; index += 1) answers.push(await open(index % 10 !== 0));

let decisions = 0;
const every = setInterval(() => {
  for (let count = 0; count < rollouts / DECIDE_S / 10; count += 1) {
    version += 1;
    decisions += 1;
    const record = { atMs: ms(Date.now()), version, rollout: 1, kind: "step", text: "10% of the requests" } as const;
    feed.told({ kind: "decided", service: names[decisions % rollouts] ?? "", records: [record] });
  }
}, 100);

const mb = (value: number): string => `${(value / 1024 ** 2).toFixed(0)} MB`;
const heaps: number[] = [];
console.log(`${streams} streams (a tenth of them read nothing), ${rollouts} rollouts, ${seconds} s`);
for (let at = 0; at < 6; at += 1) {
  const before = { cpu: process.cpuUsage(), bytes };
  await new Promise((resolve) => setTimeout(resolve, (seconds * 1_000) / 6));
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const cpu = process.cpuUsage(before.cpu);
  const part = (cpu.user + cpu.system) / 1_000 / ((seconds * 1_000) / 6);
  heaps.push(heapUsed);
  const sent = (bytes - before.bytes) / (seconds / 6);
  console.log(
    `${((at + 1) * seconds) / 6} s  heap ${mb(heapUsed)}  rss ${mb(rss)}  ${mb(sent)}/s read  ${decisions} decisions  ${part.toFixed(2)} cores (both ends)`,
  );
}
const [, second = 0] = heaps;
console.log(`heap at the end ÷ at a third: ${((heaps.at(-1) ?? 0) / second).toFixed(2)}`);
clearInterval(every);
feed.close();
for (const answer of answers) answer.destroy();
await door.close(async () => undefined);
