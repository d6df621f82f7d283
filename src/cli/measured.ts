// What does the version that runs now tell of the traffic that a rollout would have?
import type { Traffic } from "../core/plan/forecast-chances.ts";
import { trafficOf } from "../api/planning.ts";
import { lookInto, type Where } from "./home.ts";
import { planFile } from "./rollout-file.ts";

/**
 * The traffic of the service that a file names, as measured on its stable version; nothing when it does not run here, or
 * has not run for long enough.
 */
export async function measuredTraffic(file: string, where: Where): Promise<Traffic | undefined> {
  const planned = await planFile(file);
  if (!planned.ok) return undefined;
  const { name: own, namespace } = planned.rollout.metadata;
  const name = where.cluster && namespace !== undefined ? `${own}.${namespace}` : own;
  const link = await lookInto(where).catch(() => undefined);
  try {
    // A service that nobody knows is no failure: then there is nothing measured.
    const view = await link?.get(name).catch(() => undefined);
    return view && trafficOf(view);
  } finally {
    await link?.close();
  }
}
