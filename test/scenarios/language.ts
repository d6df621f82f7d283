// What does a scenario say?
import { readDuration } from "../../src/core/spec/durations.ts";

/** A mistake in a scenario, with its place, what was found and what would be right. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
  readonly line: number;

  constructor(line: number, found: string, right: string) {
    super(`line ${line}: found ${found}; right would be ${right}`);
    this.line = line;
  }
}

/** How a revision behaves, from some moment on. What is not named stays as it was. */
export interface Traits {
  readonly errors?: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly ready?: number | "never";
  readonly crashes?: number;
}

export type Verb = "promote" | "pause" | "resume" | "abort" | "retry" | "undo";

/** One line of a scenario. */
export type Line =
  | { readonly kind: "load"; readonly atMs: number; readonly perSecond: number }
  | { readonly kind: "revision"; readonly atMs: number; readonly name: string; readonly traits: Traits }
  | { readonly kind: "apply"; readonly atMs: number; readonly name: string }
  | {
      readonly kind: "gone";
      readonly atMs: number;
      readonly what: "metrics" | "router" | "controller";
      readonly forMs: number;
    }
  | { readonly kind: "crash"; readonly atMs: number; readonly role: string; readonly count: number }
  | { readonly kind: "command"; readonly atMs: number; readonly verb: Verb; readonly full: boolean }
  | { readonly kind: "expect"; readonly atMs: number; readonly what: Expectation };

export type Expectation =
  | { readonly kind: "share"; readonly role: string; readonly percent: number; readonly within: number }
  | { readonly kind: "outcome"; readonly outcome: string }
  | { readonly kind: "verdict"; readonly verdict: string }
  | { readonly kind: "waiting"; readonly on: string }
  | { readonly kind: "stable"; readonly revision: string }
  | { readonly kind: "says"; readonly text: string }
  | { readonly kind: "refused"; readonly text: string }
  | { readonly kind: "lost"; readonly atMost: number };

export interface Scenario {
  /** The rollout file. */
  readonly spec: string;
  readonly lines: readonly (Line & { readonly line: number })[];
}

const VERBS: readonly Verb[] = ["promote", "pause", "resume", "abort", "retry", "undo"];
const ROLES = ["stable", "canary", "baseline"];
const OUTCOMES = ["promoted", "rolled-back", "stopped", "none"];
const VERDICTS = ["worse", "no-worse", "undecided", "none"];
const WAITS = ["replicas", "router", "time", "evidence", "person"];

/** Reads a scenario: the rollout file, a line of `---`, then one line each for what happens and what is expected. */
export function readScenario(text: string): Scenario {
  const rows = text.split("\n");
  const cut = rows.indexOf("---");
  if (cut < 0) throw new ScenarioError(rows.length, "no line of ---", "the rollout file, ---, then the scenario");
  const lines = rows.slice(cut + 1).flatMap((row, index) => {
    const words = wordsOf(row.replace(/(^|\s)#.*$/u, ""));
    const line = cut + 2 + index;
    return words.length === 0 ? [] : [{ ...new Reader(words, line).read(), line }];
  });
  return { spec: rows.slice(0, cut).join("\n"), lines };
}

/** Words, where quotes hold several together. */
function wordsOf(row: string): readonly string[] {
  return [...row.matchAll(/"([^"]*)"|(\S+)/gu)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

class Reader {
  readonly #words: readonly string[];
  readonly #line: number;
  #at = 0;

  constructor(words: readonly string[], line: number) {
    this.#words = words;
    this.#line = line;
  }

  read(): Line {
    const first = this.#one(["at", "load", "revision", "expect"]);
    if (first === "load") return this.#end({ kind: "load", atMs: 0, perSecond: this.#rate() });
    if (first === "revision") return this.#revision(0);
    if (first === "expect") {
      this.#one(["at"]);
      const atMs = this.#duration();
      return this.#end({ kind: "expect", atMs, what: this.#expectation() });
    }
    return this.#event(this.#duration());
  }

  #event(atMs: number): Line {
    const word = this.#one([
      "load",
      "revision",
      "apply",
      "metrics",
      "router",
      "controller",
      "crash",
      "expect",
      ...VERBS,
    ]);
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the rest are the verbs
    switch (word) {
      case "load":
        return this.#end({ kind: "load", atMs, perSecond: this.#rate() });
      case "revision":
        return this.#revision(atMs);
      case "apply":
        return this.#end({ kind: "apply", atMs, name: this.#word("a revision, such as v2") });
      case "crash":
        return this.#end({ kind: "crash", atMs, role: this.#one(ROLES), count: this.#number("a number of replicas") });
      case "expect":
        return this.#end({ kind: "expect", atMs, what: this.#expectation() });
      case "metrics":
      case "router":
      case "controller":
        this.#one(["gone"]);
        this.#one(["for"]);
        return this.#end({ kind: "gone", atMs, what: word, forMs: this.#duration() });
      default: {
        const full = this.#maybe("full");
        return this.#end({ kind: "command", atMs, verb: word, full });
      }
    }
  }

  #revision(atMs: number): Line {
    const name = this.#word("a revision, such as v2");
    const traits: Traits = {};
    while (this.#at < this.#words.length) Object.assign(traits, this.#trait());
    return { kind: "revision", atMs, name, traits };
  }

  #trait(): Traits {
    const word = this.#one(["good", "errors", "p50", "p99", "ready", "crashes"]);
    if (word === "good") return { errors: 0.001, p50Ms: 20, p99Ms: 120 };
    if (word === "errors") return { errors: this.#percent() / 100 };
    if (word === "p50") return { p50Ms: this.#duration() };
    if (word === "p99") return { p99Ms: this.#duration() };
    if (word === "crashes") {
      this.#one(["after"]);
      return { crashes: this.#duration() };
    }
    if (this.#one(["after", "never"]) === "never") return { ready: "never" };
    return { ready: this.#duration() };
  }

  #expectation(): Expectation {
    const word = this.#one(["share", "outcome", "verdict", "waiting", "stable", "says", "refused", "lost"]);
    if (word === "share") {
      const [role, percent] = [this.#one(ROLES), this.#percent()];
      const within = this.#maybe("within") ? this.#percent() : 0;
      return { kind: "share", role, percent, within };
    }
    if (word === "outcome") return { kind: "outcome", outcome: this.#one(OUTCOMES) };
    if (word === "verdict") return { kind: "verdict", verdict: this.#one(VERDICTS) };
    if (word === "waiting") return { kind: "waiting", on: this.#one(WAITS) };
    if (word === "stable") return { kind: "stable", revision: this.#word("a revision, such as v2") };
    if (word === "lost") return { kind: "lost", atMost: this.#number("a number of requests") };
    return { kind: word === "says" ? "says" : "refused", text: this.#word("a text in quotes") };
  }

  #word(right: string): string {
    const word = this.#words[this.#at];
    if (word === undefined) throw new ScenarioError(this.#line, "the end of the line", right);
    this.#at += 1;
    return word;
  }

  #one<W extends string>(allowed: readonly W[]): W {
    const right = allowed.length === 1 ? `${allowed[0]}` : `one of ${allowed.join(", ")}`;
    const word = this.#word(right);
    const found = allowed.find((one) => one === word);
    if (found === undefined) throw new ScenarioError(this.#line, `"${word}"`, right);
    return found;
  }

  #maybe(word: string): boolean {
    if (this.#words[this.#at] !== word) return false;
    this.#at += 1;
    return true;
  }

  #duration(): number {
    const word = this.#word("a duration, such as 30s");
    const read = readDuration(word);
    if (read.ok) return read.value;
    throw new ScenarioError(this.#line, `"${word}"`, "a duration, such as 30s or 2m");
  }

  #percent(): number {
    const word = this.#word("a percentage, such as 3%");
    const value = /^(\d+(?:\.\d+)?)%$/u.exec(word)?.[1];
    if (value === undefined || Number(value) > 100)
      throw new ScenarioError(this.#line, `"${word}"`, "a percentage, such as 3%");
    return Number(value);
  }

  #rate(): number {
    const word = this.#word("a rate, such as 20/s");
    const value = /^(\d+(?:\.\d+)?)\/s$/u.exec(word)?.[1];
    if (value === undefined) throw new ScenarioError(this.#line, `"${word}"`, "a rate, such as 20/s");
    return Number(value);
  }

  #number(right: string): number {
    const word = this.#word(right);
    if (!/^\d+$/u.test(word)) throw new ScenarioError(this.#line, `"${word}"`, right);
    return Number(word);
  }

  #end(line: Line): Line {
    const rest = this.#words.slice(this.#at).join(" ");
    if (rest) throw new ScenarioError(this.#line, `"${rest}" at the end`, "the end of the line");
    return line;
  }
}
