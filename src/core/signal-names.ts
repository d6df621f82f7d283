// How does the name of a signal say from which source it is read?

/** A name that a source of the file answers: `@prom orders_total{result="paid"}`, `@prom = avg(queue{role="{{role}}"})`. */
export interface SourcedName {
  /** As the file calls it. */
  readonly source: string;
  /** What `series`, `good`, `bad` or `total` say, or a `query` of the user's own. */
  readonly asks: "series" | "query";
  readonly text: string;
}

/** No selector begins with this, and no metric has it in its name. */
const MARK = "@";
const QUERY = "= ";

/** A name of a source: letters, digits, dashes and dots, for it is followed by a space. */
export const SOURCE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/u;

/** The name of a signal; the one that `readSignalName` reads. */
export function signalName({ source, asks, text }: SourcedName): string {
  return `${MARK}${source} ${asks === "query" ? QUERY : ""}${text.trim()}`;
}

/** Which source a name is of; nothing for one of the replicas' own pages or of their processes. */
export function readSignalName(name: string): SourcedName | undefined {
  const space = name.indexOf(" ");
  if (!name.startsWith(MARK) || space < 0) return undefined;
  const source = name.slice(MARK.length, space);
  const text = name.slice(space + 1);
  return text.startsWith(QUERY)
    ? { source, asks: "query", text: text.slice(QUERY.length) }
    : { source, asks: "series", text };
}
