// Is it told what somebody may do with a service or a group, and who else may?
import { expect, test } from "vitest";
import { testKeeper } from "../../../test/support/keeper.ts";
import { Caller } from "./caller.ts";
import { parseAccess, type AccessFile } from "./file.ts";
import { principalOf } from "./may.ts";
import { holdersOf } from "./rights.ts";

const HASH = "a".repeat(64);

function fileOf(grants: string): AccessFile {
  const read = parseAccess(`tokens: [{ actor: ci, sha256: ${HASH} }]\n${grants}`);
  if (!read.ok) throw new Error(read.issues.map(({ message }) => message).join());
  return read.value;
}

const FILE = fileOf(`
grants:
  - { who: { groups: [sre], actors: [ci] }, role: operate, services: shop-*, environments: staging }
  - { who: { groups: [leads] }, role: approve, services: shop-* }
  - { who: { actors: [root] }, role: administer }
`);
const ENVIRONMENTS: Readonly<Record<string, string>> = { "shop-a": "staging", "shop-b": "production" };

function callerOf(groups: readonly string[]): Caller {
  const principal = principalOf({ actor: "ann", groups, login: "oidc" }, FILE);
  return new Caller({
    principal: () => principal,
    audit: testKeeper().audit,
    places: {
      environmentOf: (service) => ENVIRONMENTS[service],
      servicesOf: (name) => (name === "release/shop" ? ["shop-a", "shop-b"] : [name]),
    },
    actor: "somebody",
    from: "10.0.0.1",
    holders: (roles, places) => holdersOf(FILE, roles, places),
  });
}

const allowed = (caller: Caller, name: string): readonly string[] =>
  caller.rightsAt(name).acts.flatMap(({ act, allowed: may }) => (may ? [act] : []));

test("each role has its acts, where it is granted", () => {
  expect(allowed(callerOf(["sre"]), "shop-a")).toEqual(["apply", "pause", "resume", "abort", "retry", "undo", "scale"]);
  expect(allowed(callerOf(["sre"]), "shop-b")).toEqual([]);
  expect(allowed(callerOf(["leads"]), "shop-b")).toEqual(["promote", "abort"]);
  expect(allowed(callerOf(["nobody"]), "shop-a")).toEqual([]);
});

test("a group takes the right to all of its members, and says where they are", () => {
  const { environments, acts } = callerOf(["leads"]).rightsAt("release/shop");
  expect(environments).toEqual(["staging", "production"]);
  const of = (name: string) => acts.find(({ act }) => act === name);
  expect(of("promote")).toEqual({
    act: "promote",
    roles: ["approve"],
    allowed: true,
    holders: ["group leads", "root"],
  });
  // Operating one of them is not enough.
  expect(of("pause")?.holders).toEqual(["root"]);
  expect(of("abort")?.holders).toEqual(["group leads", "root"]);
});

test("where it is and who else may is told to those who may look, and to nobody else", () => {
  const holders = (groups: readonly string[]) =>
    callerOf(groups)
      .rightsAt("shop-a")
      .acts.find(({ act }) => act === "pause")?.holders;
  expect(holders(["leads"])).toEqual(["group sre", "ci", "root"]);
  expect(holders(["nobody"])).toEqual([]);
  expect(callerOf(["leads"]).rightsAt("shop-b").environments).toEqual(["production"]);
  expect(callerOf(["sre"]).rightsAt("shop-b").environments).toEqual([]);
  expect(callerOf(["sre"]).rightsAt("release/shop").environments).toEqual([]);
});
