// What of a request do rules look at?
import { plainPath } from "./path.ts";

/** A request's head, as either front has read it. */
export interface Asked {
  /** The method as it was sent. */
  readonly verb: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** Content of the Cookie fields, if the route in force needs them. */
  readonly cookies: string | undefined;
  /** Values of a header that the route in force needs, by its name in lower case. */
  field(name: string): readonly string[];
}

const NONE: readonly string[] = [];

/** One request before the rules: each part is taken apart when the first rule asks for it, and once. */
export class Sight {
  readonly preview: boolean;
  readonly #asked: Asked;
  #path: string | undefined;
  #query: URLSearchParams | undefined;
  #cookies: ReadonlyMap<string, readonly string[]> | undefined;

  constructor(asked: Asked, preview: boolean) {
    this.#asked = asked;
    this.preview = preview;
  }

  get method(): string {
    return this.#asked.verb;
  }

  get path(): string {
    return (this.#path ??= plainPath(this.#asked.target));
  }

  header(name: string): readonly string[] {
    return this.#asked.field(name).map(readable);
  }

  /** As forms write it: percent-decoded, `+` for a space. */
  query(name: string): readonly string[] {
    return (this.#query ??= queryOf(this.#asked.target)).getAll(name);
  }

  cookie(name: string): readonly string[] {
    return (this.#cookies ??= cookiesIn(this.#asked.cookies ?? "")).get(name) ?? NONE;
  }
}

function queryOf(target: string): URLSearchParams {
  const [whole = ""] = target.split("#", 1);
  const at = whole.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : whole.slice(at + 1));
}

function cookiesIn(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const pair of text.split(";")) {
    const at = pair.indexOf("=");
    if (at < 0) continue;
    const name = pair.slice(0, at).trim();
    const value = readable(pair.slice(at + 1).trim());
    const known = found.get(name);
    if (known) known.push(value);
    else found.set(name, [value]);
  }
  return found;
}

/** Heads are read byte by byte; who sends more than ASCII means UTF-8. */
function readable(value: string): string {
  return /[\u0080-\u00FF]/u.test(value) ? Buffer.from(value, "latin1").toString("utf8") : value;
}
