// How is a gate that waits for a person answered, and what does that do to the traffic?
import type { RolloutView, ServiceView } from "../../api/contract.ts";
import type { Verb } from "./verb.ts";
import { abort, stays } from "./verbs.ts";

type Gate = NonNullable<RolloutView["gate"]>;

/** So many approvals are missing. */
export const missingAt = ({ needed = 1, approvals }: Gate): number => Math.max(0, needed - approvals.length);

/** Why this person's word does not count; nothing when it does. */
export function whyNotYou({ needed, approvals, startedBy }: Gate, actor: string): string | undefined {
  if (needed === undefined) return undefined;
  if (actor === startedBy) return "you have started it, and somebody else must approve it";
  return approvals.includes(actor) ? "you have approved it already, and nobody does so twice" : undefined;
}

/** Yes and no, as this person may say them. Nothing when it waits at no gate any more. */
export function gateVerbs(view: ServiceView, actor: string): readonly Verb[] {
  const { rollout } = view;
  if (!rollout?.gate) return [];
  const { gate, paused } = rollout;
  return [
    {
      kind: "promote",
      label: "Approve",
      does: approves(view, rollout, gate),
      not: paused ? "it is paused" : whyNotYou(gate, actor),
      isFirst: true,
    },
    { ...abort(view, rollout), label: "Refuse" },
  ];
}

function approves(view: ServiceView, { steps, cursor, number }: RolloutView, gate: Gate): readonly string[] {
  const { needed, approvals } = gate;
  const left = missingAt(gate) - 1;
  if (left > 0)
    return [
      `With yours it has ${approvals.length + 1} of ${needed} approvals: ${left} more ${left === 1 ? "is" : "are"} needed before anything changes.`,
      stays(view),
    ];
  const next = steps[cursor + 1]?.replace(/\.$/u, "");
  return [
    next ? `The gate opens. Then: ${next}.` : `The gate opens, and ${view.service}/${number} comes to its end.`,
    `Until then: ${stays(view)}`,
    "A candidate that is shown to be worse later is still taken back.",
  ];
}
