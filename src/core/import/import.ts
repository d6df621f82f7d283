// What do files of Flagger and Argo Rollouts become?
import type { Issue } from "../issues.ts";
import { parseDocument } from "../spec/parse.ts";
import { convertRollout } from "./argo/rollout.ts";
import { convertExperiment } from "./argo/experiment.ts";
import { ANALYSIS_TEMPLATE, CLUSTER_ANALYSIS_TEMPLATE, EXPERIMENT, ROLLOUT } from "./argo/formats.ts";
import type { Context, Options, Written } from "./context.ts";
import { convertCanary } from "./flagger/canary.ts";
import { ALERT_PROVIDER, CANARY, METRIC_TEMPLATE } from "./flagger/formats.ts";
import { Known, type Format } from "./known.ts";
import { sorted, type Remark } from "./remark.ts";
import { foundIn, type Found, type SourceFile } from "./source.ts";
import { written } from "./write.ts";

/** How names of files with a rollout end. */
export const ROLLOUT_FILE = ".rollout.yaml";

/** A document that was written. */
interface ImportedDocument {
  /** Of its file: `podinfo.rollout.yaml`. */
  readonly name: string;
  readonly text: string;
}

/** What came of an import. */
export interface Imported {
  readonly documents: readonly ImportedDocument[];
  readonly remarks: readonly Remark[];
}

type Convert = (found: Found, context: Context) => void;

interface Convertible {
  readonly format: Format<unknown>;
  /** Nothing for what is converted where somebody refers to it. */
  readonly convert?: Convert;
}

const FORMATS: readonly Convertible[] = [
  { format: CANARY, convert: convertCanary },
  { format: METRIC_TEMPLATE },
  { format: ALERT_PROVIDER },
  { format: ROLLOUT, convert: convertRollout },
  { format: ANALYSIS_TEMPLATE },
  { format: CLUSTER_ANALYSIS_TEMPLATE },
  { format: EXPERIMENT, convert: convertExperiment },
];

/** Groups whose documents nobody should take for others. */
const THEIRS = /^(?:flagger\.app|argoproj\.io)\//u;

/** Converts all documents that it knows; others are used where these refer to them. */
export function importFiles(files: readonly SourceFile[], options: Options = {}): Imported {
  const read = files.map(foundIn);
  const found = read.flatMap((one) => one.found);
  const known = new Known(found);
  const documents: Written[] = [];
  for (const one of found) {
    const format = FORMATS.find(
      ({ format: { apiVersion, kind } }) => one.kind === kind && one.apiVersion === apiVersion,
    );
    if (!format) continue;
    known.check(one, format.format);
    const own: Written[] = [];
    const write = (document: Written): void => void own.push(document);
    format.convert?.(one, { known, options, namespace: one.namespace, write });
    // What it is about comes first, and then what stands beside it.
    documents.push(...own.toReversed());
  }
  known.leaveNothing();
  for (const one of found) passedBy(one, known);
  const made = named(documents);
  const remarks = [...read.flatMap(({ wrong }) => wrong), ...known.remarks];
  const own = made.flatMap(({ name, text }) => (name.endsWith(ROLLOUT_FILE) ? wrongIn(name, text) : []));
  return {
    documents: made,
    remarks: [
      ...sorted(
        remarks,
        files.map(({ name }) => name),
      ),
      ...own,
    ],
  };
}

/** What nobody refers to, and what nobody converts. */
function passedBy(found: Found, known: Known): void {
  const { kind, apiVersion, name } = found;
  const format = FORMATS.find((one) => one.format.kind === kind && one.format.apiVersion === apiVersion);
  const say = (level: Remark["level"], text: string, instead?: string): void =>
    known.say(found, { path: [], level, text, ...(instead === undefined ? {} : { instead }) });
  if (format) {
    if (!format.convert && !known.isOpened(found)) say("note", `${kind} ${name} is used by nothing here: passed by`);
    return;
  }
  const near = FORMATS.find((one) => one.format.kind === kind && THEIRS.test(apiVersion));
  if (kind === "" || apiVersion === "")
    say("wrong", "found no kind or no apiVersion: which document this is, nobody knows");
  else if (near)
    say(
      "none",
      `found ${kind} of ${apiVersion}, Serin reads ${near.format.apiVersion}`,
      "convert it to that version first",
    );
  else if (!known.isUsed(found)) say("note", `${kind} ${name} is passed by: it is not converted, and was not needed`);
}

/** Each with a name of its own. */
function named(documents: readonly Written[]): readonly ImportedDocument[] {
  const names: string[] = [];
  return documents.map(({ name, head, tree }) => {
    let unused = `${name}.yaml`;
    for (let number = 2; names.includes(unused); number += 1) unused = `${name}-${number}.yaml`;
    names.push(unused);
    return { name: unused, text: written(tree, head) };
  });
}

/** Mistakes in what was written: a value that was handed on and is not right here. */
function wrongIn(file: string, text: string): readonly Remark[] {
  const parsed = parseDocument(text);
  if (parsed.ok) return [];
  return parsed.issues.map(({ line, column, path, message }: Issue) => ({
    file,
    line,
    column,
    path,
    level: "none",
    text: `what was written here is not right yet: ${message}`,
    instead: "correct it in the file that was written",
  }));
}
