// Is a Rollout looked at when its cluster tells of it, and also where it tells nothing, or is away for a moment?
import { expect, test } from "vitest";
import { viewOfNothing } from "../../../test/support/view.ts";
import { KubeError } from "../../adapters/kubernetes/client/errors.ts";
import { SerinError } from "../../core/issues.ts";
import { ms } from "../../core/units.ts";
import type { ServiceView } from "../contract.ts";
import { rolloutViews, type Telling } from "./views.ts";

const record = (version: number) =>
  ({ atMs: ms(version), version, rollout: 1, kind: "note", text: `decision ${version}` }) as const;

const records: Telling["records"] = async (_service, after) => [1, 2, 3, 4].map(record).slice(after);

const view = (version: number): ServiceView => viewOfNothing("app.prod", { version, recent: [record(version)] });

const lost = new SerinError({ code: "SERIN_KUBE_NO_ANSWER", what: "the cluster does not answer" });

/** A cluster that says when something has changed, and then how it is. */
function cluster() {
  const told: (() => void)[] = [];
  const changes = async function* (signal: AbortSignal) {
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        told.push(resolve);
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
      yield "changed";
    }
  };
  return { changes, tell: () => told.splice(0).forEach((one) => one()) };
}

const forbidden = new KubeError("GET", { status: 403, reason: "Forbidden", message: "no" });

// oxlint-disable-next-line require-yield -- nothing is told
const untold = async function* (): AsyncGenerator<never> {
  await Promise.reject(forbidden);
};

test("each change is looked at when it is told, with every decision since the view before", async () => {
  const { changes, tell } = cluster();
  const ended = new AbortController();
  let version = 1;
  let looks = 0;
  const look = async () => ((looks += 1), view(version));
  const views = rolloutViews({ look, records, changes }, { service: "app.prod", after: 0, signal: ended.signal });
  expect((await views.next()).value).toMatchObject({ version: 1 });
  const began = performance.now();
  version = 4;
  const next = views.next();
  tell();
  const value = (await next).value as ServiceView;
  // Not when it would have been looked at anyway.
  expect(performance.now() - began).toBeLessThan(4_000);
  expect(value.recent.map((one) => one.version)).toEqual([2, 3, 4]);
  expect(looks).toBe(2);
  ended.abort();
  expect((await views.next()).done).toBe(true);
});

test("who may look and is not told of changes looks again and again", async () => {
  let version = 0;
  const look = async () => view((version += 1));
  const signal = new AbortController().signal;
  const seen: number[] = [];
  for await (const one of rolloutViews({ look, records, changes: untold }, { service: "app.prod", signal })) {
    seen.push(one.version);
    if (seen.length === 3) break;
  }
  expect(seen).toEqual([1, 2, 3]);
});

test("an API server that is away for a moment is waited for, one that refuses is not", async () => {
  const answers: (ServiceView | Error)[] = [view(1), lost, lost, view(2), new Error("it is gone")];
  const look = async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer ?? view(9);
  };
  const signal = new AbortController().signal;
  const seen: number[] = [];
  const all = (async () => {
    for await (const { version } of rolloutViews({ look, records, changes: untold }, { service: "app.prod", signal }))
      seen.push(version);
  })();
  await expect(all).rejects.toThrow("it is gone");
  expect(seen).toEqual([1, 2]);
});
