// Who answers the users of the shop, second by second, and how many of them get nothing?
//
// node load.mjs ADDRESS [PER_SECOND [SECONDS [REQUEST ...]]]
//
// A REQUEST is a path, or a method and a path: "POST /orders?product=*"; `*` is a number from 0 to 19. One is as frequent as the other.
// Ends after ten minutes, or when it is asked to (Ctrl-C, kill), and then says how many it were in all.
import { Agent, request } from "node:http";

const [address = "", perSecond = "200", seconds = "600", ...asked] = process.argv.slice(2);
const requests = (asked.length > 0 ? asked : ["/", "/api/price?item=*"]).map((one) => {
  const [, method = "GET", path = ""] = /^(?:([A-Z]+) )?(.*)$/u.exec(one) ?? [];
  return { method, path };
});
// A Service of a cluster shares out connections: with KEEP_ALIVE=no each request has one of its own.
const agent = new Agent({ keepAlive: process.env.KEEP_ALIVE !== "no", maxSockets: 256 });

/** Answers by version, as `{ ok, failed }`; "nobody" for requests that no version answered. */
const total = new Map();
let lately = new Map();

function count(version, isFailed) {
  for (const seen of [total, lately]) {
    const counts = seen.get(version) ?? { ok: 0, failed: 0 };
    counts[isFailed ? "failed" : "ok"] += 1;
    seen.set(version, counts);
  }
}

function shown(seen) {
  const parts = [...seen]
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(([version, { ok, failed }]) => {
      const some = failed > 0 && version !== "nobody" ? ` (${failed} failed)` : "";
      return `${version} ${ok + failed}${some}`;
    });
  return parts.join("  ") || "nothing";
}

let open = 0;

function ask({ method, path }) {
  open += 1;
  const end = (version, isFailed) => {
    open -= 1;
    count(version, isFailed);
  };
  const url = `${address}${path.replace("*", () => String(Math.floor(chance() * 20)))}`;
  const asking = request(url, { method, agent, timeout: 10_000 }, (answer) => {
    const version = answer.headers["x-version"] ?? "nobody";
    answer.resume();
    answer.once("error", () => end("nobody", true));
    answer.once("end", () => end(version, version === "nobody" || (answer.statusCode ?? 500) >= 500));
  });
  asking.once("timeout", () => asking.destroy());
  asking.once("error", () => end("nobody", true));
  asking.end();
}

/** Dice that fall the same each time (mulberry32). */
function dice(seed) {
  let at = seed;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const chance = dice(7);
const started = performance.now();
let sent = 0;
let second = 0;
let isAsked = false;
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => (isAsked = true));

const timer = setInterval(() => {
  const elapsed = Math.min((performance.now() - started) / 1_000, Number(seconds));
  const isEnding = isAsked || elapsed === Number(seconds);
  const due = isAsked ? sent : elapsed * Number(perSecond);
  for (; sent < due; sent += 1) ask(requests[Math.floor(chance() * requests.length)]);
  if (Math.floor(elapsed) > second) {
    second = Math.floor(elapsed);
    console.log(`${String(second).padStart(3)} s  ${shown(lately)}`);
    lately = new Map();
  }
  if (!isEnding || open > 0) return;
  clearInterval(timer);
  agent.destroy();
  const lost = [...total.values()].reduce((sum, { failed }) => sum + failed, 0);
  console.log(`in all ${shown(total)}: ${lost === 0 ? "no request failed" : `${lost} of ${sent} requests failed`}`);
}, 10);
