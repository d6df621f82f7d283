// How is a simulated controller asked to roll a revision out?
import { ENVOY_ABILITIES } from "../adapters/envoy/abilities.ts";
import { PROCESS_ABILITIES } from "../adapters/process/abilities.ts";
import { PROXY_ABILITIES } from "../adapters/proxy/abilities.ts";
import type { ApplyCommand } from "../core/engine/input.ts";
import { parseRollout } from "../core/spec/parse.ts";
import type { Rollout } from "../core/spec/rollout.ts";

/** Reads a rollout file that must be right. Throws an Error that names what is not. */
export function rolloutOf(text: string): Rollout {
  const parsed = parseRollout(text);
  if (parsed.ok) return parsed.rollout;
  throw new Error(parsed.issues.map(({ path, message }) => `${path}: ${message}`).join("; "));
}

/** Who asks, and for which revision. */
export interface Asked {
  readonly id: string;
  readonly revision: string;
  readonly actor?: string;
}

/** The command that applies a file with a revision of this name. Nothing of the file's workload is ever run. */
export function applyOf(spec: Rollout, { id, revision, actor = "ann" }: Asked): ApplyCommand {
  return {
    kind: "apply",
    id,
    actor,
    reason: "apply",
    spec,
    origin: "/",
    revision: { id: revision, template: {} },
    abilities: { router: spec.spec.traffic.envoy ? ENVOY_ABILITIES : PROXY_ABILITIES, workload: PROCESS_ABILITIES },
  };
}
