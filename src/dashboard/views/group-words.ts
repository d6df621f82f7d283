// In which words and shapes is a group told?
import type { GroupView, MemberView } from "../../api/contract.ts";
import { releaseSign, type Sign } from "../data/words.ts";

export const isFacade = ({ group }: Pick<GroupView, "group">): boolean => group.startsWith("facade/");

/** `facade/shop` as an address has it. */
export function placeOf(group: string): { readonly kind: string; readonly name: string } {
  const [kind = "", ...rest] = group.split("/");
  return { kind, name: rest.join("/") };
}

export function groupSign(view: GroupView): Sign {
  const { members, paused, outcome, phase } = view;
  if (paused) return { word: "paused", icon: "pause", tone: "held" };
  if (isFacade(view)) {
    const moved = members.filter(({ at }) => at === "promoted").length;
    const isDone = moved === members.length;
    return {
      word: `${moved} of ${members.length} routes moved`,
      icon: isDone ? "check" : "play",
      tone: isDone ? "good" : "way",
    };
  }
  if (phase === "held") return { word: "held", icon: "pause", tone: "held" };
  return releaseSign({ phase, outcome, isPaused: false });
}

export const MEMBER: Readonly<Record<MemberView["at"], Sign>> = {
  waiting: { word: "waits", icon: "clock", tone: "none" },
  starting: { word: "starting", icon: "play", tone: "way" },
  "under-way": { word: "under way", icon: "play", tone: "way" },
  gate: { word: "at its gate", icon: "person", tone: "held" },
  promoted: { word: "promoted", icon: "check", tone: "good" },
  "going-back": { word: "going back", icon: "back", tone: "back" },
  "rolled-back": { word: "rolled back", icon: "back", tone: "back" },
  stopped: { word: "stopped", icon: "stop", tone: "held" },
  undone: { word: "undone", icon: "back", tone: "held" },
  refused: { word: "refused", icon: "warn", tone: "back" },
};
