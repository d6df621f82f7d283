// Which of what happens do a cluster's Events tell?
import { randomUUID } from "node:crypto";
import type { KubeClient } from "../adapters/kubernetes/client/client.ts";
import { RESOURCES, type RolloutObject } from "../adapters/kubernetes/client/objects.ts";
import type { DecisionRecord } from "../core/engine/state.ts";

const REASONS: Readonly<Partial<Record<DecisionRecord["kind"], string>>> = {
  started: "Started",
  verdict: "Verdict",
  back: "RollingBack",
  ended: "Ended",
  command: "Command",
  queued: "Queued",
};

const MOST = 1_024;

/** Tells of decisions that people wait for; what each step did is in the Rollout's own log. An event that is lost is lost. */
export async function tellOf(
  client: KubeClient,
  object: RolloutObject,
  records: readonly DecisionRecord[],
): Promise<void> {
  const { name, namespace = "default", uid, resourceVersion } = object.metadata;
  // Whoever has a release taken back is named as the reason for that.
  const isBack = records.some(({ kind }) => kind === "back");
  for (const { kind, text, outcome, atMs } of records) {
    if (kind === "command" && isBack) continue;
    const reason = REASONS[kind];
    if (reason === undefined) continue;
    const isBad = kind === "back" || (kind === "ended" && outcome !== "promoted" && outcome !== "concluded");
    const at = new Date(atMs).toISOString();
    const event = {
      metadata: { namespace, name: `${name}.${randomUUID().slice(0, 13)}` },
      involvedObject: { apiVersion: "serin.dev/v1", kind: "Rollout", name, namespace, uid, resourceVersion },
      type: isBad ? "Warning" : "Normal",
      reason,
      message: text.length > MOST ? `${text.slice(0, MOST - 1)}…` : text,
      source: { component: "serin" },
      reportingComponent: "serin.dev/controller",
      reportingInstance: "serin",
      action: reason,
      firstTimestamp: at.replace(/\.\d+Z$/u, "Z"),
      lastTimestamp: at.replace(/\.\d+Z$/u, "Z"),
      count: 1,
    };
    await client.create(RESOURCES.events, event, { signal: AbortSignal.timeout(5_000) });
  }
}
