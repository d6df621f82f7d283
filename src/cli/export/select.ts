// How does a query name the services at hand?
import type { AtHand } from "./at-hand.ts";

/** Label matchers for these services and whatever else is asked for: `{service=~"cart|shop",part="router"}`. */
export function matchers({ services }: Pick<AtHand, "services">, ...others: readonly string[]): string {
  const all = [...(services.length > 0 ? [`service=~"${anyOf(services)}"`] : []), ...others];
  return all.length > 0 ? `{${all.join(",")}}` : "";
}

/** An expression that matches each of these names and no other. Names of services have no sign that means something. */
export const anyOf = (services: readonly string[]): string => services.join("|");
