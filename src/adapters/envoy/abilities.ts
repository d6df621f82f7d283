// What can Envoy do as a router?
import type { RouterAbilities } from "../../core/abilities.ts";
import { weight } from "../../core/units.ts";

export const ENVOY_ABILITIES: RouterAbilities = {
  granularity: weight(1),
  sticky: ["cookie", "header"],
  baseline: true,
  evidence: true,
  matches: ["header", "cookie", "query", "path", "method", "listener"],
  mirror: "copies",
};
