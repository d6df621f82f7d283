// What is the world outside told, and what does it answer?
import { createServer } from "node:http";

const port = 18111;
let isOpen = false;

/** What comes in at an address, and the status that answers it. */
const ANSWERS = {
  "/gate": (payload) => {
    if (isOpen) console.log(`gate: open, for ${payload.name} at ${payload.share ?? "0%"}`);
    return isOpen ? 200 : 403;
  },
  "/open": () => {
    isOpen = true;
    return 200;
  },
  "/pulse": ({ share, step }) => {
    console.log(`pulse: at ${share}, step ${step}`);
    return 200;
  },
  // Flagger's own fields; a receiver that was written for it needs no more.
  "/flagger": ({ name, namespace, phase, checksum, metadata }) => {
    console.log(`flagger: ${JSON.stringify({ name, namespace, phase, checksum, metadata })}`);
    return 200;
  },
  "/slack": ({ text }) => {
    console.log(`slack: ${text}`);
    return 200;
  },
};

const server = createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  const answer = ANSWERS[request.url];
  response.writeHead(answer?.(body === "" ? {} : JSON.parse(body)) ?? 404).end();
});
server.listen(port, "127.0.0.1", () => console.log(`told at port ${port}`));
