// What does a rollout file ask for, with the files that it names?
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { messageOf } from "../core/issues.ts";
import { parseRollout, type ParseResult } from "../core/spec/parse.ts";

/** Longest canary configuration, in bytes. */
const LONGEST = 4 * 1024 ** 2;

/**
 * Reads a rollout file and what it names: the canary configuration of Kayenta's judge, from `origin` on, the file's
 * folder. What cannot be read is a mistake at the place that names it.
 */
export async function readRolloutText(text: string, origin: string): Promise<ParseResult> {
  const parsed = parseRollout(text);
  const config = parsed.ok ? parsed.rollout.spec.analysis?.kayenta?.config : undefined;
  if (!parsed.ok || typeof config !== "string") return parsed;
  const path = "spec.analysis.config";
  try {
    const read = await contentOf(resolve(origin, config));
    const { rollout } = parsed;
    const { analysis } = rollout.spec;
    if (!analysis?.kayenta) return parsed;
    const kayenta = { ...analysis.kayenta, config: read };
    return { ...parsed, rollout: { ...rollout, spec: { ...rollout.spec, analysis: { ...analysis, kayenta } } } };
  } catch (error) {
    const message = `found ${config}, which cannot be read as a canary configuration: ${messageOf(error)}`;
    return { ok: false, issues: [{ ...parsed.at(path), path, code: "unreadable", message }] };
  }
}

async function contentOf(file: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(file, "utf8");
  if (text.length > LONGEST) throw new Error(`it has more than ${LONGEST} characters`);
  const content = jsonOf(text.startsWith("\uFEFF") ? text.slice(1) : text);
  if (typeof content !== "object" || content === null || Array.isArray(content)) throw new Error("it is no map");
  return content as Readonly<Record<string, unknown>>;
}

/** What does not parse may be any file of this machine: nothing of it is told. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it is no JSON");
  }
}
