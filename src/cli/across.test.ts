// Does somebody who watches go on with the next controller, and stop when there is none?
import { expect, test } from "vitest";
import { viewOfNothing } from "../../test/support/view.ts";
import type { Client } from "../api/client.ts";
import type { ServiceView, Viewing } from "../api/contract.ts";
import { SerinError } from "../core/issues.ts";
import { acrossRestarts } from "./across.ts";

const signal = new AbortController().signal;
const what = { service: "app", signal, after: 3 };

const views = (link: Client, viewing: Viewing) => link.views(viewing);

/** A controller that tells of some versions, and then is gone. */
function controller(told: readonly number[], code: string, asked: Viewing[] = []): Client {
  const client: Pick<Client, "views"> = {
    views: async function* (viewing) {
      asked.push(viewing);
      for (const version of told) yield viewOfNothing("app", { version });
      throw new SerinError({ code, what: "gone" });
    },
  };
  return client as Client;
}

async function versions(all: AsyncIterable<ServiceView>, into: number[]): Promise<void> {
  for await (const { version } of all) into.push(version);
}

test("the next one is asked for what comes after, and the last word is of the last one", async () => {
  const seen: number[] = [];
  const asked: Viewing[] = [];
  const others = [
    undefined,
    controller([6], "SERIN_NOT_ALLOWED", asked),
    controller([7], "SERIN_UNKNOWN_SERVICE", asked),
  ];
  const find = async (): Promise<Client | undefined> => others.shift();
  const first = controller([4, 5], "SERIN_NO_ANSWER");
  const refused = versions(acrossRestarts(first, what, { views, find }), seen);
  await expect(refused).rejects.toMatchObject({ trouble: { code: "SERIN_UNKNOWN_SERVICE" } });
  expect(seen).toEqual([4, 5, 6, 7]);
  expect(asked.map(({ after }) => after)).toEqual([5, 6]);
});

test("when none follows, it is said that nobody answers", async () => {
  const find = async (): Promise<undefined> => undefined;
  const gone = versions(acrossRestarts(controller([4], "SERIN_NO_ANSWER"), what, { views, find, withinMs: 1 }), []);
  await expect(gone).rejects.toMatchObject({ trouble: { code: "SERIN_NO_ANSWER" } });
});
