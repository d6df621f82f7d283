// What may a person do now, and what will it do to the traffic?
import type { RolloutView, ServiceView } from "../../api/contract.ts";
import { shareOf } from "../../core/split.ts";
import { percent, WHOLE } from "../../core/units.ts";
import type { Target, Verb } from "./verb.ts";

export function targetOf({ service, version, rollout, pools }: ServiceView): Target {
  const number = rollout && rollout.phase !== "ended" ? rollout.number : undefined;
  return { name: service, version, number, replicas: pools.find(({ role }) => role === "stable")?.wanted };
}

/** All that can be asked of a service, those that make sense now first. */
export function verbsOf(view: ServiceView): readonly Verb[] {
  const { rollout } = view;
  const busy = rollout && rollout.phase !== "ended" ? rollout : undefined;
  if (busy)
    return [
      // What waits at a gate is answered there.
      ...(busy.gate ? [] : [promote(view, busy)]),
      ...(busy.paused ? [resume(busy)] : [pause(view)]),
      abort(view, busy),
      full(view, busy),
    ];
  return [
    ...(rollout && rollout.outcome !== "promoted" ? [retry(rollout)] : []),
    undo(view),
    // In a cluster the number of pods is the workload's own, and its own tools and autoscalers change it.
    ...(isOfCluster(view) ? [leave(view)] : [scale(view), remove(view)]),
  ];
}

const isOfCluster = ({ namespace }: ServiceView): boolean => namespace !== undefined;

const canaryShare = ({ wanted }: ServiceView): string => percent(shareOf(wanted, "canary"));

export const stays = (view: ServiceView): string => {
  const share = shareOf(view.wanted, "canary");
  if (share === 0) return "Users go on being answered by stable alone.";
  return share === WHOLE
    ? "The candidate goes on answering all requests."
    : `The canary goes on getting ${percent(share)} of the requests, and stable the rest.`;
};

/** Steps that a person may pass. */
const WAITING = new Set(["time", "evidence", "person", "hook"]);

function promote(view: ServiceView, { steps, cursor, waiting, paused, phase, number }: RolloutView): Verb {
  const next = steps[cursor + 1];
  const waits = waiting !== undefined && WAITING.has(waiting.for);
  return {
    kind: "promote",
    label: "Go on",
    does: [
      `Step ${cursor + 1} of ${steps.length} counts as passed, whatever the evidence says of it so far.`,
      next ? `Then: ${next}.` : `Then ${view.service}/${number} comes to its end.`,
      "A candidate that is shown to be worse later is still taken back.",
    ],
    not:
      phase === "back"
        ? "it goes back"
        : paused
          ? "it is paused"
          : waits
            ? undefined
            : "the step under way waits for nothing that a person could pass",
  };
}

function full(view: ServiceView, { phase, paused, candidate, gate }: RolloutView): Verb {
  return {
    kind: "promote",
    full: true,
    label: "Promote at once",
    does: [
      `The canary goes from ${canaryShare(view)} to 100% of the requests as soon as enough replicas are ready; all waits and judgements that are left are passed over.`,
      `Then ${candidate} is stable.`,
      "Evidence goes on being counted: a candidate that is shown to be worse on the way is still taken back.",
    ],
    not:
      phase === "back"
        ? "it goes back"
        : paused
          ? "it is paused"
          : gate?.needed === undefined
            ? undefined
            : "it waits at a gate that others open, and nobody passes that alone",
    isGrave: true,
  };
}

function pause(view: ServiceView): Verb {
  return {
    kind: "pause",
    label: "Pause",
    does: [
      stays(view),
      "No step begins until somebody resumes it. A candidate that is shown to be worse is still taken back.",
    ],
    not: view.rollout?.phase === "back" ? "it goes back, which nothing stops" : undefined,
  };
}

function resume({ cursor, steps, paused }: RolloutView): Verb {
  return {
    kind: "resume",
    label: "Resume",
    does: [
      `It goes on with step ${cursor + 1} of ${steps.length}: ${steps[cursor] ?? "the end"}.`,
      ...(paused ? [`It was paused by ${paused.by}${paused.reason ? `: ${paused.reason}` : ""}.`] : []),
    ],
  };
}

export function abort(view: ServiceView, { candidate, phase }: RolloutView): Verb {
  const { stable, queued } = view;
  return {
    kind: "abort",
    label: "Abort",
    does: [
      stable
        ? `The canary goes from ${canaryShare(view)} to 0% of the requests within 30 s; ${stable}, which is stable, answers all of them.`
        : "There is no stable version to go back to: nobody will answer.",
      `${candidate} is drained and ended.`,
      ...(queued ? [`${queued.revision}, which waits, does not start.`] : []),
    ],
    not:
      phase === "back"
        ? "it goes back already"
        : stable === candidate
          ? "it is promoted already: undo it once it has ended"
          : undefined,
    isGrave: true,
  };
}

function retry({ candidate, steps }: RolloutView): Verb {
  return {
    kind: "retry",
    label: "Retry",
    does: [
      `${candidate} is rolled out once more, from the first step: ${steps[0] ?? "none"}.`,
      "Users go on being answered by stable until a step says otherwise.",
    ],
  };
}

function undo(view: ServiceView): Verb {
  const earlier = view.history.find(({ outcome, candidate }) => outcome === "promoted" && candidate !== view.stable);
  return undoTo(view, earlier && { number: earlier.number, candidate: earlier.candidate });
}

/** Goes back to a revision that was stable before. */
export function undoTo(
  view: ServiceView,
  to: { readonly number: number; readonly candidate: string } | undefined,
): Verb {
  const busy = view.rollout && view.rollout.phase !== "ended";
  return {
    kind: "undo",
    ...(to ? { to: to.candidate } : {}),
    label: "Undo",
    does: to
      ? [
          `${to.candidate}, of rollout ${to.number}, is brought back directly, with no comparison on the way.`,
          `${view.stable ?? "What is stable"} answers until enough of its replicas are ready; then all requests go to it.`,
        ]
      : [],
    not: busy ? "a rollout is under way: abort it instead" : to ? undefined : "no earlier revision is kept",
    isGrave: true,
  };
}

function scale({ pools }: ServiceView): Verb {
  const wanted = pools.find(({ role }) => role === "stable")?.wanted;
  return {
    kind: "scale",
    label: "Scale",
    does: [
      `Stable has ${wanted ?? "no"} replicas now. Shares of the requests stay as they are.`,
      "It holds until a rollout file says another number.",
    ],
  };
}

function remove({ service, pools }: ServiceView): Verb {
  const all = pools.reduce((sum, { wanted }) => sum + wanted, 0);
  return {
    kind: "remove",
    label: "Take down",
    does: [
      `Nobody answers requests to ${service} any more: its address is closed and its ${all} replicas are ended.`,
      "What is known of it, its history and its evidence, is forgotten.",
    ],
    isGrave: true,
  };
}

function leave({ service, stable }: ServiceView): Verb {
  return {
    kind: "remove",
    label: "Take down",
    does: [
      `The Rollout ${service} is deleted. What it looks after goes on serving as it is, with ${stable ?? "what runs"}, and its next template rolls out natively.`,
      "What is known of it, its history and its evidence, is forgotten.",
    ],
    isGrave: true,
  };
}
