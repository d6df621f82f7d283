// What would Kayenta say of these metrics, and is it right to say so?
import { text } from "node:stream/consumers";
import { doubleText } from "../core/stats/kayenta/decimal.ts";
import { judge } from "../core/stats/kayenta/judge.ts";
import { parseRequest, type JudgeRequest, type RequestIssue } from "../core/stats/kayenta/request.ts";
import { resultText, type CanaryAnalysisResult, type CanaryJudgeResult } from "../core/stats/kayenta/result.ts";
import { lacksIn, nameOf, type Lack } from "../core/stats/kayenta/strict.ts";
import type { Io } from "./io.ts";
import { hanging, painter, table, type Paint } from "./paint.ts";
import { BAD_INPUT, readText, unreadable } from "./rollout-file.ts";

/** What the command is given. */
export interface JudgeOptions {
  /** A file with `{canaryConfig, metricSetPairList, scoreThresholds}`; `-` is standard input. */
  readonly file: string;
  /** Refuse a pass that rests on lack of data. */
  readonly strict: boolean;
  readonly json: boolean;
}

/** Exit codes by the judge's label. */
const CODES = { Pass: 0, Fail: 3, Marginal: 4 } as const;

/** Exit code of a pass that strictness does not accept: a person must decide. */
const REFUSED = 4;

type Out = Pick<Io, "out" | "err" | "color">;

/**
 * `serin judge --kayenta REQUEST.json`: 0 for a pass, 3 for a fail, 4 for marginal or a pass that `strict` refuses, 2 with
 * every mistake when the request is wrong. With `json` standard output is Kayenta's own answer and nothing else.
 */
export async function judgeKayentaCommand({ file, strict, json }: JudgeOptions, io: Out): Promise<number> {
  const read = await readFileOf(file);
  if (!read.ok) {
    if (json) io.out(JSON.stringify({ ok: false, issues: read.issues }));
    else io.err(issueText(file, read.issues, painter(io.color)));
    return BAD_INPUT;
  }
  const result = judge(read.request);
  const lacks = strict ? lacksIn(read.request, result) : [];
  const { classification } = result.score;
  const isRefused = classification === "Pass" && lacks.length > 0;
  if (json) {
    io.out(resultText(result));
    for (const lack of lacks) io.err(lack.text);
  } else io.out([...report(result, painter(io.color)), ...lackLines(lacks, isRefused)].join("\n"));
  return isRefused ? REFUSED : CODES[classification];
}

type ReadFile =
  | { readonly ok: true; readonly request: JudgeRequest }
  | { readonly ok: false; readonly issues: readonly RequestIssue[] };

async function readFileOf(file: string): Promise<ReadFile> {
  let content: string;
  try {
    content = file === "-" ? await text(process.stdin) : await readText(file);
  } catch (error) {
    const message = unreadable(error).replace("a rollout file", "a judge request");
    return { ok: false, issues: [{ path: "", code: "unreadable", message }] };
  }
  return parseRequest(content);
}

/** One mistake per line: `request.json scoreThresholds.pass  found …`. */
function issueText(file: string, issues: readonly RequestIssue[], paint: Paint): string {
  const name = paint("bold", file === "-" ? "standard input" : file);
  return issues.map(({ path, message }) => `${name}${path ? ` ${paint("cyan", path)}` : ":"}  ${message}`).join("\n");
}

const HEAD = ["metric", "groups", "classification", "ratio", "canary mean", "baseline mean", "points", "reason"];

/** Four significant digits: a table is for reading, the JSON has them all. */
function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : "–";
}

function row(result: CanaryAnalysisResult): string[] {
  const [canary, baseline] = [result.experimentMetadata.stats, result.controlMetadata.stats];
  const marks = [result.critical ? "critical" : "", result.muted ? "muted" : ""].filter(Boolean);
  return [
    nameOf(result),
    (result.groups ?? []).join(", ") || "–",
    [result.classification, ...marks].join(", "),
    short(result.resultMetadata?.ratio ?? NaN),
    canary.count === 0 ? "–" : short(canary.mean),
    baseline.count === 0 ? "–" : short(baseline.mean),
    `${canary.count}/${baseline.count}`,
    result.classificationReason ?? "",
  ];
}

const COLORS = { Pass: "green", Marginal: "yellow", Fail: "red" } as const;

function report({ results, groupScores, score }: CanaryJudgeResult, paint: Paint): readonly string[] {
  const [head = "", ...rows] = table([HEAD, ...results.map(row)]);
  const groups = table([["group", "score"], ...groupScores.map(({ name, score: own }) => [name, short(own)])]);
  const label = paint(COLORS[score.classification], score.classification);
  const reason = score.classificationReason ? `: ${score.classificationReason}` : "";
  return [
    paint("bold", head),
    ...rows,
    "",
    paint("bold", groups[0] ?? ""),
    ...groups.slice(1),
    "",
    `score ${doubleText(score.score)}, ${label}${reason}`,
  ];
}

const WIDTH = 100;

function lackLines(lacks: readonly Lack[], isRefused: boolean): readonly string[] {
  if (lacks.length === 0) return [];
  const title = isRefused
    ? "Refused: Kayenta calls this a pass, but it rests on lack of data."
    : "Passes only for lack of data:";
  return ["", title, ...lacks.flatMap((lack) => hanging("  - ", lack.text, WIDTH))];
}
