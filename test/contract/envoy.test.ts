// Does a real Envoy, told over either form of the protocol, pass as a router?
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { createEnvoyHub } from "../../src/adapters/envoy/hub.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { EnvoySchema } from "../../src/core/spec/envoy.ts";
import { routerContract, type RouterPlace } from "../../src/ports/router.contract.ts";
import { connected, NO_ENVOY, startEnvoy } from "../envoy/place.ts";
import { Backends, Client, freePort } from "../proxy/parts.ts";

const call = () => ({ signal: AbortSignal.timeout(20_000) });

async function place(protocol: "delta" | "state", sticky: RouterPlace["sticky"]): Promise<RouterPlace> {
  const dir = mkdtempSync(join(tmpdir(), "serin-envoy-"));
  const [port, xds] = [await freePort(), await freePort()];
  const hub = createEnvoyHub({ dir: join(dir, "services"), clock: systemClock() });
  const spec = EnvoySchema.parse({ listen: port, xds: `127.0.0.1:${xds}`, drain: "200ms" });
  const asked = { service: "shop", front: "shop", spec, origin: dir };
  const view = await hub.router(asked);
  const envoy = await startEnvoy({ dir, control: { host: "127.0.0.1", port: xds }, protocol });
  await connected(envoy);
  const backends = new Backends();
  const client = new Client(port);
  return {
    ...view,
    sticky,
    dealing: "random",
    again: () => view.router,
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
    ask: async ({ method = "GET", path = "/", headers = {} }) => (await client.send({ method, path, headers })).text,
    post: async (count) => {
      const answers: string[] = [];
      for (let sent = 0; sent < count; sent += 1) answers.push((await client.post("/", "a body")).text);
      return answers;
    },
    dispose: async () => {
      await view.router.remove(call());
      client.close();
      backends.close();
      await envoy.end();
      await hub.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

describe.skipIf(NO_ENVOY)("a real Envoy", () => {
  routerContract({ name: "Envoy by delta", make: () => place("delta", { kind: "cookie", name: "user" }) });
  routerContract({
    name: "Envoy by state of the world",
    make: () => place("state", { kind: "header", name: "x-user" }),
  });
});
