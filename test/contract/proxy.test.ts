// Does the built-in proxy, as the process that it is, pass as a router?
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProxyAdapter } from "../../src/adapters/proxy/index.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { PROXY_DEFAULTS, type ProxyConfig } from "../../src/proxy/config.ts";
import { routerContract, type RouterPlace } from "../../src/ports/router.contract.ts";
import { readControl } from "../../src/proxy/store.ts";
import { Backends, Client, freePort } from "../proxy/parts.ts";

const call = () => ({ signal: AbortSignal.timeout(20_000) });

async function place(config: Partial<ProxyConfig>, sticky: RouterPlace["sticky"]): Promise<RouterPlace> {
  const dir = mkdtempSync(join(tmpdir(), "serin-proxy-"));
  const port = await freePort();
  const view = () =>
    createProxyAdapter({
      name: "shop",
      dir: join(dir, "proxy"),
      clock: systemClock(),
      config: { ...PROXY_DEFAULTS, host: "127.0.0.1", port, ...config },
    });
  const router = view();
  const backends = new Backends();
  const client = new Client(port);
  return {
    router,
    metrics: router,
    sticky,
    again: view,
    pool: (name, size) => backends.pool(name, size),
    send: async (count, key) => {
      const shown =
        sticky.kind === "cookie" ? { cookie: `theme=dark; ${sticky.name}=${key}` } : { [sticky.name]: `${key}` };
      const answers: string[] = [];
      for (let sent = 0; sent < count; sent += 1) {
        answers.push((await client.get("/", key === undefined ? {} : shown)).text);
      }
      return answers;
    },
    leftOut: async (role) => {
      const metrics = await (await fetch(`${readControl(join(dir, "proxy"))?.url}/metrics`)).text();
      return Number(new RegExp(`serin_mirror_shed_total\\{role="${role}"\\} (\\d+)`, "u").exec(metrics)?.[1] ?? 0);
    },
    ask: async ({ method = "GET", path = "/", headers = {} }) => (await client.send({ method, path, headers })).text,
    post: async (count) => {
      const answers: string[] = [];
      for (let sent = 0; sent < count; sent += 1) answers.push((await client.post("/", "a body")).text);
      return answers;
    },
    dispose: async () => {
      await router.remove(call());
      client.close();
      backends.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

routerContract({ name: "the proxy", make: () => place({}, { kind: "cookie", name: "user" }) });
routerContract({
  name: "the proxy with two workers",
  make: () => place({ workers: 2 }, { kind: "header", name: "x-user" }),
});
