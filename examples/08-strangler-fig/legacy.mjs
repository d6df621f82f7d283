// What does the old shop answer? Everything, from one program that nobody dares to change.
import { createServer } from "node:http";

const port = Number(process.env.LEGACY_PORT ?? 9000);
createServer((request, response) => {
  response.setHeader("x-answered-by", "legacy");
  response.end(`legacy: ${request.url}\n`);
}).listen(port, "127.0.0.1", () => console.log(`the old shop listens on ${port}`));
