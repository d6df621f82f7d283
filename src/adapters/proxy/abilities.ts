// What can the built-in proxy do?
import type { RouterAbilities } from "../../core/abilities.ts";
import { weight } from "../../core/units.ts";

export const PROXY_ABILITIES: RouterAbilities = {
  granularity: weight(1),
  sticky: ["cookie", "header"],
  baseline: true,
  evidence: true,
  matches: ["header", "cookie", "query", "path", "method", "listener"],
  mirror: "compares",
};
