// A service whose answers take as long as it is told: at once at /s, 5 ms at /slow.
import { createServer } from "node:http";

const SLOW_MS = 5;
const body = JSON.stringify({
  items: Array.from({ length: 10 }, (_, id) => ({ id, name: `item ${id}`, price: id * 3 })),
});

for (const port of process.argv.slice(2).map(Number)) {
  const server = createServer((asked, answer) => {
    answer.setHeader("content-type", "application/json");
    if (asked.url === "/slow") setTimeout(() => answer.end(body), SLOW_MS);
    else answer.end(body);
  });
  server.listen({ port, host: "127.0.0.1", backlog: 4_096 });
}
