// What does a scenario say?
import { inOwnWords } from "./phrases.ts";
import type { Event, Expectation, Expected, Happening, Scenario, Verb, When } from "./scenario.ts";
import { readTraits } from "./traits.ts";
import { ScenarioError, Words } from "./words.ts";

export { ScenarioError } from "./words.ts";

const VERBS: readonly Verb[] = ["promote", "pause", "resume", "abort", "retry", "undo"];
const ROLES = ["stable", "canary", "baseline"];
const OUTCOMES = ["promoted", "rolled-back", "stopped", "concluded", "none"];
const VERDICTS = ["worse", "no-worse", "undecided", "none"];
const WAITS = ["replicas", "router", "time", "evidence", "person"];
const GONE = ["metrics", "router", "controller"] as const;
const WHO = ["canary", "stable", "everything"] as const;
const UNTIMED = ["load", "revision", ...WHO, "outage", ...GONE] as const;
const FIRST = ["at", "expect", "rollout", ...UNTIMED] as const;
const ANY_TIME = [...UNTIMED, "apply", "crash", ...VERBS] as const;

/** Trouble that is said without a time begins so long after the beginning. */
const SOON_MS = 60_000;

/**
 * Reads a scenario: the rollout file and a line of `---`, or a line `rollout FILE`, or neither; then one line each for
 * what happens and what is expected. Throws a ScenarioError for the first line that cannot be read.
 */
export function readScenario(text: string): Scenario {
  const rows = text.split("\n");
  const cut = rows.findIndex((row) => row.trimEnd() === "---");
  const lines = rows.slice(cut + 1).map((row, index) => ({ row, line: cut + 2 + index }));
  const read = readRows(lines, cut < 0);
  return cut < 0 ? read : { ...read, spec: rows.slice(0, cut).join("\n") };
}

/** Reads a scenario of lines only, apart by `;` or new lines. */
export function readLines(text: string): Scenario {
  return readRows(
    text.split(/;|\n/u).map((row, index) => ({ row, line: index + 1 })),
    false,
  );
}

/** Reads rows, each of which is one line of a scenario. */
export function readRows(rows: readonly { readonly row: string; readonly line: number }[], mayName: boolean): Scenario {
  const events: Event[] = [];
  const expectations: Expected[] = [];
  let file: Scenario["file"];
  for (const { row, line } of rows) {
    const text = inOwnWords(row);
    if (text === "") continue;
    const words = new Words(text, line);
    if (mayName && /^(?:apiVersion|kind|metadata|spec):/u.test(text)) {
      throw new ScenarioError(line, "no line of ---", "the rollout file, ---, then the scenario");
    }
    if (words.maybe("rollout")) {
      const isFirst = mayName && file === undefined && events.length + expectations.length === 0;
      if (!isFirst) throw new ScenarioError(line, '"rollout"', "rollout FILE once, before every other line");
      file = { path: words.word("the path of a rollout file"), line };
      words.end();
    } else if (words.maybe("expect")) expectations.push({ ...expected(words), line, text });
    else readEvent(words, { line, text }, { events, expectations });
  }
  return { file, events, expectations };
}

function readEvent(
  words: Words,
  placed: { readonly line: number; readonly text: string },
  into: { readonly events: Event[]; readonly expectations: Expected[] },
): void {
  if (!words.maybe("at")) {
    if (isVerb(words.peek())) throw words.wrong(`"${words.peek()}"`, `a time before it, as in: at 30s ${words.peek()}`);
    const word = words.one(FIRST);
    if (word === "at" || word === "expect" || word === "rollout")
      throw words.wrong("a line out of its place", "rollout FILE once, before every other line");
    const what = happening(words, word);
    const isTrouble = what.kind === "gone" || what.kind === "outage";
    into.events.push({ ...what, ...placed, atMs: isTrouble ? SOON_MS : 0, timed: isTrouble });
    return;
  }
  const atMs = words.duration();
  if (words.maybe("expect")) {
    into.expectations.push({ ...placed, when: { kind: "at", atMs }, what: toTheEnd(words) });
  } else into.events.push({ ...happening(words, words.one(ANY_TIME)), ...placed, atMs, timed: true });
}

function isVerb(word: string | undefined): boolean {
  return VERBS.some((verb) => verb === word) || word === "apply" || word === "crash";
}

function happening(words: Words, word: (typeof ANY_TIME)[number]): Happening {
  const what = happeningOf(words, word);
  words.end();
  return what;
}

function happeningOf(words: Words, word: (typeof ANY_TIME)[number]): Happening {
  const revision = "a revision, such as v2";
  if (word === "load") return load(words);
  if (word === "apply") return { kind: "apply", name: words.word(revision) };
  if (word === "outage") return outage(words);
  if (word === "crash") {
    words.form("at 30s crash canary 1");
    return { kind: "crash", role: words.one(ROLES), count: words.number("a number of replicas") };
  }
  if (word === "revision") return { kind: "traits", of: words.word(revision), traits: readTraits(words) };
  if (word === "canary" || word === "stable" || word === "everything") {
    return { kind: "traits", of: word, traits: readTraits(words) };
  }
  if (word === "metrics" || word === "router" || word === "controller") {
    words.form(`at 30s ${word} gone for 5m`);
    words.one(["gone"]);
    words.one(["for"]);
    return { kind: "gone", what: word, forMs: words.duration() };
  }
  return { kind: "command", verb: word, full: words.maybe("full") };
}

function load(words: Words): Happening {
  words.form("load 200/s");
  if (!words.maybe("daily")) {
    const perSecond = words.rate();
    return { kind: "load", load: { low: perSecond, high: perSecond } };
  }
  words.form("load daily 20/s to 200/s");
  const low = words.rate();
  words.one(["to"]);
  return { kind: "load", load: { low, high: words.rate() } };
}

function outage(words: Words): Happening {
  words.form("outage of everything for 1m errors 30%");
  words.one(["of"]);
  const of = words.word("everything, canary or stable");
  words.one(["for"]);
  const forMs = words.duration();
  words.one(["errors"]);
  return { kind: "outage", of, forMs, errors: words.percent() / 100 };
}

/** After `expect`. */
function expected(words: Words): { readonly when: When; readonly what: Expectation } {
  if (words.maybe("at")) return { when: { kind: "at", atMs: words.duration() }, what: toTheEnd(words) };
  if (words.maybe("end")) return { when: { kind: "end" }, what: toTheEnd(words) };
  if (words.maybe("never")) return { when: { kind: "never" }, what: toTheEnd(words) };
  const what = expectation(words, ["outcome", "verdict", "harm", "lost", "stable", "says", "share"]);
  if (what.kind === "harm" || what.kind === "lost") {
    words.end();
    return { when: { kind: "end" }, what };
  }
  words.form(`expect ${what.kind} … within 30m, expect at 30m ${what.kind} …, or expect end ${what.kind} …`);
  words.one(["within"]);
  const atMs = words.duration();
  words.end();
  return { when: { kind: "within", atMs }, what };
}

function toTheEnd(words: Words): Expectation {
  const what = expectation(words, [
    "share",
    "outcome",
    "verdict",
    "waiting",
    "stable",
    "says",
    "refused",
    "lost",
    "harm",
  ]);
  words.end();
  return what;
}

function expectation(words: Words, kinds: readonly Expectation["kind"][]): Expectation {
  return EXPECTATIONS[words.one(kinds)](words);
}

const EXPECTATIONS: { readonly [K in Expectation["kind"]]: (words: Words) => Expectation } = {
  share: (words) => {
    const [role, percent] = [words.one(ROLES), words.percent()];
    // After a share, `within` gives a percentage or, in an expectation without a moment, a time.
    const isPercent = words.peekAfter("within")?.endsWith("%") ?? false;
    return { kind: "share", role, percent, within: isPercent && words.maybe("within") ? words.percent() : 0 };
  },
  outcome: (words) => ({ kind: "outcome", outcome: words.one(OUTCOMES) }),
  verdict: (words) => ({ kind: "verdict", verdict: words.one(VERDICTS) }),
  waiting: (words) => ({ kind: "waiting", on: words.one(WAITS) }),
  stable: (words) => ({ kind: "stable", revision: words.word("a revision, such as v2") }),
  lost: (words) => ({ kind: "lost", atMost: words.number("a number of requests") }),
  harm: (words) => {
    words.form("expect harm at most 50");
    words.one(["at"]);
    words.one(["most"]);
    return { kind: "harm", atMost: words.number("a number of requests") };
  },
  says: (words) => ({ kind: "says", text: words.word("a text in quotes") }),
  refused: (words) => ({ kind: "refused", text: words.word("a text in quotes") }),
};
