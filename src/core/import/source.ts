// Which documents are in the files that somebody wrote for other programs?
import { isMap, LineCounter, parseAllDocuments, Scalar, visit, type Document } from "yaml";
import { messageOf } from "../issues.ts";
import type { Path } from "../spec/fields.ts";
import type { Position } from "../spec/parse.ts";
import { offsetOf } from "../spec/positions.ts";
import type { Remark } from "./remark.ts";

/** A file, read. */
export interface SourceFile {
  /** As people name it. */
  readonly name: string;
  readonly text: string;
}

/** One object of a file. */
export interface Found {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Nothing when the document does not say. */
  readonly namespace: string | undefined;
  readonly data: unknown;
  /** Where a field stands; its nearest parent when it is not there. */
  readonly place: (path: Path, what: "key" | "value") => Position;
}

interface FoundIn {
  readonly found: readonly Found[];
  readonly wrong: readonly Remark[];
}

/** Longest file, in characters. */
const LONGEST = 10_000_000;

/** The objects of a file, those of lists too. Documents without content are none. */
export function foundIn({ name, text }: SourceFile): FoundIn {
  const wrongAt = ({ line, column }: Position, message: string): Remark => {
    return { file: name, line, column, path: "", level: "wrong", text: message };
  };
  const start = { line: 1, column: 1 };
  if (text.length > LONGEST)
    return { found: [], wrong: [wrongAt(start, `found ${text.length} characters, at most ${LONGEST} can be read`)] };
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const options = { lineCounter: lines, prettyErrors: false, merge: true, stringKeys: true } as const;
    const documents: readonly Document[] = parseAllDocuments(text.replace(/^\uFEFF/u, " "), options);
    const wrong = documents.flatMap(({ errors }) =>
      errors.slice(0, 1).map(({ pos, message }) => wrongAt(at(pos[0]), `not YAML: ${message}`)),
    );
    const sound = documents.filter(({ errors, contents }) => errors.length === 0 && isMap(contents));
    const other = documents.filter(({ errors, contents }) => errors.length === 0 && contents && !isMap(contents));
    const strange = other
      .filter(({ contents }) => contents?.toJSON() !== null)
      .map(({ contents }) =>
        wrongAt(at(contents?.range?.[0] ?? 0), "found no map, a document has apiVersion and kind"),
      );
    return {
      found: sound.flatMap((document) => objectsOf(document, { file: name, at })),
      wrong: [...wrong, ...strange],
    };
  } catch (error) {
    return { found: [], wrong: [wrongAt(start, `the file cannot be read as YAML: ${messageOf(error)}`)] };
  }
}

interface In {
  readonly file: string;
  readonly at: (offset: number) => Position;
}

/** What every object has. */
interface Head {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly metadata?: { readonly name?: unknown; readonly generateName?: unknown; readonly namespace?: unknown } | null;
  readonly items?: unknown;
}

function objectsOf(document: Document, { file, at }: In): readonly Found[] {
  const place = (base: Path): Found["place"] => {
    return (path, what) => at(offsetOf(document, [...base, ...path], what));
  };
  asKubernetes(document);
  const whole = document.toJS() as Head;
  const isList = typeof whole.kind === "string" && whole.kind.endsWith("List") && Array.isArray(whole.items);
  if (!isList) return [foundOf(whole, file, place([]))];
  return (whole.items as readonly unknown[])
    .map((item, index) => ({ item, index }))
    .filter(({ item }) => typeof item === "object" && item !== null)
    .map(({ item, index }) => foundOf(item as Head, file, place(["items", index])));
}

/** As kubectl reads them: YAML 1.1 has octal numbers and words for true and false that are texts in 1.2. */
const OCTAL = /^[-+]?0[0-7]+$/u;
const TRUE = /^(?:yes|Yes|YES|on|On|ON)$/u;
const FALSE = /^(?:no|No|NO|off|Off|OFF)$/u;

function asKubernetes(document: Document): void {
  visit(document, {
    Scalar(key, node) {
      if (key === "key" || node.type !== Scalar.PLAIN || node.source === undefined) return;
      if (OCTAL.test(node.source)) node.value = Number.parseInt(node.source, 8);
      else if (TRUE.test(node.source)) node.value = true;
      else if (FALSE.test(node.source)) node.value = false;
    },
  });
}

function foundOf(data: Head, file: string, place: Found["place"]): Found {
  const { name, generateName, namespace } = data.metadata ?? {};
  return {
    file,
    apiVersion: textOf(data.apiVersion),
    kind: textOf(data.kind),
    // What the API server would lengthen is a name here.
    name: textOf(name) || textOf(generateName).replace(/[^a-z0-9]+$/u, ""),
    namespace: typeof namespace === "string" ? namespace : undefined,
    data,
    place,
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
