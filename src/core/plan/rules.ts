// Which requests go to the candidate whatever its share, and which are copied?
import type { RouterAbilities } from "../abilities.ts";
import { conditionsText, type Condition, type Match } from "../match.ts";
import type { Mirror } from "../mirror.ts";
import type { CopiesSpec } from "../spec/mirroring.ts";
import { listed } from "../spec/rule.ts";
import { all } from "../split.ts";
import type { Step } from "./step.ts";
import type { Frame, PlanIssue } from "./strategy.ts";

type Conditions = readonly (readonly Condition[])[];

/** The rules of a route: those that a file names, and the preview address. */
export function rulesFor(match: Conditions, { preview }: Frame): { readonly matches?: readonly Match[] } {
  const asked = match.map((when): Match => ({ when, to: "canary" }));
  const address: Match = { when: [{ on: "listener", is: "preview" }], to: "canary" };
  const matches = preview ? [...asked, address] : asked;
  return matches.length > 0 ? { matches } : {};
}

/** Everybody stays with stable but those whom a rule sends to the candidate; nothing where there is no rule. */
export function previewed(match: Conditions, frame: Frame): readonly Step[] {
  const rules = rulesFor(match, frame);
  return rules.matches ? [{ op: "route", weights: all("stable"), ...rules }] : [];
}

/** The mirror that a file asks for. */
export function mirrorOf({ share, match, methods }: CopiesSpec, more: Pick<Mirror, "to" | "compare">): Mirror {
  return { ...more, share, methods, ...(match && match.length > 0 ? { when: match } : {}) };
}

/** What the router cannot tell requests by. */
export function unmatched(match: Conditions | undefined, router: RouterAbilities, path: string): readonly PlanIssue[] {
  return (match ?? []).flatMap((when, index) =>
    when
      .filter(({ on }) => !router.matches.includes(on))
      .map((condition): PlanIssue => {
        const can = router.matches.length === 0 ? "nothing" : listed(router.matches, "and");
        const message = `found ${conditionsText([condition])}, the router can tell requests by ${can}`;
        return { path: `${path}[${index}].${condition.on}`, code: "unable", message };
      }),
  );
}

/** What the router cannot copy or compare. */
export function unmirrored(router: RouterAbilities, path: string, compares: boolean): readonly PlanIssue[] {
  if (router.mirror === "none") return [{ path, code: "unable", message: "the router cannot copy requests" }];
  if (!compares || router.mirror === "compares") return [];
  const message = "the router copies requests and compares no answers: compare: { enabled: false } goes without";
  return [{ path: `${path}.compare`, code: "unable", message }];
}
