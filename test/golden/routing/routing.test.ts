// Does every rollout leave exactly the objects in a cluster that its golden file says?
//
// A case is a rollout file, what is in the cluster already, ten dashes, and what each step writes. UPDATE_GOLDEN=1 writes the
// answers anew.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { KubeObject } from "../../../src/adapters/kubernetes/client/objects.ts";
import { play, shown } from "./play.ts";

const SEPARATOR = "\n----------\n";
const folder = new URL("./", import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith(".txt"));

test("there are golden files", () => {
  expect(names.length).toBeGreaterThanOrEqual(20);
});

test.each(names)("%s", async (name) => {
  const file = new URL(name, folder);
  const [asked = "", expected = ""] = readFileSync(file, "utf8").split(SEPARATOR);
  const { scenes, own, left, wrong } = await play(asked);
  expect(wrong).toEqual([]);
  // A route that Serin has made stays where requests come in through it.
  const isOwn = ({ kind, metadata }: KubeObject): boolean =>
    own.some((one) => one.kind === kind && one.metadata.name === metadata.name);
  expect(left.filter(isOwn)).toEqual(own);
  const found = shown(scenes);
  const isUpdate = Boolean(process.env["UPDATE_GOLDEN"]);
  if (isUpdate) writeFileSync(file, `${asked}${SEPARATOR}${found}`);
  expect(found).toBe(isUpdate ? found : expected);
});
