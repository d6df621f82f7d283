// Does somebody who watches a group follow what is told of it, and ask only where nothing is told?
import { expect, test } from "vitest";
import { groupOfNothing } from "../../test/support/view.ts";
import type { GroupView, Viewing } from "../api/contract.ts";
import { ms } from "../core/units.ts";
import { followGroup, isOver } from "./group.ts";

const GROUP = "release/app";
const signal = new AbortController().signal;

const named = (version: number, more: Partial<GroupView> = {}): GroupView =>
  groupOfNothing(GROUP, {
    version,
    recent: [{ atMs: ms(version), version, rollout: 1, kind: "note", text: `decision ${version}` }],
    ...more,
  });

const ENDED = { phase: "ended", outcome: "promoted" } as const;

function watching(): { readonly lines: string[]; readonly follow: (link: Link) => Promise<GroupView> } {
  const lines: string[] = [];
  const io = { out: (line: string) => void lines.push(line), err: () => undefined, color: false, live: false };
  const what = { name: GROUP, afterVersion: 1, until: isOver, json: true, signal };
  return { lines, follow: (link) => followGroup(link, io, what) };
}

type Link = Parameters<typeof followGroup>[0];

const versions = (lines: readonly string[]): readonly number[] =>
  lines.map((line) => (JSON.parse(line) as { version: number }).version);

test("where a controller tells what changes, nobody asks for it", async () => {
  const { lines, follow } = watching();
  const asked: Viewing[] = [];
  const link: Link = {
    group: () => Promise.reject(new Error("nobody asks for this here")),
    groupViews: async function* (what) {
      asked.push(what);
      yield named(2);
      yield named(4, ENDED);
      throw new Error("it goes on after the end");
    },
  };
  expect(await follow(link)).toMatchObject({ version: 4, outcome: "promoted" });
  expect(versions(lines)).toEqual([2, 4]);
  expect(asked).toMatchObject([{ service: GROUP, after: 1 }]);
});

test("where nothing is told, it is looked at again and again", async () => {
  const { lines, follow } = watching();
  const all = [named(1), named(2), named(3, ENDED)];
  expect(await follow({ group: async () => all.shift() ?? named(9) })).toMatchObject({ version: 3 });
  expect(versions(lines)).toEqual([2, 3]);
});
