// What does the service of the tests answer?
import { createServer } from "node:http";

const { VERSION = "v1", FAIL = "0", READY = "1", PORT, SLOW_MS = "0" } = process.env;
let count = 0;
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
  setTimeout(() => response.end(VERSION), Number(SLOW_MS));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(PORT), "127.0.0.1", () => console.log(`${VERSION} listens on ${PORT}`));
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
