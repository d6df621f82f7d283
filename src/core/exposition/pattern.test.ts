// Are expressions matched as others match them, and quickly whatever they are?
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BadPattern, compilePattern, matchesPattern } from "./pattern.ts";

const matches = (pattern: string, text: string): boolean => matchesPattern(compilePattern(pattern), text);

test.each([
  ["5..", "503", true],
  ["5..", "5030", false],
  ["5..", "1503", false],
  ["", "", true],
  ["", "a", false],
  ["a|bc|", "bc", true],
  ["a|bc|", "", true],
  ["/api/(v1|v2)/.*", "/api/v2/x/y", true],
  ["/api/(?:v1|v2)/.+", "/api/v2/", false],
  ["^a$", "a", true],
  ["a\\$", "a$", true],
  ["a\\\\$", "a\\", true],
  ["a.b", "a\nb", true],
  ["a\\.b", "axb", false],
  ["[^a-c_]+", "xyz-", true],
  ["[^a-c_]+", "xb", false],
  ["[]x-]+", "]-x", true],
  ["[\\d\\-.]{2,3}", "1-.", true],
  ["[\\d\\-.]{2,3}", "1-.2", false],
  ["\\w+\\s\\S\\W\\D", "ab c- ", true],
  ["a{2}", "aa", true],
  ["a{2,}", "aaaaa", true],
  ["a{,2}", "a{,2}", true],
  ["(a*)*b", "aaab", true],
  ["(a|b)*?c+?", "ababcc", true],
  ["☕?é", "☕é", true],
  [".", "☕", true],
  [".", "𝒳", true],
])("%j and %j", (pattern, text, expected) => {
  expect(matches(pattern, text)).toBe(expected);
});

/** What matching throws; nothing when it does not. */
function refusalOf(pattern: string): unknown {
  try {
    return void matches(pattern, "ab");
  } catch (error) {
    return error;
  }
}

test.each([
  ["a(", 1, "not ended by )"],
  ["a)", 1, "no group that this ) ends"],
  ["[a", 0, "not ended by ]"],
  ["*a", 0, "nothing that * repeats"],
  ["a**", 2, "not repeated itself"],
  ["a{3,2}", 1, "from fewer to more"],
  ["a{2000}", 1, "at most 1000"],
  ["(?i)a", 1, "begins with ( or (?:"],
  ["(?=a)", 1, "begins with ( or (?:"],
  ["a\\b", 1, "a backslash comes before"],
  ["(a)\\1", 3, "a backslash comes before"],
  ["a\\", 1, "a backslash comes before"],
  ["a^b", 1, "the whole text is matched"],
  ["a$b", 1, "the whole text is matched"],
  ["[z-a]", 1, "from one character up to another"],
  ["[\\d-z]", 1, "from one character up to another"],
  ["[[:alpha:]]", 1, "instead"],
  ["[\\D]", 1, "a class holds no"],
  ["((a{1000}){1000}){1000}", 0, "too large"],
  ["((((){1000}){1000}){1000}){1000}", 0, "too large"],
  ["(".repeat(40), 32, "at most 32 deep"],
  ["a".repeat(300), 256, "at most 256"],
])("%s is refused", (pattern, at, why) => {
  expect(refusalOf(pattern)).toBeInstanceOf(BadPattern);
  expect(refusalOf(pattern)).toMatchObject({ at, message: expect.stringContaining(why) });
});

const { tree } = fc.letrec<{ tree: string; leaf: string }>((tie) => ({
  leaf: fc.constantFrom("a", "b", "c", ".", "[ab]", "[^a]", "\\.", "\\w", "[a-c]", ""),
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    tie("leaf"),
    fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => a + b),
    fc.tuple(tie("tree"), tie("tree")).map(([a, b]) => `(?:${a}|${b})`),
    fc.tuple(tie("tree"), fc.constantFrom("*", "+", "?", "{2}", "{1,3}", "*?")).map(([a, times]) => `(${a})${times}`),
  ),
}));

test("the same texts as in JavaScript", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "."), maxLength: 8 });
  fc.assert(
    fc.property(tree, fc.array(text, { minLength: 8, maxLength: 8 }), (pattern, texts) => {
      fc.pre(pattern.length <= 80);
      const theirs = new RegExp(`^(?:${pattern})$`, "su");
      const ours = compilePattern(pattern);
      for (const one of texts) expect(matchesPattern(ours, one)).toBe(theirs.test(one));
    }),
    { numRuns: 2_000, seed: 3 },
  );
});

test("whatever the text, it compiles or is refused, and nothing else happens", () => {
  const unit = fc.constantFrom(...Array.from("ab()[]{}^$|*+?\\.,-0129:é☕"));
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 20 }), (pattern) => {
      expect(refusalOf(pattern) ?? new BadPattern(0, "")).toBeInstanceOf(BadPattern);
    }),
    { numRuns: 5_000, seed: 4 },
  );
});

test("expressions that grow exponentially elsewhere take no time here", () => {
  const text = `${"a".repeat(2_000)}!`;
  for (const pattern of ["(a+)+", "(a|a)*", "(.*)*(.*)*(.*)*b", "(a?){500}a{500}", "(a*)*c"]) {
    // 2 000 states × 2 000 characters at most; backtracking would outlive the test's limit.
    expect(matches(pattern, text)).toBe(false);
  }
});
