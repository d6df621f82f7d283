// A proxy as people write it with the usual library: nine of ten requests to stable, connections kept.
import { Agent, createServer } from "node:http";
import { createProxyServer } from "http-proxy-3";
import { CANARY_PORT, PROXY_PORT, STABLE_PORT } from "./peers.ts";

const proxy = createProxyServer({ agent: new Agent({ keepAlive: true, maxSockets: 512 }), xfwd: true });
proxy.on("error", () => undefined);
const server = createServer((request, answer) => {
  const port = Math.random() < 0.1 ? CANARY_PORT : STABLE_PORT;
  proxy.web(request, answer, { target: `http://127.0.0.1:${port}` });
});
server.listen({ port: PROXY_PORT, host: "127.0.0.1", backlog: 4_096 });
