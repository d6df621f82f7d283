// What do hooks say, and what follows from it?
import { BACKOFF, pauseAfter } from "../backoff.ts";
import type { Delivery, HookRun, HookSpec, Message } from "../outbox/message.ts";
import { payloadOf, phaseOf } from "../outbox/payload.ts";
import { anchored } from "../outbox/target.ts";
import type { Step } from "../plan/step.ts";
import { isExposed, RIVALS, shareOf } from "../split.ts";
import { ms } from "../units.ts";
import { back, done, stop, wait, type Check } from "./check.ts";
import { rolloutName } from "./state.ts";
import type { Turn } from "./turn.ts";

/** Results kept: a program has at most so many hooks under way in its steps, and those that repeat keep one each. */
const KEEP_RUNS = 100;

/** Takes in what became of messages: a failure is tried again as often as it may, the rest is settled. */
export function takeDeliveries(turn: Turn): void {
  for (const delivery of turn.input.deliveries ?? []) {
    const outbox = turn.state.outbox ?? [];
    const message = outbox.find(({ id, failed }) => id === delivery.id && failed === delivery.failed);
    if (!message) continue;
    const rest = outbox.filter((other) => other !== message);
    const isFinal = delivery.ok || message.failed >= message.retries;
    turn.set({ outbox: isFinal ? rest : [...rest, again(turn, message)] });
    if (!isFinal) continue;
    if (message.purpose === "hook") settle(turn, message, delivery);
    else if (!delivery.ok)
      turn.record("note", `${message.name} could not be told: ${delivery.result}`, { untold: true });
  }
}

function again(turn: Turn, message: Message): Message {
  const failed = message.failed + 1;
  return { ...message, failed, dueMs: ms(turn.nowMs + pauseAfter(failed, BACKOFF)) };
}

/** `shop/3/hook/4/0` belongs to `shop/3/hook/4`; the last part counts the times that it was asked. */
const keyOf = (id: string): string => id.slice(0, id.lastIndexOf("/"));

function settle(turn: Turn, message: Message, { failed: _failed, ...delivery }: Delivery): void {
  const { rollout } = turn.state;
  const key = keyOf(message.id);
  if (!rollout || !key.startsWith(`${rolloutName(turn.state)}/`)) {
    // The rollout that has called it has ended, and another has begun.
    const said = `${message.name} (${key.split("/").slice(0, 2).join("/")}): ${delivery.ok ? "" : "failed: "}${delivery.result}`;
    const run: HookRun = { ...delivery, name: message.name, attempts: message.failed + 1 };
    turn.record("hook", said, { run, ...(delivery.ok ? {} : { outcome: "failed" }) });
    return;
  }
  const known = rollout.runs?.[key];
  const inARow = delivery.ok ? 0 : (known?.inARow ?? 0) + 1;
  const asked = (known?.asked ?? 0) + 1;
  const run: HookRun = { ...delivery, name: message.name, attempts: message.failed + 1, asked, inARow };
  const others = Object.entries(rollout.runs ?? {}).filter(([other]) => other !== key);
  // What it has said at length is in the record, once.
  const kept = { ...run, output: "" };
  turn.setRollout({ runs: Object.fromEntries([...others, [key, kept] as const].slice(-KEEP_RUNS)) });
  // What is asked again and again is only written down when it says something new.
  if (known?.ok === run.ok) return;
  const failed = run.ok ? {} : ({ outcome: "failed" } as const);
  // A gate that does not open yet has not failed.
  const no = key.includes("/gate/") ? "not yet: " : "failed: ";
  turn.record("hook", `${run.name}: ${run.ok ? "" : no}${run.result}`, { run, ...failed });
}

/** Puts a hook into the outbox, unless it is there. Its name is a key and the number of times it was asked before. */
function call(turn: Turn, key: string, hook: HookSpec): void {
  const { state, rollout } = turn;
  if ((state.outbox ?? []).some(({ id }) => keyOf(id) === key)) return;
  const id = `${key}/${rollout.runs?.[key]?.asked ?? 0}`;
  const message: Message = {
    id,
    name: hook.name,
    purpose: "hook",
    target: anchored(hook.target, state.origin),
    payload: payloadOf({
      id,
      metadata: hook.metadata,
      phase: phaseOf({ ...rollout, at: hook.at }),
      ...aboutRollout(turn),
    }),
    timeoutMs: hook.timeoutMs,
    failed: 0,
    retries: hook.mode === "run" && hook.at !== "during" ? hook.retries : 0,
    dueMs: turn.nowMs,
  };
  turn.set({ outbox: [...(state.outbox ?? []), message] });
}

/** What every receiver is told of the rollout. */
function aboutRollout({ state, rollout }: Turn) {
  return {
    service: state.service,
    rollout: rollout.number,
    candidate: rollout.candidate,
    stable: rollout.stable,
    step: rollout.cursor + 1,
    share: shareOf(state.split.weights, "canary"),
    verdict: rollout.verdict?.text,
  };
}

const keyAt = (turn: Turn, kind: string, what: string | number): string =>
  `${rolloutName(turn.state, turn.rollout.number)}/${kind}/${what}`;

/** Its name, how many steps before call it too, and the try: the same when pools need more or fewer steps to grow. */
function placeOf({ rollout: { program, cursor, steppedBack = 0 } }: Turn, { name }: HookSpec): string {
  const before = program.steps.slice(0, cursor).filter((step) => hookOf(step)?.name === name).length;
  return `${name}.${before}.${steppedBack}`;
}

function hookOf(step: Step): HookSpec | undefined {
  if (step.op === "run") return step.hook;
  return step.op === "gate" && step.by?.kind === "hook" ? step.by.hook : undefined;
}

/** Asks a hook again when its time has come; says how it went the last time. */
function poll(turn: Turn, key: string, hook: HookSpec): HookRun | undefined {
  const run = turn.rollout.runs?.[key];
  const isDue = run === undefined || turn.nowMs - run.endedMs >= hook.everyMs;
  if (isDue && !run?.ok) call(turn, key, hook);
  return run;
}

/** Whether a hook was called and has succeeded. */
export function checkRun(turn: Turn, { hook }: Extract<Step, { op: "run" }>): Check {
  if (turn.rollout.waived) return done(`${hook.name}: passed by a person`);
  const key = keyAt(turn, "hook", placeOf(turn, hook));
  const run = turn.rollout.runs?.[key];
  if (!run) {
    call(turn, key, hook);
    return wait("hook", `${hook.name} is called`);
  }
  if (run.ok) return done(`${hook.name} has passed`);
  const why = `${hook.name} failed: ${run.result}`;
  if (hook.onFailure === "goOn") return done(`${why}; goes on as asked`);
  if (hook.onFailure === "hold") return wait("person", `${why}; held as asked`);
  // Nothing of the candidate runs yet: it is not its fault.
  return hook.at === "start" ? stop(why) : back(why);
}

/** Whether whoever guards a gate says go. */
export function checkHookGate(turn: Turn, hook: HookSpec): Check {
  const run = poll(turn, keyAt(turn, "gate", placeOf(turn, hook)), hook);
  if (run?.ok) return done(`${hook.name} says go`);
  return wait("hook", run ? `${hook.name} does not say go yet: ${run.result}` : `${hook.name} is asked`);
}

/** Hooks that are called while the candidate gets requests. Why they take it back, if one does. */
export function duringWhy(turn: Turn): string | undefined {
  const { rollout, state } = turn;
  if (!["canary" as const, ...RIVALS].some((role) => isExposed(state.split, role))) return undefined;
  for (const hook of rollout.program.hooks ?? []) {
    if (hook.at !== "during" && hook.mode !== "rollback") continue;
    const key = keyAt(turn, "during", hook.name);
    const run = rollout.runs?.[key];
    if (run === undefined || turn.nowMs - run.endedMs >= hook.everyMs) call(turn, key, hook);
    if (!run) continue;
    if (hook.mode === "rollback" && run.ok) return `${hook.name} says to take it back: ${run.result}`;
    if (hook.mode === "rollback" || (run.inARow ?? 0) < hook.threshold) continue;
    const why = `${hook.name} failed ${run.inARow} times in a row: ${run.result}`;
    if (hook.onFailure === "rollBack") return why;
    if (hook.onFailure !== "hold" || rollout.paused) continue;
    turn.record("note", `paused: ${why}`);
    turn.setRollout({ paused: { by: hook.name, reason: why, atMs: turn.nowMs } });
  }
  return undefined;
}

/** Calls those who want to know of the way back; nobody waits for them. */
export function callBackHooks(turn: Turn): void {
  const ours = `${rolloutName(turn.state, turn.rollout.number)}/`;
  // What the way forward has asked for is not waited for any more.
  const left = (turn.state.outbox ?? []).filter(({ id, purpose }) => purpose !== "hook" || !id.startsWith(ours));
  turn.set({ outbox: left });
  const hooks = (turn.rollout.program.hooks ?? []).filter(({ at }) => at === "rollback");
  for (const hook of hooks) call(turn, keyAt(turn, "rollback", hook.name), hook);
}
