// Which word stands next, and what would be right in its place?
import { nearest } from "../core/spec/nearest.ts";
import { readDuration } from "../core/spec/durations.ts";
import { readBytes } from "../core/spec/sizes.ts";

/** A mistake in a scenario, with its place, what was found and what would be right. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
  readonly line: number;

  constructor(line: number, found: string, right: string) {
    super(`line ${line}: found ${found}; right would be ${right}`);
    this.line = line;
  }
}

const LONGEST_BYTES = 2 ** 50;

/** Words, where quotes hold several together. */
function wordsOf(row: string): readonly string[] {
  return [...row.matchAll(/"([^"]*)"|(\S+)/gu)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

/** Reads one line of a scenario, word by word. Whatever is not as asked throws a ScenarioError. */
export class Words {
  readonly line: number;
  readonly #words: readonly string[];
  /** The form of the line at hand, for whoever wrote another one. */
  #form = "";
  #at = 0;

  constructor(row: string, line: number) {
    this.#words = wordsOf(row);
    this.line = line;
  }

  get isOver(): boolean {
    return this.#at >= this.#words.length;
  }

  /** What the line should look like, said with every mistake from here on. */
  form(form: string): void {
    this.#form = form;
  }

  wrong(found: string, right: string): ScenarioError {
    return new ScenarioError(this.line, found, this.#form ? `${right}, as in: ${this.#form}` : right);
  }

  word(right: string): string {
    const word = this.#words[this.#at];
    if (word === undefined) throw this.wrong("the end of the line", right);
    this.#at += 1;
    return word;
  }

  one<W extends string>(allowed: readonly W[]): W {
    const right = allowed.length === 1 ? `${allowed[0]}` : `one of ${allowed.join(", ")}`;
    const word = this.word(right);
    const found = allowed.find((one) => one === word.toLowerCase());
    if (found !== undefined) return found;
    const near = nearest(word, allowed);
    throw this.wrong(
      `"${word}"`,
      near === undefined || allowed.length === 1 ? right : `${right}; did you mean ${near}?`,
    );
  }

  maybe(word: string): boolean {
    if (this.#words[this.#at]?.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  /** The next word, which stays. */
  peek(): string | undefined {
    return this.#words[this.#at];
  }

  /** The word after the next one, when the next one is `word`. */
  peekAfter(word: string): string | undefined {
    return this.peek()?.toLowerCase() === word ? this.#words[this.#at + 1] : undefined;
  }

  /** `30s`, `1m30s`, or `1m 30s`. */
  duration(): number {
    const right = "a duration, such as 30s or 2m";
    const word = this.word(right);
    const read = readDuration(word);
    if (!read.ok) throw this.wrong(`"${word}"`, right);
    const both = readDuration(`${word} ${this.peek() ?? ""}`);
    if (this.isOver || !both.ok) return read.value;
    this.#at += 1;
    return both.value;
  }

  percent(): number {
    const right = "a percentage, such as 3%";
    const word = this.word(right);
    const value = /^(\d+(?:\.\d+)?)%$/u.exec(word)?.[1];
    if (value === undefined || Number(value) > 100) throw this.wrong(`"${word}"`, right);
    return Number(value);
  }

  rate(): number {
    const right = "a rate, such as 20/s";
    const word = this.word(right);
    const value = /^(\d+(?:\.\d+)?)\/s$/u.exec(word)?.[1];
    if (value === undefined) throw this.wrong(`"${word}"`, right);
    return Number(value);
  }

  /** `x1.4`. */
  factor(): number {
    const right = "a factor above 0, such as x1.4";
    const word = this.word(right);
    const value = Number(/^x(\d+(?:\.\d+)?)$/u.exec(word)?.[1]);
    if (!(value > 0)) throw this.wrong(`"${word}"`, right);
    return value;
  }

  /** A whole number. */
  number(right: string): number {
    const word = this.word(right);
    if (!/^\d+$/u.test(word)) throw this.wrong(`"${word}"`, right);
    return Number(word);
  }

  decimal(right: string): number {
    const word = this.word(right);
    if (!/^\d+(?:\.\d+)?$/u.test(word)) throw this.wrong(`"${word}"`, right);
    return Number(word);
  }

  bytes(word = this.word("a size, such as 200MB")): number {
    const read = readBytes(word, { atLeast: 0, atMost: LONGEST_BYTES });
    if (!read.ok) throw this.wrong(`"${word}"`, "a size, such as 200MB");
    return read.value;
  }

  /** Nothing may follow. */
  end(): void {
    const rest = this.#words.slice(this.#at).join(" ");
    if (rest) throw this.wrong(`"${rest}" at the end`, "the end of the line");
  }
}
