// What does a query of Flagger's ask, once its names are filled in?
import { VERSION } from "../promql.ts";

/** What its names stand for. */
export interface Names {
  readonly name: string;
  readonly namespace: string;
  readonly target: string;
  readonly service: string;
  readonly ingress: string;
  readonly route: string;
  readonly interval: string;
  readonly variables: Readonly<Record<string, string>>;
}

const ACTION = /\{\{-?\s*(.*?)\s*-?\}\}/gsu;

/**
 * Fills in what is known. The target named the canary's Deployment; here both versions run under the same one, so it
 * stands for the version's own pods. Nothing when there is a name that nobody knows, or a step of Go's templates.
 */
export function filledQuery(text: string, names: Names): { readonly query: string } | { readonly strange: string } {
  const strange: string[] = [];
  const query = text.replaceAll(ACTION, (whole, action: string) => {
    const value = valueOf(action, names);
    if (value === undefined) strange.push(whole);
    return value ?? "";
  });
  return strange[0] === undefined ? { query } : { strange: strange[0] };
}

function valueOf(action: string, names: Names): string | undefined {
  if (action === "target") return VERSION;
  const variable = /^variables\.([\w-]+)$/u.exec(action)?.[1] ?? /^index variables "([^"]+)"$/u.exec(action)?.[1];
  if (variable !== undefined) return names.variables[variable];
  const known = ["name", "namespace", "service", "ingress", "route", "interval"] as const;
  const name = known.find((one) => one === action);
  return name && names[name];
}
