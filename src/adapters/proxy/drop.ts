// How is one section taken from a proxy that serves others too?
import { existsSync } from "node:fs";
import { join } from "node:path";
import { inquire } from "../../proxy/control-client.ts";
import { withLock } from "../../proxy/lock.ts";
import { checkRoute } from "../../proxy/route-check.ts";
import { routesOf } from "../../proxy/served.ts";
import type { Settings } from "../../proxy/settings.ts";
import { LOCK_FILE, readRoutes, stageRoutes } from "../../proxy/store.ts";
import { refused, silent } from "./troubles.ts";

const START_MS = 10_000;

/** The proxy and its other routes stay. Where none runs, the section is taken from what the next one would serve. */
export async function dropSection(section: string, settings: Settings, signal: AbortSignal): Promise<void> {
  const { dir } = settings;
  if (!existsSync(dir)) return;
  // Nobody starts in the meantime with the routes as they are now.
  await withLock(join(dir, LOCK_FILE), START_MS, async () => {
    const asked = await inquire(dir, { method: "DELETE", path: `/route/${encodeURIComponent(section)}`, signal });
    if (asked.kind === "silent") throw silent(settings, asked.why);
    if (asked.kind === "none") forgetSection(section, dir);
    else if (asked.answer.status !== 200) throw refused(settings, asked.answer);
  });
}

function forgetSection(section: string, dir: string): void {
  const routes = readRoutes(dir).flatMap((kept) => {
    const checked = checkRoute(kept);
    return checked.ok ? [checked.route] : [];
  });
  const others = routes.filter((route) => route.section?.name !== section);
  if (others.length < routes.length) stageRoutes(dir, routesOf(others)).commit();
}
