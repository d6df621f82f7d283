// What would a rollout do, and what could it show?
import { abilitiesOf } from "../adapters/registry.ts";
import type { Issue } from "../core/issues.ts";
import { compile } from "../core/plan/compile.ts";
import { forecast, type Traffic } from "../core/plan/forecast.ts";
import { textOf } from "../core/plan/forecast-text.ts";
import { describeProgram, sentence } from "../core/plan/sentence.ts";
import type { Program } from "../core/plan/step.ts";
import { parseDocument } from "../core/spec/parse.ts";
import { KIND, type Rollout } from "../core/spec/rollout.ts";
import type { PlanView, ServiceView } from "./contract.ts";
import { readGroupFile, type GroupFile } from "./group-file.ts";
import { readRolloutText } from "./rollout-text.ts";

export type Wrong = { readonly ok: false; readonly issues: readonly Issue[] };

/** A file that can be rolled out, or every mistake in it. */
export type Planned = { readonly ok: true; readonly rollout: Rollout; readonly program: Program } | Wrong;

/** A file that can be brought about, of one service or of several, or every mistake in it. */
export type PlannedAny = Planned | { readonly ok: true; readonly group: GroupFile };

/** The rollout with the number of replicas that it has where it runs. */
export type Sized = (rollout: Rollout) => Promise<Rollout>;

const asWritten: Sized = (rollout) => Promise.resolve(rollout);

/**
 * Reads, checks and compiles the text of a file, as it would run beside a stable version; runs nothing. Files that it names
 * are read from a folder.
 */
export async function planRollout(text: string, origin: string, sized: Sized = asWritten): Promise<Planned> {
  const parsed = await readRolloutText(text, origin);
  if (!parsed.ok) return parsed;
  const { at } = parsed;
  const rollout = await sized(parsed.rollout);
  const compiled = compile(rollout, { abilities: abilitiesOf(rollout), stable: true });
  if (compiled.ok) return { ok: true, rollout, program: compiled.program };
  return { ok: false, issues: compiled.issues.map((issue) => Object.assign(at(issue.path), issue)) };
}

/** The same of a file of any kind. */
export async function planText(text: string, origin: string, sized: Sized = asWritten): Promise<PlannedAny> {
  const parsed = parseDocument(text);
  // Mistakes in a rollout file are the same here and there.
  if (!parsed.ok) return parsed;
  if (parsed.document.kind === KIND) return planRollout(text, origin, sized);
  const group = await readGroupFile(parsed.document, { origin, at: parsed.at });
  return group.ok ? { ok: true, group: group.file } : group;
}

/** Fewer requests of stable than this say too little of how it usually fails. */
const FEWEST = 1_000;

/** The traffic of a service, as measured on its stable version; nothing when that has not run for long enough. */
export function trafficOf({ usual, pools }: Pick<ServiceView, "usual" | "pools">): Traffic | undefined {
  if (usual === undefined || usual.requests < FEWEST || usual.perSecond <= 0) return undefined;
  const stable = pools.find(({ role }) => role === "stable");
  return {
    source: "measured",
    perSecond: usual.perSecond,
    // None so far is not none: half a failure stands for what was not seen yet.
    errors: Math.max(usual.errors, 0.5 / usual.requests),
    latency: usual.latency,
    phi: usual.phi,
    tau: usual.tau,
    known: usual.requests,
    ...(stable ? { replicas: stable.wanted } : {}),
  };
}

/** A plan as it is answered. */
export function planView(program: Program, rollout: Rollout, traffic: Traffic | undefined): PlanView {
  return {
    service: rollout.metadata.name,
    strategy: program.strategy,
    text: describeProgram(program, rollout),
    steps: program.steps.map((step) => ({ op: step.op, sentence: sentence(step) })),
    forecast: traffic && textOf(forecast(program, traffic)),
  };
}
