// What may a person do with a release or a façade now, and what will it do to the traffic?
import type { GroupView, MemberView } from "../../api/contract.ts";
import type { Target, Verb } from "./verb.ts";

export function groupTarget({ group, version, number, phase }: GroupView): Target {
  return { name: group, version, number: phase === "ended" ? undefined : number };
}

/** All that can be asked of a group, those that make sense now first. */
export function groupVerbs(view: GroupView): readonly Verb[] {
  return view.group.startsWith("facade/") ? facadeVerbs(view) : releaseVerbs(view);
}

function releaseVerbs(view: GroupView): readonly Verb[] {
  const { phase, outcome, paused } = view;
  if (phase === "ended")
    return [...(outcome === "promoted" ? [undoAll(view)] : [retryRelease(view)]), removeRelease(view)];
  if (phase === "held") return [retryRelease(view), abortRelease(view), removeRelease(view)];
  return [goOn(view), paused ? resume(view) : pause(view), abortRelease(view), removeRelease(view)];
}

const named = (members: readonly MemberView[]): string => members.map(({ name }) => name).join(", ");

/** Members whose candidates may get requests now. */
const busyIn = ({ members }: GroupView): readonly MemberView[] =>
  members.filter(({ at }) => at === "under-way" || at === "gate" || at === "starting");

function staysAt(view: GroupView): string {
  const busy = busyIn(view);
  if (busy.length === 0) return "No member is under way: users are answered as they are now.";
  return `Users go on being answered as they are now: ${busy.map(({ name, text }) => `${name} ${text}`).join("; ")}.`;
}

const goesBack = ({ phase }: GroupView): string | undefined => (phase === "back" ? "it goes back" : undefined);

function goOn(view: GroupView): Verb {
  const { bakesSinceMs, paused } = view;
  const waiting = view.members.filter(({ at }) => at === "waiting");
  return {
    kind: "promote",
    label: "Go on",
    does: [
      "What was promoted in this wave is watched no longer.",
      waiting.length > 0
        ? `Then the next wave begins; ${named(waiting)} ${waiting.length === 1 ? "waits" : "wait"}.`
        : "It was the last wave: the release ends.",
    ],
    not:
      goesBack(view) ??
      (paused
        ? "it is paused"
        : bakesSinceMs === undefined
          ? "it waits for its members; what they wait for is passed one by one"
          : undefined),
  };
}

function pause(view: GroupView): Verb {
  return {
    kind: "pause",
    label: "Pause",
    does: [
      staysAt(view),
      "No member begins, and none under way comes further, until somebody resumes it. What is shown to be worse is still taken back.",
    ],
    not: goesBack(view),
  };
}

function resume({ paused }: GroupView): Verb {
  return {
    kind: "resume",
    label: "Resume",
    does: [
      "Its members go on where they are.",
      ...(paused ? [`It was paused by ${paused.by}${paused.reason ? `: ${paused.reason}` : ""}.`] : []),
    ],
  };
}

function abortRelease(view: GroupView): Verb {
  const promoted = view.members.filter(({ at }) => at === "promoted");
  const busy = busyIn(view);
  return {
    kind: "abort",
    label: "Abort",
    does: [
      busy.length > 0
        ? `${named(busy)}: the canary goes to 0% of the requests within 30 s, and stable answers all of them.`
        : "No candidate gets requests now.",
      ...(promoted.length > 0
        ? [
            `${named(promoted)}, promoted already, ${promoted.length === 1 ? "goes" : "go"} back to what was stable before.`,
          ]
        : []),
      "Those that wait do not start.",
    ],
    not: view.phase === "back" ? "it goes back already" : undefined,
    isGrave: true,
  };
}

function undoAll({ members, group }: GroupView): Verb {
  return {
    kind: "undo",
    label: "Undo",
    does: [
      `All of ${group} goes back: ${named(members)} are brought back to what was stable before, with no comparison on the way.`,
      "What is stable now answers until enough replicas of the earlier version are ready.",
    ],
    isGrave: true,
  };
}

function retryRelease({ members }: GroupView): Verb {
  const again = members.filter(({ at }) => at !== "promoted" && at !== "under-way" && at !== "gate");
  return {
    kind: "retry",
    label: "Retry",
    does: [
      `${named(again)} begin anew, wave after wave, from the first step.`,
      "Users go on being answered by stable until a step says otherwise.",
    ],
  };
}

function removeRelease({ members }: GroupView): Verb {
  return {
    kind: "remove",
    label: "Forget",
    does: [
      `Nothing changes for users: ${named(members)} go on by themselves, those under way, too.`,
      "Nobody looks after them together any more, and the history of the release is forgotten.",
    ],
    isGrave: true,
  };
}

function facadeVerbs(view: GroupView): readonly Verb[] {
  const { paused, stuck } = view;
  return [
    ...(stuck === undefined ? [] : [retryRoute(stuck), skip(stuck)]),
    paused ? resume(view) : pauseFacade(view),
    abortRoute(view),
    removeFacade(view),
  ];
}

function pauseFacade(view: GroupView): Verb {
  return { ...pause(view), not: view.phase === "ended" ? "all routes have moved" : goesBack(view) };
}

function retryRoute(route: string): Verb {
  return {
    kind: "retry",
    label: "Retry",
    does: [
      `${route} is tried once more, from the first step.`,
      "Its requests go on going to legacy until a step says otherwise.",
    ],
  };
}

function skip(route: string): Verb {
  return {
    kind: "promote",
    label: "Leave it with legacy",
    does: [`Requests of ${route} go on going to legacy.`, "The line goes on with the next route."],
  };
}

function abortRoute(view: GroupView): Verb {
  const busy = busyIn(view);
  return {
    kind: "abort",
    label: "Abort",
    does: [
      `All requests of ${named(busy)} go to legacy again within 30 s, and the line stops there.`,
      "Routes that have moved stay with their new services.",
    ],
    not: busy.length === 0 ? "no route is under way" : undefined,
    isGrave: true,
  };
}

function removeFacade({ address, members }: GroupView): Verb {
  return {
    kind: "remove",
    label: "Take down",
    does: [
      `Nobody answers requests to ${address ?? "its address"} any more, those for legacy included.`,
      `${named(members)} are ended, and what is known of them is forgotten. Legacy itself goes on.`,
    ],
    isGrave: true,
  };
}
