// Has the A/B test come to its end, and what becomes of the better one?
import type { Step } from "../plan/step.ts";
import { duration, ms } from "../units.ts";
import { done, wait, type Check } from "./check.ts";
import type { TestReading } from "./state.ts";
import type { Turn } from "./turn.ts";

type Test = Extract<Step, { op: "test" }>;

/** Takes in what the test says now. */
export function takeTest(turn: Turn): void {
  const { test } = turn.input;
  if (test?.kind !== "value" || turn.state.rollout?.phase !== "forward") return;
  turn.setRollout({ test: test.value });
}

/** Waits for the test's end, then does with the better one as asked. */
export function checkTest(turn: Turn, step: Test): Check {
  const { rollout, input, nowMs } = turn;
  if (rollout.waived) return done("test ended by a person: the canary is taken");
  const { test } = rollout;
  const isOver = nowMs - rollout.stepSinceMs >= step.atMostMs;
  if (!test) {
    if (isOver) return concluded(`nothing was seen of the test in ${duration(step.atMostMs)}`);
    const why = input.test?.kind === "unreadable" ? `: ${input.test.why}` : "";
    return wait("evidence", `waits for the test's first users${why}`);
  }
  const { decision } = test.report;
  if (decision.kind === "split-off")
    return isOver
      ? concluded(`the figures may not be read: ${test.text}`)
      : wait("evidence", `test held back: ${test.text}`);
  if (decision.kind === "undecided" && !isOver) return wait("evidence", waitsText(turn, step, test));
  return outcome(step, test);
}

function waitsText({ rollout, nowMs }: Turn, step: Test, { text }: TestReading): string {
  const left = duration(ms(Math.max(0, step.atMostMs - (nowMs - rollout.stepSinceMs))));
  return `${text} (at most another ${left})`;
}

function outcome({ winner, plan }: Test, { report: { decision }, text }: TestReading): Check {
  const wins = decision.kind === "better" && decision.which === "treatment";
  if (winner === "keep") return wait("person", `${text} Both go on until a person says so`);
  if (winner === "promote" && wins) return done(`${plan.names.treatment} wins: ${text}`);
  return concluded(text);
}

function concluded(why: string): Check {
  return { kind: "back", outcome: "concluded", why };
}
