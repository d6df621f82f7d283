// What does the version that runs now tell of the traffic that a rollout would have?
import type { Traffic } from "../core/plan/forecast-chances.ts";
import { lookInto, type Where } from "./home.ts";
import { planFile } from "./rollout-file.ts";

/** Fewer requests of stable than this say too little of how it usually fails. */
const FEWEST = 1_000;

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
    const { usual, pools } = (await link?.get(name).catch(() => undefined)) ?? {};
    if (usual === undefined || usual.requests < FEWEST || usual.perSecond <= 0) return undefined;
    const stable = pools?.find(({ role }) => role === "stable");
    return {
      source: "measured",
      perSecond: usual.perSecond,
      // None so far is not none: half a failure stands for what was not seen yet.
      errors: Math.max(usual.errors, 0.5 / usual.requests),
      latency: usual.latency,
      phi: usual.phi,
      tau: usual.tau,
      known: usual.requests,
      ...(stable ? { replicas: stable.wanted } : {}),
    };
  } finally {
    await link?.close();
  }
}
