// What does a scenario of a release or a façade say?
import { nearest } from "../core/spec/nearest.ts";
import { readRows } from "./language.ts";
import type { Event, GroupEvent, GroupScenario } from "./scenario.ts";
import { ScenarioError } from "./words.ts";

/** `checkout: canary errors 2%`, `checkout: at 1m crash canary 1`, and `at 1m checkout: crash canary 1`. */
const OF_MEMBER = /^\s*(at\s+\S+\s+(?:\d\S*\s+)?)?([\w.-]+):\s+(.*)$/iu;

/**
 * Reads a scenario of lines only: `checkout: canary errors 2%` is about one member, a line that names none about
 * all. Lines are apart by new lines, and where it is no file by `;` too. Throws a ScenarioError for the first that cannot be read.
 */
export function readGroupLines(text: string, members: readonly string[], isFile = false): GroupScenario {
  const rows = text.split(isFile ? "\n" : /;|\n/u);
  return { events: rows.flatMap((row, index) => readRow(row, { line: index + 1, members })) };
}

interface Place {
  readonly line: number;
  readonly members: readonly string[];
}

function readRow(row: string, { line, members }: Place): readonly GroupEvent[] {
  const [, at = "", member, what] = OF_MEMBER.exec(row) ?? [];
  const rest = what === undefined ? row : at + what;
  if (member !== undefined && !members.includes(member)) throw unknownMember(member, { line, members });
  if (/^\s*rollout\b/iu.test(rest))
    throw new ScenarioError(line, '"rollout"', "what happens: its own file says what is rehearsed");
  if (/^\s*(?:at\s.*\s)?expect\b/iu.test(rest)) throw new ScenarioError(line, '"expect"', NO_EXPECTATIONS);
  const { events } = readRows([{ row: rest, line }], false);
  for (const event of events) check(event, member);
  return member === undefined
    ? events
    : events.map((event) => Object.assign({}, event, { member, text: `${member}: ${event.text}` }));
}

const NO_EXPECTATIONS = "what happens: expectations are of one rollout, as serin test checks them";

function unknownMember(name: string, { line, members }: Place): ScenarioError {
  const near = nearest(name, members);
  const right = `a member (${members.join(", ")})`;
  return new ScenarioError(line, `"${name}:"`, near === undefined ? right : `${right}; did you mean ${near}?`);
}

/** What makes sense of one rollout, and of no group or no member of one. */
function check(event: Event, member: string | undefined): void {
  const { line } = event;
  if (event.kind === "apply")
    throw new ScenarioError(line, '"apply"', "another line: all is applied at 0s, with v2 of each member");
  if (event.kind === "gone" && event.what === "controller" && member !== undefined)
    throw new ScenarioError(line, `"${member}:"`, "no member: one controller looks after all of them");
  if (event.kind === "command" && event.full && member === undefined)
    throw new ScenarioError(line, '"full"', "a member before it, as in: checkout: at 30s promote full");
}
