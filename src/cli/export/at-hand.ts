// Which rollouts are at hand?
import { dirname, resolve } from "node:path";
import type { ServiceView } from "../../api/contract.ts";
import { SerinError } from "../../core/issues.ts";
import type { Rollout } from "../../core/spec/rollout.ts";
import { compile } from "../../core/plan/compile.ts";
import type { Program } from "../../core/plan/step.ts";
import type { MetricPlan } from "../../core/stats/plan.ts";
import { ms, type Ms } from "../../core/units.ts";
import { announcedMetrics, lookInto } from "../home.ts";
import { BAD_INPUT, issueLines, planAnyFile } from "../rollout-file.ts";

/** What exports need to know of the rollouts that they are for. */
export interface AtHand {
  /** Names of the services; none means whatever services there are. */
  readonly services: readonly string[];
  /** What their metrics are counted in. */
  readonly units: readonly string[];
  /** The longest that one of them may judge; nothing where none says. */
  readonly longestJudgeMs?: Ms | undefined;
  /** The files that were named, each rollout with the folder that its paths start from. */
  readonly rollouts: readonly { readonly rollout: Rollout; readonly origin: string }[];
  /** Where the controller serves its metrics, if one that runs does: `http://127.0.0.1:9464`. */
  readonly metricsUrl?: string | undefined;
}

/** Of the files that are named; without any, of the state's services. */
export async function atHandOf(files: readonly string[], state: string): Promise<AtHand> {
  const metricsUrl = await announcedMetrics(state);
  const known = files.length > 0 ? await ofFiles(files) : await ofState(state);
  return { ...known, ...(metricsUrl === undefined ? {} : { metricsUrl }) };
}

async function ofFiles(files: readonly string[]): Promise<AtHand> {
  const planned = await Promise.all(files.map(ofFile));
  const judges = planned.flatMap(({ programs }) => programs.flatMap(judgeMsOf));
  return {
    services: unique(planned.flatMap(({ services }) => services)),
    rollouts: planned.flatMap(({ rollouts }) => rollouts),
    units: unique(planned.flatMap(({ programs }) => programs.flatMap(unitsOf))),
    ...(judges.length > 0 && { longestJudgeMs: ms(Math.max(...judges)) }),
  };
}

interface OfFile extends Pick<AtHand, "rollouts"> {
  readonly services: readonly string[];
  readonly programs: readonly Program[];
}

async function ofFile(file: string): Promise<OfFile> {
  const planned = await planAnyFile(file);
  if (!planned.ok) {
    throw new SerinError({
      code: "SERIN_BAD_FILE",
      what: `${file} has mistakes`,
      found: issueLines(file, planned.issues, { color: false }),
      now: "nothing was exported",
      next: `serin check ${file}`,
      exitCode: BAD_INPUT,
    });
  }
  const origin = dirname(resolve(file));
  if (!("group" in planned)) {
    const { rollout, program } = planned;
    return { services: [rollout.metadata.name], programs: [program], rollouts: [{ rollout, origin }] };
  }
  const { members } = planned.group;
  // What goes into a group has been read, so that it can be compiled.
  const programs = members.flatMap(({ rollout, abilities }) => {
    const compiled = compile(rollout, { abilities, stable: true });
    return compiled.ok ? [compiled.program] : [];
  });
  const rollouts = members.map(({ rollout }) => ({ rollout, origin }));
  return { services: members.map(({ service }) => service), programs, rollouts };
}

async function ofState(state: string): Promise<AtHand> {
  try {
    const link = await lookInto({ state });
    try {
      const services = (await link.list()).map(({ service }) => service);
      const views = await Promise.all(services.map((service) => link.get(service)));
      return { services, units: unique(views.flatMap(unitsSeen)), rollouts: [] };
    } finally {
      await link.close();
    }
  } catch (error) {
    // Nothing has run there yet: what is exported is for all that will.
    if (error instanceof SerinError && error.trouble.code === "SERIN_JOURNAL_MISSING")
      return { services: [], units: [], rollouts: [] };
    throw error;
  }
}

function unitsSeen({ rollout }: ServiceView): readonly string[] {
  return (rollout?.verdict?.metrics ?? []).map(({ unit }) => unit);
}

function unitsOf({ analysis }: Program): readonly string[] {
  return (analysis?.metrics ?? []).map(unitOf);
}

function unitOf(metric: MetricPlan): string {
  if (metric.kind === "errors" || metric.kind === "ratio") return "share";
  if (metric.kind === "latency") return "ms";
  if (metric.kind === "events") return metric.per === "time" ? "1/h" : "1/request";
  return metric.unit;
}

function judgeMsOf({ steps }: Program): readonly number[] {
  return steps.flatMap((step) => (step.op === "judge" && step.atMostMs !== undefined ? [step.atMostMs] : []));
}

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].toSorted();
