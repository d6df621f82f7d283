// When do all Envoys of the fleet that tests are of hold what was set?
import { SerinError } from "../../src/core/issues.ts";
import type { Discovery } from "../../src/adapters/envoy/xds/discovery.ts";
import type { ConnectedEnvoy } from "../../src/adapters/envoy/xds/node.ts";
import type { ResourceVersion } from "../../src/adapters/envoy/xds/types.ts";

const FLEET = "edge";
/** What no event tells: that in state-of-the-world a name is gone. */
const LOOK_EVERY_MS = 10;

interface Standing {
  readonly holding: readonly ConnectedEnvoy[];
  readonly waiting: readonly ConnectedEnvoy[];
  readonly refusing: readonly { readonly envoy: ConnectedEnvoy; readonly why: string }[];
}

type Found = "holds" | "waits" | { readonly type: string; readonly name: string; readonly why: string };

function standingOf(envoy: ConnectedEnvoy, wanted: readonly ResourceVersion[]): Found {
  let found: Found = "holds";
  for (const { type, name, version } of wanted) {
    if (envoy.held(type, name) === version) continue;
    found = "waits";
    const refusal = envoy.refusal(type, name);
    if (refusal && refusal.version === version) return { type, name, why: refusal.why };
  }
  return found;
}

/** Where the connected Envoys are. */
export function standing(discovery: Discovery, wanted: readonly ResourceVersion[]): Standing {
  const all = discovery.envoys(FLEET).map((envoy) => ({ envoy, found: standingOf(envoy, wanted) }));
  return {
    holding: all.flatMap(({ envoy, found }) => (found === "holds" ? [envoy] : [])),
    waiting: all.flatMap(({ envoy, found }) => (found === "waits" ? [envoy] : [])),
    refusing: all.flatMap(({ envoy, found }) => (typeof found === "object" ? [{ envoy, why: found.why }] : [])),
  };
}

/**
 * Waits until every connected Envoy has held all of it, and at least one is connected. Fails with Envoy's words as soon as
 * one refuses, and with the signal's reason.
 */
export async function acknowledged(
  discovery: Discovery,
  wanted: readonly ResourceVersion[],
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const held = new WeakSet<ConnectedEnvoy>();
  const look = (envoy: ConnectedEnvoy): void => {
    if (envoy.node.fleet !== FLEET || held.has(envoy)) return;
    const found = standingOf(envoy, wanted);
    if (found === "holds") held.add(envoy);
    else if (found !== "waits") reject(refused(envoy, found));
  };
  const end = (): void => {
    const all = discovery.envoys(FLEET);
    if (all.length > 0 && all.every((envoy) => held.has(envoy))) resolve();
  };
  const spoke = (envoy: ConnectedEnvoy): void => {
    look(envoy);
    if (held.has(envoy)) end();
  };
  const lookAtAll = (): void => {
    for (const envoy of discovery.envoys(FLEET)) look(envoy);
    end();
  };
  const stop = (): void => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const unlisten = discovery.listen({ acknowledged: spoke, rejected: spoke });
  const timer = setInterval(lookAtAll, LOOK_EVERY_MS);
  lookAtAll();
  try {
    await promise;
  } finally {
    clearInterval(timer);
    unlisten();
    signal.removeEventListener("abort", stop);
  }
}

function refused({ node }: ConnectedEnvoy, { type, name, why }: Exclude<Found, string>): SerinError {
  return new SerinError({
    code: "SERIN_ROUTE_REFUSED",
    what: `Envoy ${node.id} does not take the ${type} "${name}".`,
    found: why,
    now: "What it took last stays in force there.",
  });
}
