// What does the service of the tests answer?
import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

const { VERSION = "v1", FAIL = "0", READY = "1", PORT, SLOW_MS = "0", COUNTS, SETTINGS } = process.env;
let count = 0;
let failed = 0;
// What it was started with, until it is started again.
const settings = SETTINGS ? readFileSync(SETTINGS, "utf8").trim() : "";
const server = createServer((request, response) => {
  response.setHeader("x-version", VERSION);
  if (request.url === "/healthz") {
    response.statusCode = READY === "1" ? 200 : 503;
    response.end();
    return;
  }
  count += 1;
  // Failures are spread evenly, so that a test knows how many there are.
  response.statusCode = Math.floor(count * Number(FAIL)) > Math.floor((count - 1) * Number(FAIL)) ? 500 : 200;
  if (response.statusCode >= 500) failed += 1;
  if (SETTINGS) response.setHeader("x-settings", settings);
  setTimeout(() => response.end(VERSION), Number(SLOW_MS));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(PORT), "127.0.0.1", () => console.log(`${VERSION} listens on ${PORT}`));
process.on("SIGTERM", () => {
  server.close(() => {
    if (COUNTS) appendFileSync(COUNTS, `${VERSION} ${count} ${failed}\n`);
    process.exit(0);
  });
  server.closeIdleConnections();
});
