// What did they ask, or where exactly is the file wrong?
//
// Beside zod, the core imports `yaml` here and in positions.ts: it is as pure as the core, text in and data out.
import { LineCounter, isMap, isPair, isScalar, isSeq, parseAllDocuments, type Document, type YAMLError } from "yaml";
import type * as z from "zod";
import type { Issue } from "../issues.ts";
import { messageOf } from "../issues.ts";
import { pathOf, pathText, type Path } from "./fields.ts";
import { nearest } from "./nearest.ts";
import { FacadeSchema, type Facade } from "./facade.ts";
import { ReleaseSchema, type Release } from "./release.ts";
import { offsetOf, resolved } from "./positions.ts";
import { API_VERSION, KIND, RolloutSchema, type Rollout } from "./rollout.ts";
import { listed } from "./rule.ts";
import { missingText, unknownText, wrongText } from "./texts.ts";

/** A place in the text; lines and columns count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where a path such as `spec.strategy.canary.steps[1].weight` stands; its nearest parent when it is not there. */
export type At = (path: string) => Position;

/** What a file of another kind says, or every mistake in it. */
export type FileResult<T> = { readonly ok: true; readonly value: T; readonly at: At } | Failed;

type Failed = { readonly ok: false; readonly issues: readonly Issue[] };

export type ParseResult = { readonly ok: true; readonly rollout: Rollout; readonly at: At } | Failed;

/** Any document that Serin reads; its `kind` says which. */
type AnyDocument = Rollout | Facade | Release;

export type DocumentResult =
  | {
      readonly ok: true;
      readonly document: AnyDocument;
      /** The same as it is written, before units and defaults. */
      readonly data: unknown;
      readonly at: At;
    }
  | Failed;

const SCHEMAS: { readonly [K in AnyDocument["kind"]]: z.ZodType<Extract<AnyDocument, { readonly kind: K }>> } = {
  Rollout: RolloutSchema,
  Facade: FacadeSchema,
  Release: ReleaseSchema,
};
const KINDS = Object.keys(SCHEMAS) as readonly AnyDocument["kind"][];

/** Longest file, in characters. What is longer is not a rollout file. */
const LONGEST = 1_000_000;

/** Reads a rollout file: the rollout, or every mistake in it with its place. */
export function parseRollout(text: string): ParseResult {
  const read = parseAs(text, [KIND]);
  if (!read.ok) return read;
  if (read.document.kind !== KIND) throw new Error(`read ${read.document.kind} for a rollout`);
  return { ok: true, rollout: read.document, at: read.at };
}

/** Reads a file of any kind. One without a kind is taken to be a rollout. */
export function parseDocument(text: string): DocumentResult {
  return parseAs(text, KINDS);
}

/** A kind of file that people write. */
interface FileKind {
  /** `a rollout file`. */
  readonly called: string;
  /** What a good one begins with, or has. */
  readonly example: string;
}

const ROLLOUT_FILE: FileKind = {
  called: "a rollout file",
  example: `begins with apiVersion: ${API_VERSION} and kind: ${KIND}`,
};

/** Reads another kind of file by its own schema, with the same care. */
export function parseFile<T>(
  text: string,
  { schema, ...kind }: FileKind & { readonly schema: z.ZodType<T> },
): FileResult<T> {
  return parseText(text, kind, (document, at) => readAs(document, { ...at, schema }));
}

function parseAs(text: string, kinds: Kinds): DocumentResult {
  return parseText(text, ROLLOUT_FILE, (document, at) => readDocument(document, { ...at, kinds }));
}

function parseText<R>(text: string, kind: FileKind, read: (document: Document, at: Found) => R): R | Failed {
  if (text.length > LONGEST)
    return failed([whole("too-long", `found ${text.length} characters, ${kind.called} has at most ${LONGEST}`)]);
  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const found = readYaml(text.startsWith("\uFEFF") ? text.slice(1) : text, { lines, position, kind });
    return found.document ? read(found.document, { issues: found.issues, position }) : failed(found.issues);
  } catch (error) {
    // Lists a thousand deep, aliases of aliases of aliases: nothing that a person writes.
    return failed([whole("yaml", `the file cannot be read as YAML: ${messageOf(error)}`)]);
  }
}

type Locate = (offset: number) => Position;

/** What is wrong already, and where things stand. */
interface Found {
  readonly issues: readonly Issue[];
  readonly position: Locate;
}

type Kinds = readonly AnyDocument["kind"][];

function failed(issues: readonly Issue[]): Failed {
  const sorted = issues.toSorted((a, b) => a.line - b.line || a.column - b.column);
  return { ok: false, issues: sorted };
}

function whole(code: string, message: string): Issue {
  return { line: 1, column: 1, path: "", code, message };
}

interface Yaml {
  /** Only when its data can be relied on. */
  readonly document?: Document | undefined;
  readonly issues: readonly Issue[];
}

function readYaml(
  text: string,
  at: { readonly lines: LineCounter; readonly position: Locate; readonly kind: FileKind },
): Yaml {
  const documents: readonly Document[] = parseAllDocuments(text, {
    lineCounter: at.lines,
    prettyErrors: false,
    merge: true,
    stringKeys: true,
  });
  const [document, ...others] = documents;
  const { called, example } = at.kind;
  if (!document?.contents || (isScalar(document.contents) && document.contents.value === null)) {
    if (!document?.errors.length) return { issues: [whole("empty", `the file is empty, ${called} ${example}`)] };
  }
  const errors = documents.flatMap(({ errors: list, warnings }) => [list, warnings].flat());
  const offsets = errors.map(({ pos }) => pos[0]);
  // One missing bracket makes every map and list around it end wrongly: the first message says it all.
  const first = errors.filter((_, index) => offsets.indexOf(offsets[index] ?? 0) === index);
  const issues = first.map((error) => yamlIssue(error, text, at.position));
  const second = others.find(({ contents }) => contents !== null);
  if (second) {
    const message = `found a second document (---), ${called} holds one: put the other into a file of its own`;
    issues.push({ ...at.position(second.contents?.range?.[0] ?? 0), path: "", code: "documents", message });
  }
  const isSound = errors.every(({ code }) => code === "DUPLICATE_KEY");
  return { document: isSound ? document : undefined, issues };
}

function yamlIssue(error: YAMLError, text: string, position: Locate): Issue {
  const at = { ...position(error.pos[0]), path: "" };
  if (error.code === "DUPLICATE_KEY") {
    const name = /^[^\s:,}]+/u.exec(text.slice(error.pos[0]))?.[0] ?? "a name";
    return { ...at, code: "duplicate", message: `found ${name} again, a name stands only once in a map` };
  }
  const isTab = error.code === "TAB_AS_INDENT";
  return {
    ...at,
    code: "yaml",
    message: isTab ? "found a tab, YAML is indented with spaces" : `not YAML: ${error.message}`,
  };
}

function readDocument(document: Document, at: Found & { readonly kinds: Kinds }): DocumentResult {
  const locate = locateIn(document, at);
  const { kind, foreign } = kindOf(document.toJS(), at.kinds);
  if (foreign !== undefined) {
    return failed([
      ...at.issues,
      { ...locate(["kind"], "value"), path: "kind", code: "wrong-value", message: foreign },
    ]);
  }
  const schema = SCHEMAS[kind] as z.ZodType<AnyDocument>;
  const read = readAs(document, { ...at, schema });
  return read.ok ? { ok: true, document: read.value, data: read.data, at: read.at } : read;
}

type Read<T> = { readonly ok: true; readonly value: T; readonly data: unknown; readonly at: At } | Failed;

function readAs<T>(document: Document, at: Found & { readonly schema: z.ZodType<T> }): Read<T> {
  const locate = locateIn(document, at);
  keepText(document);
  const data: unknown = document.toJS();
  const read = at.schema.safeParse(data, { error: wrongText });
  const found = read.success ? [] : issuesOf(read.error, data, { schema: at.schema, locate });
  const issues = [...at.issues, ...found];
  if (!read.success || issues.length > 0) return failed(issues);
  return { ok: true, value: read.data, data, at: (path) => locate(pathOf(path), "value") };
}

const locateIn =
  (document: Document, { position }: Found): Reader["locate"] =>
  (path, what) =>
    position(offsetOf(document, path, what));

/** Maps and lists whose values are texts, whatever they look like: `1.10` is not 1.1, and `0x10` not 16. */
const TEXTS = new Set(["annotations", "command", "cookie", "env", "header", "headers", "labels", "query"]);

function keepText(document: Document): void {
  const seen = { text: new Set<unknown>(), other: new Set<unknown>() };
  const visit = (given: unknown, isText: boolean): void => {
    const node = resolved(document, given);
    if (isScalar(node)) {
      if (isText && node.value !== null && typeof node.value !== "string") node.value = node.source;
      return;
    }
    const known = isText ? seen.text : seen.other;
    if ((!isMap(node) && !isSeq(node)) || known.has(node)) return;
    // An alias may stand in very many places; one visit is enough.
    known.add(node);
    for (const item of node.items) {
      if (!isPair(item)) visit(item, isText);
      else visit(item.value, isTextField(item.key, item.value, isText));
    }
  };
  visit(document.contents, false);
}

/** `present: true` stands beside texts and is none; `limits.headers: 200` only looks like such a map. */
function isTextField(key: unknown, value: unknown, isText: boolean): boolean {
  const name = isScalar(key) ? String(key.value) : "";
  if (name === "exact") return true;
  return isText ? name !== "present" : TEXTS.has(name) && !isScalar(value);
}

/** Whose documents `serin import` converts. Argo has a kind Rollout too. */
const IMPORTED = /^(?:flagger\.app|argoproj\.io)\//u;

/** A Deployment or a Flagger Canary is not a rollout with twenty mistakes. */
function kindOf(data: unknown, kinds: Kinds): { kind: AnyDocument["kind"]; foreign?: string | undefined } {
  const asked = typeof data === "object" && data !== null && "kind" in data ? data.kind : undefined;
  if (typeof asked !== "string") return { kind: KIND };
  const of = typeof data === "object" && data !== null && "apiVersion" in data ? data.apiVersion : undefined;
  const version = typeof of === "string" ? ` of ${of}` : "";
  const known = `kind: ${listed(kinds, "or")} of ${API_VERSION}`;
  if (typeof of === "string" && IMPORTED.test(of))
    return { kind: KIND, foreign: `found ${asked}${version}, Serin reads ${known}: serin import converts such files` };
  const kind = kinds.find((one) => one === asked) ?? kinds.find((one) => one === nearest(asked, kinds));
  if (kind) return { kind };
  const ours = KINDS.some((other) => other === asked);
  return {
    kind: KIND,
    foreign: `found ${asked}${version}, ${ours ? `${known} must be here` : `Serin reads ${known}`}`,
  };
}

/** `comand` instead of `command` is one mistake: the field that is missing then is not named a second time. */
function withoutEchoes(issues: readonly Issue[]): readonly Issue[] {
  const meant = new Set<string>();
  for (const { code, path, message } of issues) {
    const name = code === "unknown-field" ? /did you mean (\S+)\?$/u.exec(message)?.[1] : undefined;
    if (name !== undefined) meant.add(pathText([...pathOf(path).slice(0, -1), name]));
  }
  return issues.filter(({ code, path }) => code !== "missing-field" || !meant.has(path));
}

/** What a document is read by, and where its fields stand. */
export interface Reader {
  readonly schema: z.ZodType;
  readonly locate: (path: Path, what: "key" | "value") => Position;
}

/** What a schema has found wrong, each at its place and in our words. Read with `wrongText` as zod's error map. */
export function issuesOf(error: z.ZodError, data: unknown, reader: Reader): readonly Issue[] {
  return withoutEchoes(error.issues.flatMap((issue) => named(issue, data, reader)));
}

function named(issue: z.core.$ZodIssue, data: unknown, { schema, locate }: Reader): readonly Issue[] {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const at = [...path, key];
      const message = unknownText(schema, path, key);
      return { ...locate(at, "key"), path: pathText(at), code: "unknown-field", message };
    });
  }
  const isThere = has(data, path);
  const at = { ...locate(path, issue.code === "invalid_key" ? "key" : "value"), path: pathText(path) };
  if (!isThere && issue.code !== "custom") {
    return [{ ...at, code: "missing-field", message: missingText(schema, path) }];
  }
  return [{ ...at, code: codeOf(issue), message: issue.message }];
}

function codeOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "custom") return typeof issue.params?.["code"] === "string" ? issue.params["code"] : "wrong-value";
  return issue.code === "invalid_type" ? "wrong-type" : "wrong-value";
}

function has(data: unknown, path: Path): boolean {
  let value = data;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return false;
    value = (value as Readonly<Record<string | number, unknown>>)[part];
  }
  return true;
}
