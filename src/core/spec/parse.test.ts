import * as fc from "fast-check";
import { expect, test } from "vitest";
import { pathOf, pathText } from "./fields.ts";
import { parseRollout } from "./parse.ts";

const SHOP = `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [shop, 1.10, 0x10, true], env: { A: 1.0, B: no, 8: "8" } } }
  traffic: { proxy: { listen: 8080 } }
  strategy: { canary: { steps: [{ weight: 10% }] } }
`;

test("a program gets the text that stands in the file", () => {
  const parsed = parseRollout(SHOP);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const { command, env } = parsed.rollout.spec.workload.process ?? {};
  expect(command).toEqual(["shop", "1.10", "0x10", "true"]);
  expect(env).toEqual({ A: "1.0", B: "no", 8: "8" });
});

test("a second address is read as the first one is, and must have a port of its own", () => {
  const withPreview = (text: string) => parseRollout(SHOP.replace("listen: 8080", `listen: 8080, preview: ${text}`));
  const parsed = withPreview('"[::1]:8081"');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  expect(parsed.rollout.spec.traffic.proxy).toMatchObject({ port: 8080, preview: { host: "::1", port: 8081 } });
  const same = withPreview("127.0.0.2:8080");
  expect(same.ok ? [] : same.issues).toMatchObject([{ code: "conflict", path: "spec.traffic.proxy.preview" }]);
  const wrong = withPreview("x");
  expect(wrong.ok ? [] : wrong.issues).toMatchObject([{ path: "spec.traffic.proxy.preview" }]);
});

test("says where a path stands, and its parent when it does not", () => {
  const parsed = parseRollout(SHOP);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  expect(parsed.at("spec.strategy.canary.steps[0].weight")).toEqual({ line: 7, column: 43 });
  expect(parsed.at("spec.analysis.metrics[3]")).toEqual({ line: 4, column: 1 });
  expect(parsed.at("")).toEqual({ line: 1, column: 1 });
});

test("Windows line ends move no position", () => {
  const wrong = SHOP.replace("10%", "10");
  const [unix, windows] = [wrong, wrong.replaceAll("\n", "\r\n")].map(parseRollout);
  expect(windows).toEqual(unix);
});

test.each([
  ["deep lists", "[".repeat(20_000)],
  [
    "aliases of aliases",
    `a: &a [x, x]\n${"bcdefghijk".replaceAll(/./gu, (c) => `${c}: &${c} [*${String.fromCodePoint((c.codePointAt(0) ?? 0) - 1)}, *${String.fromCodePoint((c.codePointAt(0) ?? 0) - 1)}]\n`)}`,
  ],
  ["a prototype", SHOP.replace("spec:", "__proto__: { a: 1 }\nconstructor: 1\nspec:")],
  ["a list as a key", "? [a, b]\n: c\n"],
  ["a tag", "apiVersion: !!js/function 'x'\n"],
  ["an unknown alias", "a: *nobody\n"],
  ["far too long", "#".repeat(1_000_001)],
  ["a NUL", "a: \0"],
  ["a cycle", "&a [*a]"],
  ["a cycle in steps", SHOP.replace("[{ weight: 10% }]", "&a [*a]")],
])("refuses %s without throwing", (_name, text) => {
  const parsed = parseRollout(text);
  expect(parsed.ok ? 0 : parsed.issues.length).toBeGreaterThan(0);
});

test("never throws, and every issue has a place in the text", () => {
  const line = fc.constantFrom(...SHOP.split("\n"), "spec:", "  - a", "\t", "{", "? x", "*a", "&a b", "---", "%", "'");
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 12 }), (lines) => {
      const text = lines.join("\n");
      const parsed = parseRollout(text);
      const last = text.split(/\r\n|\r|\n/u).length;
      for (const issue of parsed.ok ? [] : parsed.issues) {
        expect(issue.line).toBeGreaterThanOrEqual(1);
        expect(issue.line).toBeLessThanOrEqual(last);
        expect(issue.column).toBeGreaterThanOrEqual(1);
        expect(issue.message).not.toBe("");
      }
    }),
    { numRuns: 500 },
  );
});

test("a path is read as it is written", () => {
  const part = fc.oneof(fc.nat(99), fc.string({ minLength: 1, maxLength: 8 }));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (path) => {
      expect(pathOf(pathText(path))).toEqual(path);
    }),
  );
});
