// Does a service look on a terminal as it is?
import { expect, test } from "vitest";
import type { ServiceView } from "../api/contract.ts";
import { ms, weight } from "../core/units.ts";
import { painter, table, wrap } from "./paint.ts";
import { renderService } from "./view.ts";

const metric = {
  name: "success-rate",
  kind: "errors",
  effect: "rollBack",
  mustShow: true,
  unit: "share",
  canary: 0.03,
  baseline: 0.001,
  canaryRequests: 412,
  baselineRequests: 3_708,
  logBad: 2,
  logGo: -1,
  blamed: false,
  by: undefined,
  noWorse: false,
  needsRequests: 900,
  phi: 1,
  text: "3.0% of 412 canary requests failed against 0.10% of 3 708 on stable",
} as const;

const VIEW: ServiceView = {
  service: "checkout",
  version: 12,
  nowMs: ms(100_000),
  address: "http://127.0.0.1:8080",
  stable: "aaaaaaaaaa",
  health: "degraded",
  pools: [
    {
      pool: "1-canary",
      role: "stable",
      revision: "aaaaaaaaaa",
      wanted: 4,
      ready: 3,
      restarts: 2,
      why: "exited with code 1",
    },
    { pool: "2-canary", role: "canary", revision: "bbbbbbbbbb", wanted: 1, ready: 1, restarts: 0 },
  ],
  wanted: { canary: weight(100_000), stable: weight(900_000) },
  split: { weights: { canary: weight(100_000), stable: weight(900_000) } },
  reported: { canary: weight(100_000), stable: weight(900_000) },
  measured: { windowMs: 10_000, requests: 4_120, shares: { canary: 0.1, stable: 0.9 } },
  rollout: {
    number: 2,
    strategy: "canary",
    candidate: "bbbbbbbbbb",
    replaces: "aaaaaaaaaa",
    phase: "forward",
    steps: [
      "Bring the canary to 1 ready replica.",
      "Go on when the canary is shown to be no worse.",
      "Make the canary stable.",
    ],
    cursor: 1,
    startedMs: ms(70_000),
    stepSinceMs: ms(90_000),
    waiting: { for: "evidence", text: "Undecided" },
    verdict: {
      kind: "undecided",
      sure: 0.8647,
      metrics: [metric],
      canaryRequests: 412,
      baselineRequests: 3_708,
      text: "Undecided",
    },
  },
  history: [],
  quarantine: [],
  recent: [
    {
      atMs: ms(70_000),
      version: 1,
      rollout: 2,
      kind: "started",
      text: "checkout/2 brings bbbbbbbbbb",
      actor: "ana",
      reason: "release",
    },
  ],
  troubles: { router: "no answer in 5000 ms" },
};

const frame = { width: 100, paint: painter(false), decisions: 5 };
const picture = (view: ServiceView): string =>
  renderService(view, frame)
    .join("\n")
    .replaceAll(/\d\d:\d\d:\d\d/gu, "hh:mm:ss");

test("a rollout under way: steps, shares, pools, verdict with what is missing, troubles, decisions", () => {
  expect(picture(VIEW)).toMatchInlineSnapshot(`
    "checkout/2  under way, 30s in  service degraded  http://127.0.0.1:8080

    canary: bbbbbbbbbb to replace aaaaaaaaaa
      ✓ Bring the canary to 1 ready replica.
      ▶ Go on when the canary is shown to be no worse. (10s)
        Make the canary stable.

    share   wanted  reported  measured  4 120 requests in 10s
    canary  10%     10%       10.0%     ██░░░░░░░░░░░░░░░░░░
    stable  90%     90%       90.0%     ██████████████████░░

    pool      role    revision    ready  restarts
    1-canary  stable  aaaaaaaaaa  3/4    2         exited with code 1
    2-canary  canary  bbbbbbbbbb  1/1    0

    verdict undecided, how sure that it is worse: 86.4%, from 412 canary requests
      success-rate: 3.0% of 412 canary requests failed against 0.10% of 3 708 on stable
        nothing shown yet; needs about 900 more canary requests

    router: no answer in 5000 ms

    decisions
    hh:mm:ss  checkout/2 brings bbbbbbbbbb, by ana: release"
  `);
});

test("outcome and health are told apart", () => {
  const { rollout } = VIEW;
  if (!rollout) throw new Error("the view has a rollout");
  const ended = { ...rollout, phase: "ended", outcome: "rolled-back", endedMs: ms(95_000) } as const;
  expect(picture({ ...VIEW, rollout: ended }).split("\n")[0]).toBe(
    "checkout/2  rolled-back after 25s  service degraded  http://127.0.0.1:8080",
  );
});

test("what nobody looks at is unknown, not zero", () => {
  const { reported: _reported, measured: _measured, ...rest } = VIEW;
  const unseen = {
    ...rest,
    health: "unknown",
    pools: [{ pool: "p", role: "stable", revision: "r", wanted: 4, restarts: 0 }],
  } as const;
  expect(picture(unseen)).toContain("?/4");
  expect(picture(unseen)).toMatch(/canary\s+10%\s+unknown\s+–/u);
});

test("every line keeps to its width, words whole", () => {
  const text = "one two three four five six seven";
  expect(wrap(text, 12, "  ")).toEqual(["  one two", "  three four", "  five six", "  seven"]);
  expect(
    table([
      ["a", "bb"],
      ["ccc", "d"],
    ]),
  ).toEqual(["a    bb", "ccc  d"]);
});
