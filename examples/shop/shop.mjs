// What does the shop of the examples answer?
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

/**
 * What a version is comes from its environment, or from `config.json` where the rollout lists that file:
 *
 * - VERSION, COLOUR: what it says of itself
 * - FAIL: the share of requests that it answers with 500, such as 0.3
 * - LATENCY_MS: how long it thinks about each
 * - READY: "no" for one that never becomes ready
 * - STARTS_MS: how long it takes before it listens
 * - ROUNDING: "down" for one that cuts prices off instead of rounding them
 */
const { PORT, SERIN_FILES, CONFIG } = process.env;
const configured = CONFIG ? JSON.parse(readFileSync(join(SERIN_FILES ?? ".", CONFIG), "utf8")) : {};
const {
  VERSION = "v1",
  COLOUR = "blue",
  FAIL = 0,
  LATENCY_MS = 0,
  READY = "yes",
  STARTS_MS = 0,
  ROUNDING,
} = {
  ...process.env,
  ...configured,
};

const CENTS = 100;
const TAX = 1.19;
const round = ROUNDING === "down" ? Math.floor : Math.round;
const SIZES = ["small", "medium", "large"];

/** A price with what differs from answer to answer anyway: the time, an id, and the order of a list. */
function price(item) {
  const net = 4 + item * 0.25;
  return {
    item,
    net,
    gross: round(net * TAX * CENTS) / CENTS,
    sizes: SIZES.toSorted(() => Math.random() - 0.5),
    at: new Date().toISOString(),
    id: crypto.randomUUID(),
  };
}

let count = 0;

/** Failures are spread evenly: 0.3 is three of ten. */
function isUnlucky() {
  count += 1;
  return Math.floor(count * Number(FAIL)) > Math.floor((count - 1) * Number(FAIL));
}

function answer({ url = "/" }) {
  const { pathname, searchParams } = new URL(url, "http://shop");
  if (pathname === "/healthz") return { status: READY === "yes" ? 200 : 503, text: "" };
  if (isUnlucky()) return { status: 500, text: `the shop, version ${VERSION}, has lost its keys\n` };
  if (pathname === "/") return { status: 200, text: `the shop, version ${VERSION}, ${COLOUR}\n` };
  if (pathname !== "/api/price") return { status: 404, text: "there is no such thing here\n" };
  return { status: 200, type: "application/json", text: JSON.stringify(price(Number(searchParams.get("item") ?? 1))) };
}

const server = createServer((request, response) => {
  const { status, text, type = "text/plain" } = answer(request);
  response.writeHead(status, { "content-type": type, "x-version": VERSION });
  setTimeout(() => response.end(text), Number(LATENCY_MS));
});
// Whoever is in front of it gives a connection up first: a request on its way would meet the end of it.
server.keepAliveTimeout = 120_000;
const listens = () => console.log(`the shop, version ${VERSION}, listens on ${PORT}`);
setTimeout(() => server.listen(Number(PORT), "127.0.0.1", listens), Number(STARTS_MS));
process.on("SIGTERM", () => {
  if (!server.listening) process.exit(0);
  server.keepAliveTimeout = 1;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
