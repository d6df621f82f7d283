// How are requests shared out among the roles?
import { isForUsers, sameMatches, type Condition, type Match } from "./match.ts";
import { sameMirror, type Mirror } from "./mirror.ts";
import { NOTHING, WHOLE, type Ms, type Weight } from "./units.ts";

/** Further candidates of an experiment; the first one is the canary. */
export type Rival = "canary-2" | "canary-3" | "canary-4";

/** What a revision is for at the moment. `baseline` is a fresh copy of stable, as small and as young as the canary. */
export type Role = "stable" | "canary" | "baseline" | Rival;

export const RIVALS: readonly Rival[] = ["canary-2", "canary-3", "canary-4"];

/** Every role, in the order in which the share axis 0…1 000 000 is cut: a cohort that the canary has won it keeps. */
export const ROLES: readonly Role[] = ["canary", ...RIVALS, "baseline", "stable"];

/** Share of each role. A role that is not named gets nothing. The named ones sum to 1 000 000. */
export type Weights = Readonly<Partial<Record<Role, Weight>>>;

/** What identifies a user whose requests shall stay with one role. */
export type StickyKey =
  | { readonly kind: "cookie"; readonly name: string; readonly maxAgeMs?: Ms | undefined }
  | { readonly kind: "header"; readonly name: string };

/**
 * Users stay with the role they were given. The choice is `hash(salt + key)` on the share axis, so that raising the
 * canary's share never moves anyone back. A request without the key is shared out evenly; with `cookie` it is then
 * given one.
 */
export interface Stickiness {
  readonly key: StickyKey;
  /** Makes cohorts of different rollouts independent: the service and rollout number. */
  readonly salt: string;
}

/** How requests are shared out. */
export interface Split {
  readonly weights: Weights;
  readonly sticky?: Stickiness | undefined;
  /** Requests that go to a role whatever the weights: the first rule that holds decides. None is an empty list or nothing. */
  readonly matches?: readonly Match[] | undefined;
  /** Whose requests are copied, and to whom. */
  readonly mirror?: Mirror | undefined;
}

/** One address that answers requests for a pool. */
export interface Backend {
  readonly replica: string;
  readonly host: string;
  readonly port: number;
}

/** The ready replicas of a role, under the pool's name: the name under which its requests are counted. */
export interface RoutePool {
  readonly pool: string;
  readonly backends: readonly Backend[];
}

/** All that a router must know: the split, and who answers for each role. */
export interface Route {
  readonly split: Split;
  readonly pools: Readonly<Partial<Record<Role, RoutePool>>>;
}

/** A part of a data plane's requests that follows a route of its own, such as one path of a façade. */
export interface Section {
  readonly name: string;
  /** Sections are asked from the lowest on; the first whose requests these are takes them. */
  readonly order: number;
  /** Which requests are its own: those of which all conditions of any entry hold. */
  readonly when: readonly (readonly Condition[])[];
}

/** Whether a role gets users' requests or copies of them: by a share, by a rule for users, by a mirror. */
export function isExposed({ weights, matches, mirror }: Split, role: Role): boolean {
  if (shareOf(weights, role) > 0 || (matches ?? []).some((rule) => rule.to === role && isForUsers(rule))) return true;
  return mirror !== undefined && mirror.to.some((name) => name === role);
}

/** Everything goes to one role. */
export function all(role: Role): Weights {
  return { [role]: WHOLE };
}

/** The share of a role; 0 for a role that is not named. */
export function shareOf(weights: Weights, role: Role): Weight {
  return weights[role] ?? NOTHING;
}

/** Whether two sets of weights say the same. */
export function sameWeights(a: Weights, b: Weights): boolean {
  return ROLES.every((role) => shareOf(a, role) === shareOf(b, role));
}

/** Whether two splits say the same. */
export function sameSplit(a: Split, b: Split): boolean {
  if (!sameWeights(a.weights, b.weights) || !sameMatches(a.matches, b.matches)) return false;
  return sameMirror(a.mirror, b.mirror) && JSON.stringify(a.sticky ?? null) === JSON.stringify(b.sticky ?? null);
}
