// What can be asked of a running proxy, and by whom?
import { createHash, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Comparison } from "../core/comparison.ts";
import type { Counters } from "../core/evidence.ts";
import { messageOf } from "../core/issues.ts";
import { EPOCH_HEADER, type ProxyState } from "./control-client.ts";
import { checkRoute } from "./route-check.ts";
import { EVERYBODY, type Change } from "./served.ts";

/** How callers know whom they talk to, and the other way round. */
export interface Identity {
  readonly epoch: string;
  readonly token: string;
}

/** What the control API does its work with. */
export interface Controlled {
  /** Every worker follows the change and it is kept for the next start; or nothing has changed and it rejects. */
  change(change: Change): Promise<void>;
  /** Resolves when no change is under way; those that come now wait until it stops, or for a moment. */
  hold(): Promise<void>;
  state(): Promise<ProxyState>;
  counters(): Promise<Counters>;
  /** Of a section, or of everybody else; `undefined` while no answers are compared there. */
  comparison(section: string): Promise<Comparison | undefined>;
  metrics(): Promise<string>;
  /** Begins to drain; the process ends when that is done. */
  stop(): void;
  draining(): boolean;
}

export interface ControlServer {
  readonly url: string;
  close(): void;
}

const LARGEST_ROUTE = 8 * 1024 * 1024;

/** Listens on a loopback port that the system chooses. */
export async function startControl(proxy: Controlled, who: Identity): Promise<ControlServer> {
  const server = createAdaptorServer({ fetch: controlApi(proxy, who).fetch });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    // A controller keeps its connection; that is no reason to live on.
    if ("closeIdleConnections" in server) server.closeIdleConnections();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

/**
 * PUT /route, DELETE /route/SECTION, GET /state, GET /counters, GET /comparison and /comparison/SECTION, POST /hold, POST /stop with
 * the token; GET /metrics without, as Prometheus reads it.
 */
function controlApi(proxy: Controlled, who: Identity): Hono {
  const api = new Hono();
  api.use(async (c, next) => {
    c.header(EPOCH_HEADER, who.epoch);
    // A browser that was led here by another site's name names that site.
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(c.req.header("host") ?? "")) return c.json(no("unknown host"), 421);
    if (c.req.path !== "/metrics" && !sameSecret(c.req.header("authorization"), `Bearer ${who.token}`)) {
      return c.json(no("the token of control.json is needed"), 401);
    }
    return next();
  });
  api.get("/state", async (c) => c.json(await proxy.state()));
  api.get("/counters", async (c) => c.json(await proxy.counters()));
  api.get("/comparison/:section?", async (c) => {
    const comparison = await proxy.comparison(c.req.param("section") ?? EVERYBODY);
    return comparison ? c.json(comparison) : c.json(no("no answers are compared"), 404);
  });
  api.get("/metrics", async (c) =>
    c.text(await proxy.metrics(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  );
  api.post("/hold", async (c) => {
    await proxy.hold();
    return c.json({ ok: true });
  });
  api.post("/stop", (c) => {
    proxy.stop();
    return c.json({ ok: true }, 202);
  });
  api.put("/route", bodyLimit({ maxSize: LARGEST_ROUTE }), async (c) => {
    const checked = checkRoute(await c.req.json().catch(() => undefined));
    if (!checked.ok) return c.json({ ok: false, why: checked.why }, 422);
    await proxy.change({ op: "route", route: checked.route });
    return c.json({ ok: true });
  });
  api.delete("/route/:section", async (c) => {
    await proxy.change({ op: "drop", section: c.req.param("section") });
    return c.json({ ok: true });
  });
  // Whoever asks again finds its successor.
  api.onError((error, c) => c.json(no(messageOf(error)), proxy.draining() ? 409 : 500));
  return api;
}

function no(why: string): { readonly ok: false; readonly why: readonly string[] } {
  return { ok: false, why: [why] };
}

/** Compares in a time that tells nothing about how much was right. */
function sameSecret(given: string | undefined, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given ?? ""), digest(wanted));
}
