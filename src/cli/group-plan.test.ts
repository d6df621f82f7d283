// What do check and plan say of a group's file, and of a mistake in a file that it names?
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkCommand } from "./check.ts";
import { planCommand } from "./plan.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "serin-group-"));
  for (const name of ["08-strangler-fig", "09-release"]) await cp(new URL(name, EXAMPLES), dir, { recursive: true });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function io() {
  const out: string[] = [];
  const err: string[] = [];
  return {
    out,
    err,
    io: { out: (text: string) => out.push(text), err: (text: string) => err.push(text), color: false },
  };
}

test("check counts the services; plan says what happens when, with each program below", async () => {
  const { out, io: to } = io();
  expect(await checkCommand({ file: join(dir, "shop.yaml"), json: false }, to)).toBe(0);
  expect(out.pop()).toContain("is right: 3 services");
  expect(await planCommand({ file: join(dir, "release.yaml"), json: false }, to)).toBe(0);
  const said = out.pop() ?? "";
  expect(said).toContain("checkout, once catalog is at its last gate:");
  expect(said.match(/Wait until a person says go: release shop/gu)).toHaveLength(2);
  expect(await planCommand({ file: join(dir, "shop.yaml"), json: true }, to)).toBe(0);
  expect(JSON.parse(out.pop() ?? "")).toMatchObject({ ok: true, group: "facade/shop" });
});

test("a mistake in a member's file stands at the place that names it", async () => {
  const file = join(dir, "checkout-2.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace("weight: 50%", "weight: 500%"));
  const { err, io: to } = io();
  expect(await checkCommand({ file: join(dir, "release.yaml"), json: false }, to)).toBe(2);
  expect(err.join()).toMatch(/release\.yaml:7:\d+ spec\.members\[1\]\.file {2}checkout-2\.yaml:8:\d+ spec\.strategy/u);
  await writeFile(file, (await readFile(file, "utf8")).replace("500%", "50%").replace("name: checkout", "name: check"));
  expect(await checkCommand({ file: join(dir, "release.yaml"), json: false }, to)).toBe(2);
  expect(err.pop()).toContain("which is about check: the member must be called so too");
  await rm(file);
  expect(await checkCommand({ file: join(dir, "release.yaml"), json: false }, to)).toBe(2);
  expect(err.pop()).toContain("found checkout-2.yaml, which cannot be read");
});

test("what no part can do is named at the route that asks for it", async () => {
  const file = join(dir, "shop.yaml");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace("canary: {", "canary: { baseline: same-size,"));
  const { err, io: to } = io();
  expect(await checkCommand({ file, json: false }, to)).toBe(2);
  expect(err.join()).toContain("spec.routes[0].strategy.canary.baseline");
  expect(err.join()).toContain("cannot run a fresh copy of stable");
});
