// Which rule does `--match canary=header:x-beta=1` mean?
import type { Condition, Match, ValueIs } from "../core/match.ts";
import type { Role } from "../core/split.ts";

const FORM = "--match: %s is not ROLE=header:NAME[=VALUE], cookie:…, query:…, path:/BEGINNING or method:NAME[,NAME…]";

type Kind = Exclude<Condition["on"], "listener">;

const CONDITIONS: { readonly [K in Kind]: (text: string) => Condition } = {
  header: (text) => ({ on: "header", ...named(text, (name) => name.toLowerCase()) }),
  cookie: (text) => ({ on: "cookie", ...named(text) }),
  query: (text) => ({ on: "query", ...named(text) }),
  path: (text) => ({ on: "path", is: { prefix: text } }),
  method: (text) => ({ on: "method", is: text.split(",") }),
};

/** Reads one flag; `roleOf` reads the role. Throws with what is wrong. */
export function matchOf(flag: string, roleOf: (name: string, where: string) => Role): Match {
  const parts = /^([^=]*)=([a-z]+):(.+)$/su.exec(flag);
  const [role = "", kind = "", text = ""] = parts?.slice(1) ?? [];
  if (!parts || !isKind(kind)) throw new Error(FORM.replace("%s", flag));
  return { when: [CONDITIONS[kind](text)], to: roleOf(role, "--match") };
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(CONDITIONS, kind);
}

/** `name=value`, or a name alone: it is there, whatever it is. */
function named(text: string, as = (name: string): string => name): { readonly name: string; readonly is: ValueIs } {
  const at = text.indexOf("=");
  if (at < 0) return { name: as(text), is: { present: true } };
  return { name: as(text.slice(0, at)), is: { exact: text.slice(at + 1) } };
}
