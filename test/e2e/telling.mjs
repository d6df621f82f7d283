// What does the service of the tests answer that tells of itself, and of what may it suffer?
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const { VERSION = "v1", PORT, FAIL = "0", HITS = "0.95", PAGE = "200", EATS_MIB = "0" } = process.env;
const { LIVES_MS, SOUND, SERIN_REPLICA = "" } = process.env;
// Filled, or the system would not count it.
const eaten = Buffer.alloc(Number(EATS_MIB) * 1_048_576, 1);
let count = 0;
let hits = 0;

/** Whether the event of this number happens, when so large a share of all shall: evenly spread. */
const happens = (number, share) => Math.floor(number * share) > Math.floor((number - 1) * share);

/** Of the replicas that name the same file, the one that comes first is sound, also when it is started again. */
function isSound(file) {
  try {
    writeFileSync(file, SERIN_REPLICA, { flag: "wx" });
    return true;
  } catch {
    return readFileSync(file, "utf8") === SERIN_REPLICA;
  }
}

const page = () => `# TYPE cache_gets_total counter
cache_gets_total ${count}
# TYPE cache_hits_total counter
cache_hits_total ${hits}
# TYPE eaten_bytes gauge
eaten_bytes ${eaten.length}
`;

const server = createServer((request, response) => {
  response.setHeader("x-version", VERSION);
  if (request.url === "/healthz") return response.end();
  if (request.url === "/metrics") {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.statusCode = Number(PAGE);
    return response.end(page());
  }
  count += 1;
  if (happens(count, Number(HITS))) hits += 1;
  response.statusCode = happens(count, Number(FAIL)) ? 500 : 200;
  return response.end(VERSION);
});
server.keepAliveTimeout = 60_000;
server.listen(Number(PORT), "127.0.0.1", () => {
  if (!LIVES_MS || (SOUND && isSound(SOUND))) return;
  setTimeout(() => {
    console.log("nothing left to live for");
    process.exit(1);
  }, Number(LIVES_MS));
});
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
