// How is a pod doing?
import { ms, type Ms } from "../../core/units.ts";
import type { Replica } from "../../core/world.ts";
import type { KnownPod, KnownSet } from "./keep.ts";

/** Reasons that no waiting helps against. */
const HOPELESS: ReadonlySet<string> = new Set(["InvalidImageName", "ErrImageNeverPull"]);

/** Whoever makes pods, as far as it matters for how they are doing. */
type MakesPods = Pick<KnownSet, "metadata" | "replicas" | "minReadySeconds" | "failure">;

/** A pod as a replica; nothing for one that has ended and is only kept to be looked at. */
function replicaOf(
  pod: KnownPod,
  set: MakesPods,
  at: { readonly port: number; readonly nowMs: Ms },
): Replica | undefined {
  const { metadata, phase, ip, ready, sinceMs, restarts, why, reason } = pod;
  if (phase === "Succeeded" || phase === "Failed") return undefined;
  const base = { id: metadata.name, host: ip ?? "", port: at.port, restarts };
  if (metadata.deletionTimestamp !== undefined) return { ...base, state: "draining" };
  const availableMs = (sinceMs ?? at.nowMs) + set.minReadySeconds * 1_000;
  if (ready && ip !== undefined) {
    if (availableMs <= at.nowMs) return { ...base, state: "ready", readySinceMs: ms(sinceMs ?? at.nowMs) };
    return { ...base, state: "starting", why: `ready for less than ${set.minReadySeconds} s` };
  }
  const isHopeless = reason !== undefined && HOPELESS.has(reason);
  return {
    ...base,
    state: reason === undefined ? "starting" : "failing",
    ...(why === undefined ? {} : { why }),
    ...(isHopeless && { hopeless: true }),
  };
}

/** The replicas of whoever makes pods. One that cannot make its pods says so in the place of those that are missing. */
export function replicasOf(
  set: MakesPods,
  pods: Iterable<KnownPod>,
  at: { readonly port: number; readonly nowMs: Ms },
): readonly Replica[] {
  const replicas = [...pods].flatMap((pod) => replicaOf(pod, set, at) ?? []);
  if (set.failure === undefined || replicas.length >= set.replicas) return replicas;
  const missing: Replica = {
    id: `${set.metadata.name}-missing`,
    host: "",
    port: at.port,
    restarts: 0,
    state: "failing",
    why: set.failure,
  };
  return [...replicas, missing];
}
