// Which steps give two groups of users two variants, and what becomes of the better one?
import type { Match } from "../match.ts";
import { abPlanOf, type AbTestSpec } from "../spec/ab-test.ts";
import { all, type Weights } from "../split.ts";
import { WHOLE, weight } from "../units.ts";
import { sizeFor } from "./capacity.ts";
import { previewed, rulesFor, unmatched } from "./rules.ts";
import type { Step } from "./step.ts";
import type { Compiled, Frame, PlanIssue } from "./strategy.ts";

const PATH = "spec.strategy.abTest";

export function compileAbTest(asked: AbTestSpec, frame: Frame): Compiled {
  const { fullSize } = frame;
  const size = sizeFor(asked.share, fullSize);
  const steps: Step[] = [
    { op: "scale", role: "canary", size },
    ...previewed([], frame),
    { op: "route", ...groups(asked, frame) },
    { op: "test", plan: abPlanOf(asked), atMostMs: asked.atMostMs, winner: asked.winner },
  ];
  // A test that is only told ends before these steps, unless a person says that the treatment shall be taken.
  if (size < fullSize) steps.push({ op: "scale", role: "canary", size: fullSize });
  steps.push({ op: "route", weights: all("canary") }, { op: "promote" }, { op: "retire", role: "stable" });
  return { steps, issues: unable(asked, frame) };
}

/** Who gets which variant: by a share of the users, or by rules; whom no rule names stays with stable. */
function groups(
  { share, matches }: AbTestSpec,
  frame: Frame,
): { readonly weights: Weights; readonly matches?: readonly Match[] } {
  const { matches: preview = [] } = rulesFor([], frame);
  if (!matches) {
    const weights = { canary: share, stable: weight(WHOLE - share) };
    return preview.length > 0 ? { weights, matches: preview } : { weights };
  }
  const treatment = matches.treatment.map((when): Match => ({ when, to: "canary" }));
  const control = matches.control.map((when): Match => ({ when, to: "stable" }));
  return { weights: all("stable"), matches: [...treatment, ...control, ...preview] };
}

function unable({ matches, share }: AbTestSpec, { abilities: { router } }: Frame): readonly PlanIssue[] {
  const coarse = share % router.granularity !== 0 && !matches;
  const message = "the router cannot give this share, and another one would be another test";
  return [
    ...unmatched(matches?.treatment, router, `${PATH}.treatment`),
    ...unmatched(matches?.control, router, `${PATH}.control`),
    ...(coarse ? [{ path: `${PATH}.share`, code: "unable", message }] : []),
  ];
}
