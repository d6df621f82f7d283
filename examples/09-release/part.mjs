// What does one service of the shop answer?
import { createServer } from "node:http";

const { PORT, VERSION = "1", FAIL = "0" } = process.env;
let count = 0;
const server = createServer((request, response) => {
  count += 1;
  // Failures are spread evenly: 0.3 is three of ten.
  const isFailed = Math.floor(count * Number(FAIL)) > Math.floor((count - 1) * Number(FAIL));
  response.statusCode = isFailed ? 500 : 200;
  response.setHeader("x-version", VERSION);
  response.end(`version ${VERSION}: ${request.url}\n`);
});
server.listen(Number(PORT), "127.0.0.1");
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
