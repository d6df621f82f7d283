// What does a route of the Gateway API say with Serin's split in it, and what split does it say?
import { canonical } from "../../../../core/match.ts";
import type { GatewaySpec } from "../../../../core/spec/cluster-traffic.ts";
import type { ObjectMeta } from "../../client/objects.ts";
import { notesOf, NOTE } from "../note.ts";
import type { Called } from "../target.ts";
import { withNothing } from "../wish.ts";
import { agreed, madeOr, unwoven, unwritable, woven, type Names, type Note, type Wish } from "../weave.ts";
import type { GatewayRoute, ParentRef, Rule } from "./objects.ts";
import { rolesIn, ruleDialect, unlisted } from "./routes.ts";

/** A route's rules, and the note on it: nothing where the rules are their owner's own. */
export interface Written {
  readonly rules: readonly Rule[];
  readonly note?: string | undefined;
}

/** The rules as their owner has them. */
export function ownersRules(route: GatewayRoute, called: Called): readonly Rule[] {
  return unwoven(ruleDialect(called), route.spec.rules ?? [], notesOf<"rules">(route).of("rules"));
}

/** What a route may have: of rules, of matches in one, of matches in all. */
const MOST = { rules: 16, matchesOfOne: 64, matches: 128 };

/** The owner's rules with what is wanted. */
export function writtenRules(
  owners: readonly Rule[],
  called: Called,
  asked: { readonly names: Names; readonly wish: Wish },
): Written {
  const { routes, before } = woven(ruleDialect(called), owners, asked);
  const { matches, mirror } = asked.wish;
  const note: Note = { before, ...(matches && matches.length > 0 && { matches }), ...(mirror && { mirror }) };
  const counts = routes.map((rule) => rule.matches?.length ?? 1);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (routes.length > MOST.rules || Math.max(0, ...counts) > MOST.matchesOfOne || total > MOST.matches) {
    throw unwritable(
      `${routes.length} rules with ${total} matches, and a route may have ${MOST.rules} with ${MOST.matches}`,
    );
  }
  return { rules: routes, note: canonical({ rules: note }) };
}

/** Whether any of the rules that are meant leads to the Service. */
export function isLedTo(rules: readonly Rule[], called: Called, names: Names): boolean {
  const { leads } = ruleDialect(called);
  return rules.some((rule) => leads(rule) && (!names || names.includes(rule.name ?? "")));
}

/** The split that a route makes; why it cannot be told where its rules do not agree, or are not those that were woven in. */
export function readSplit(route: GatewayRoute, called: Called, names: Names): Wish | string {
  const { name } = route.metadata;
  const rules = route.spec.rules ?? [];
  const weights = agreed(ruleDialect(called), rules, names);
  if (weights === undefined) return `no rule of route ${name} leads to the Service`;
  if (weights === "differ") return `the rules of route ${name} do not share out requests as one split says`;
  const { matches, mirror } = notesOf<"rules">(route).of("rules");
  const wish: Wish = { weights, ...(matches && { matches }), ...(mirror && { mirror }) };
  const whole = { ...wish, weights: withNothing(weights, rolesIn(rules, called).listed) };
  const expected = madeOr(() => writtenRules(ownersRules(route, called), called, { names, wish: whole }));
  if (typeof expected === "string") return expected;
  const isAsWritten = canonical(expected.rules) === canonical(unlisted(rules, called));
  return isAsWritten ? wish : `somebody has changed the rules of Serin's in route ${name}`;
}

/** A patch that puts the rules into a route of that version; nothing when it says the same already. */
export function patchOf(
  { metadata, spec }: GatewayRoute,
  { rules, note }: Written,
  more: object = {},
): object | undefined {
  const isSame = canonical(spec.rules ?? []) === canonical(rules);
  if (isSame && metadata.annotations?.[NOTE] === note) return undefined;
  return {
    metadata: { ...more, resourceVersion: metadata.resourceVersion, annotations: { [NOTE]: note ?? null } },
    ...(isSame ? {} : { spec: { rules } }),
  };
}

/** The rules of a route that Serin makes, before anything is shared out, with what the API server would fill in. */
export function madeRules({ name }: Called, port: number): readonly Rule[] {
  return [
    {
      matches: [{ path: { type: "PathPrefix", value: "/" } }],
      backendRefs: [{ group: "", kind: "Service", name, port, weight: 1 }],
    },
  ];
}

/** A route that Serin makes. */
export function madeRoute(
  spec: GatewaySpec,
  metadata: Pick<ObjectMeta, "namespace" | "labels" | "ownerReferences">,
  { rules, note }: Written,
): GatewayRoute {
  const parentRefs = (spec.parents ?? []).map(({ name, namespace, sectionName }): ParentRef => {
    return { group: "gateway.networking.k8s.io", kind: "Gateway", namespace, name, sectionName };
  });
  return {
    metadata: { ...metadata, name: spec.service.name, ...(note !== undefined && { annotations: { [NOTE]: note } }) },
    spec: { parentRefs, ...(spec.hostnames && { hostnames: spec.hostnames }), rules },
  };
}
