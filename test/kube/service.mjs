// What do the pods of the tests answer, and what may ail them?
import { createServer } from "node:http";

const { POD_IP = "127.0.0.1", POD_NAME = "", PORT = "8080", IMAGE = "" } = process.env;
const { VERSION = IMAGE.split(":").at(-1) || "v1", FAIL = "0", DELAY = "0", NOT_READY, CRASH } = process.env;

/** In seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const below = BUCKETS.map(() => 0);
const answered = new Map();
/** When those that wait for their answer came. */
const open = new Set();
let count = 0;
let sum = 0;
let ends = false;

function counted(status, seconds) {
  answered.set(status, (answered.get(status) ?? 0) + 1);
  sum += seconds;
  BUCKETS.forEach((bound, at) => {
    if (seconds <= bound) below[at] += 1;
  });
}

function page() {
  const requests = [...answered].map(([status, number]) => `http_requests_total{status="${status}"} ${number}`);
  const all = [...answered.values()].reduce((total, number) => total + number, 0);
  const buckets = BUCKETS.map((bound, at) => `http_request_duration_seconds_bucket{le="${bound}"} ${below[at]}`);
  return [
    "# TYPE http_requests_total counter",
    ...requests,
    "# TYPE http_request_duration_seconds histogram",
    ...buckets,
    `http_request_duration_seconds_bucket{le="+Inf"} ${all}`,
    `http_request_duration_seconds_sum ${sum}`,
    `http_request_duration_seconds_count ${all}`,
    "# TYPE oldest_request_seconds gauge",
    `oldest_request_seconds ${open.size === 0 ? 0 : (performance.now() - Math.min(...open)) / 1000}`,
    "",
  ].join("\n");
}

const server = createServer((request, response) => {
  response.setHeader("x-version", VERSION);
  response.setHeader("x-pod", POD_NAME);
  if (ends) response.setHeader("connection", "close");
  if (request.url === "/healthz") {
    response.statusCode = NOT_READY ? 503 : 200;
    return response.end();
  }
  if (request.url === "/metrics") {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    return response.end(page());
  }
  count += 1;
  // Failures are spread evenly, so that a test knows how many there are.
  const fails = Math.floor(count * Number(FAIL)) > Math.floor((count - 1) * Number(FAIL));
  const from = performance.now();
  open.add(from);
  const answer = () => {
    response.statusCode = fails ? 500 : 200;
    open.delete(from);
    counted(response.statusCode, (performance.now() - from) / 1000);
    response.end(`${VERSION} ${POD_NAME}\n`);
  };
  return Number(DELAY) > 0 ? setTimeout(answer, Number(DELAY)) : answer();
});
server.keepAliveTimeout = 60_000;
if (CRASH) {
  console.error("cannot go on");
  process.exit(1);
}
server.listen(Number(PORT), POD_IP, () => console.log(`${VERSION} listens on ${POD_IP}:${PORT}`));
process.on("SIGTERM", () => {
  ends = true;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
