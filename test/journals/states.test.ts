// Does a state that an older version wrote still lead to the same decisions?
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decide } from "../../src/core/engine/decide.ts";
import type { Input } from "../../src/core/engine/input.ts";
import { FORMAT, type ServiceState } from "../../src/core/engine/state.ts";
import { SerinError } from "../../src/core/issues.ts";
import { readState } from "../../src/runtime/saved.ts";

interface Kept {
  readonly format: number;
  readonly state: ServiceState;
  readonly input: Input;
  readonly records: readonly { readonly kind: string; readonly text: string }[];
  readonly decided: unknown;
}

const here = import.meta.dirname;
const files = readdirSync(here).filter((name) => name.endsWith(".jsonl"));
const readAll = (name: string): readonly Kept[] =>
  readFileSync(join(here, name), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Kept);

const specOf = (format: number, spec: ServiceState["spec"]): ServiceState["spec"] =>
  readState("shop", { seq: 1, format, state: { spec } }).spec;

/** What follows from a decision; how it is worded may change from version to version. */
function follows({ state, input, format }: Kept): unknown {
  const read = readState("shop", { seq: 1, format, state });
  // A command's file is read when it is given, so by the version at hand.
  const commands = input.commands.map((command) =>
    command.kind === "apply" ? { ...command, spec: specOf(format, command.spec) } : command,
  );
  const decision = decide(read, { ...input, commands });
  return JSON.parse(
    JSON.stringify({
      records: decision.records.map(({ kind, step, version }) => ({ kind, step, version })),
      answers: decision.answers.map(({ id, refused }) => ({ id, refused: refused?.code })),
      pools: decision.state.pools,
      split: decision.state.split,
      phase: decision.state.rollout?.phase,
      cursor: decision.state.rollout?.cursor,
      verdict: decision.state.rollout?.verdict?.kind,
    }),
  );
}

/** Pools have names: their order means nothing. */
function inOrder(decided: unknown): unknown {
  const { pools, ...rest } = decided as { readonly pools: readonly { readonly pool: string }[] };
  return { ...rest, pools: pools.toSorted((one, other) => one.pool.localeCompare(other.pool)) };
}

describe("states", () => {
  test("of every released format are kept", () => {
    expect(files).toEqual(Array.from({ length: FORMAT }, (_, index) => `v${index + 1}.jsonl`));
  });

  describe.each(files)("of %s", (name) => {
    test("decide as they did", () => {
      const kept = readAll(name);
      expect(kept.length).toBeGreaterThan(30);
      for (const line of kept) expect(inOrder(follows(line))).toEqual(inOrder(line.decided));
    });

    test("have records of every kind", () => {
      const kinds = new Set(readAll(name).flatMap(({ records }) => records.map(({ kind }) => kind)));
      // What a format has brought with it.
      const brought = name >= "v3.jsonl" ? ["hook", "queued"] : ["note"];
      expect([...kinds]).toEqual(expect.arrayContaining(["back", "command", "ended", "started", "step", ...brought]));
    });
  });

  test("of a format not yet known are refused, with what to do", () => {
    const read = () => readState("shop", { seq: 1, format: FORMAT + 1, state: {} });
    expect(read).toThrow(SerinError);
    expect(read).toThrow(`the journal of shop was written by a newer Serin
  found  format ${FORMAT + 1}; this one knows formats up to ${FORMAT}
  now    traffic stays at the last split
  next   use the newer Serin`);
  });
});
