// Is every decision there, whatever the stream has skipped?
import { expect, test } from "vitest";
import { groupOfNothing, viewOfNothing } from "../../test/support/view.ts";
import type { DecisionRecord } from "../core/engine/state.ts";
import { SerinError } from "../core/issues.ts";
import { ms } from "../core/units.ts";
import type { GroupView, ServiceView, StreamEvent } from "./contract.ts";
import { groupViewsOf, viewsOf } from "./views.ts";

const record = (version: number): DecisionRecord => ({
  atMs: ms(version),
  version,
  rollout: 1,
  kind: "note",
  text: `decision ${version}`,
});

/** A view that names the last three decisions. */
const view = (version: number): ServiceView =>
  viewOfNothing("app", { version, recent: [version - 2, version - 1, version].map(record) });

const signal = new AbortController().signal;

function linkOf(
  events: readonly StreamEvent[],
  get: () => Promise<ServiceView>,
  group: () => Promise<GroupView> = () => Promise.reject(new Error("nobody asks for this here")),
) {
  return {
    get,
    group,
    records: async (_service: string, after: number, limit: number) =>
      Array.from({ length: Math.min(limit, 20 - after) }, (_, index) => record(after + 1 + index)),
    events: async function* () {
      yield* events;
    },
  };
}

async function versions(views: AsyncIterable<Pick<ServiceView, "recent">>): Promise<readonly (readonly number[])[]> {
  const all: (readonly number[])[] = [];
  for await (const { recent } of views) all.push(recent.map(({ version }) => version));
  return all;
}

const never = (): Promise<ServiceView> => Promise.reject(new Error("nobody asks for this here"));

test("what a view does not name any more is asked for, and nothing else", async () => {
  const told = linkOf(
    [
      { type: "view", data: view(5) },
      { type: "record", data: { ...record(6), service: "app" } },
      { type: "view", data: view(7) },
      { type: "view", data: view(20) },
    ],
    never,
  );
  const missed = Array.from({ length: 13 }, (_, index) => index + 8);
  expect(await versions(viewsOf(told, { service: "app", signal }))).toEqual([[3, 4, 5], [5, 6, 7], missed]);
  expect((await versions(viewsOf(told, { service: "app", signal, after: 0 })))[0]?.[0]).toBe(1);
});

test("after a reset it is looked at anew, and what is gone is said to be", async () => {
  const reset = linkOf([{ type: "reset", data: { why: "too much" } }], async () => view(9));
  expect(await versions(viewsOf(reset, { service: "app", signal, after: 7 }))).toEqual([[7, 8, 9]]);
  const gone = linkOf([{ type: "gone", data: { service: "app" } }], () =>
    Promise.reject(new SerinError({ code: "SERIN_UNKNOWN_SERVICE", what: "there is no app" })),
  );
  await expect(versions(viewsOf(gone, { service: "app", signal }))).rejects.toThrow("there is no app");
});

test("a group is followed by its own events in the same way", async () => {
  const named = (version: number): GroupView =>
    groupOfNothing("release/app", { version, recent: [version - 1, version].map(record) });
  const told = linkOf(
    [
      { type: "group", data: named(5) },
      { type: "record", data: { ...record(6), service: "release/app" } },
      { type: "group", data: named(9) },
      { type: "reset", data: { why: "too much" } },
      { type: "gone", data: { service: "release/app" } },
    ],
    never,
    async () => named(10),
  );
  const views = await versions(groupViewsOf(told, { service: "release/app", signal, after: 4 }));
  expect(views.slice(0, 3)).toEqual([[4, 5], Array.from({ length: 15 }, (_, index) => index + 6), [9, 10]]);
  const gone = linkOf([{ type: "gone", data: { service: "release/app" } }], never, () =>
    Promise.reject(new SerinError({ code: "SERIN_UNKNOWN_SERVICE", what: "there is no group" })),
  );
  await expect(versions(groupViewsOf(gone, { service: "release/app", signal }))).rejects.toThrow("there is no group");
});
