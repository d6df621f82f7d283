// Does each role include what it should, and no more, there and nowhere else?
import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { parseAccess, ROLES, type AccessFile, type AccessRole } from "./file.ts";
import { approvalsFor, fits, may, principalOf, type Identity } from "./may.ts";

function fileOf(rest: string): AccessFile {
  const read = parseAccess(`tokens: [{ actor: ci, sha256: ${"a".repeat(64)} }]\n${rest}`);
  if (!read.ok) throw new Error(read.issues.map(({ message }) => message).join());
  return read.value;
}

const person = (actor: string, ...groups: string[]): Identity => ({ actor, groups, login: "oidc" });

test.each([
  ["view", ["view"]],
  ["operate", ["view", "operate"]],
  ["approve", ["view", "approve"]],
  ["administer", ["view", "operate", "approve", "administer"]],
] as const)("%s includes %j", (role, includes) => {
  const ann = principalOf(person("ann"), fileOf(`grants: [{ who: { actors: [ann] }, role: ${role} }]`));
  const all: readonly AccessRole[] = ROLES;
  expect(all.filter((asked) => may(ann, { role: asked, service: "shop" }))).toEqual(includes);
});

describe("a grant", () => {
  const file = fileOf(`
grants:
  - { who: { groups: [sre] }, role: operate, services: shop-*, environments: [staging, test-*] }
  - { who: { actors: ["*@example.com"] }, role: view }
`);

  test("is of its services in its environments", () => {
    const ann = principalOf(person("ann@example.com", "sre"), file);
    const operates = (service: string, environment?: string): boolean =>
      may(ann, { role: "operate", service, environment });
    expect(operates("shop-cart", "staging")).toBe(true);
    expect(operates("shop-cart", "test-7")).toBe(true);
    expect(operates("shop-cart", "production")).toBe(false);
    expect(operates("shop-cart", "default")).toBe(false);
    expect(operates("shop-cart")).toBe(true);
    expect(operates("shop", "staging")).toBe(false);
    expect(may(ann, { role: "view", service: "other", environment: "production" })).toBe(true);
    expect(may(ann, { role: "operate" })).toBe(false);
  });

  test("is of whom it names", () => {
    expect(principalOf(person("eve@elsewhere.com", "other"), file).grants).toEqual([]);
    expect(principalOf({ groups: [], login: "none" }, file).grants).toEqual([]);
  });
});

test("the most approvals that are asked for count", () => {
  const file = fileOf("fourEyes: [{ services: shop }, { environments: production, approvals: 3 }]");
  expect(approvalsFor(file, { service: "shop", environment: "staging" })).toBe(1);
  expect(approvalsFor(file, { service: "shop", environment: "production" })).toBe(3);
  expect(approvalsFor(file, { service: "cart", environment: "staging" })).toBeUndefined();
});

test("a pattern fits as a regular expression with .* for each * does", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "*", "."), maxLength: 8 });
  fc.assert(
    fc.property(text, text, (pattern, name) => {
      const parts = pattern.split("*").map((part) => part.replaceAll(".", String.raw`\.`));
      expect(fits(name, [pattern])).toBe(new RegExp(`^${parts.join(".*")}$`, "u").test(name));
    }),
  );
});
