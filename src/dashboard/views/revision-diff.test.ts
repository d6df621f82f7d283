// Is everything that differs named, and nothing else?
import { expect, test } from "vitest";
import type { RevisionView } from "../../api/contract.ts";
import { changesOf } from "./revision-diff.ts";

const stable: RevisionView = {
  id: "a",
  is: ["stable"],
  rollouts: [1],
  kind: "processes",
  command: ["node", "shop.js"],
  env: { MODE: "***", GONE: "***" },
  files: [{ path: "app.toml", sha256: "0123456789abcdef" }],
};

test("contents, what came and went, and secrets by their place", () => {
  const next: RevisionView = {
    ...stable,
    id: "b",
    command: ["node", "shop.js", "--fast"],
    env: { MODE: "***", NEW: "***" },
    differs: ["command", "env.MODE", "env.GONE", "env.NEW"],
  };
  expect(changesOf(stable, next)).toEqual([
    { path: "command", was: "node shop.js", is: "node shop.js --fast" },
    { path: "env.MODE", was: "***", is: "another value" },
    { path: "env.GONE", was: "***", is: undefined },
    { path: "env.NEW", was: undefined, is: "***" },
  ]);
  expect(changesOf(stable, stable)).toEqual([]);
});
