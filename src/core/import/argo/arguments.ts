// What do the arguments of an analysis stand for?
import { VERSION } from "../promql.ts";
import type { Part } from "../part.ts";
import type { AnalysisRef, TemplateSpec } from "./analysis-fields.ts";
import type * as z from "zod";

/** What an argument is filled in with. */
type Value =
  | { readonly kind: "text"; readonly text: string }
  /** The hash of the candidate's pods, or of stable's. */
  | { readonly kind: "hash"; readonly of: "Latest" | "Stable" }
  | { readonly kind: "secret"; readonly name: string; readonly key: string }
  | { readonly kind: "unknown"; readonly why: string };

export type Values = Readonly<Record<string, Value>>;

/** What a field of the rollout says that an argument may take. */
export interface Owner {
  readonly name: string;
  readonly namespace: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Services that select one version alone. */
  readonly services: readonly (string | undefined)[];
}

type Argument = NonNullable<AnalysisRef["args"]>[number] | NonNullable<z.output<typeof TemplateSpec>["args"]>[number];

function fieldOf(path: string, owner: Owner): Value {
  if (path === "metadata.name") return { kind: "text", text: owner.name };
  if (path === "metadata.namespace") return { kind: "text", text: owner.namespace ?? "default" };
  const [, map, quoted] = /^metadata\.(labels|annotations)\[['"](.+)['"]\]$/u.exec(path) ?? [];
  const value = quoted === undefined ? undefined : owner[map === "labels" ? "labels" : "annotations"][quoted];
  if (value !== undefined) return { kind: "text", text: value };
  return { kind: "unknown", why: `${path} is nothing that the file says` };
}

/** The arguments of a list, by name. Each is handled by that. */
export function valuesOf(list: Part<readonly Argument[]> | undefined, owner: Owner): Values {
  const entries = (list?.items() ?? []).map((part): readonly [string, Value] => {
    const { name, value, valueFrom } = part.take();
    // An experiment's own names for the pods of its templates.
    if (value !== undefined && /^\{\{\s*templates\.[\w-]+\.podTemplateHash\s*\}\}$/u.test(value))
      return [name, { kind: "hash", of: "Latest" }];
    if (value !== undefined) return [name, { kind: "text", text: value }];
    if (valueFrom && "podTemplateHashValue" in valueFrom && valueFrom.podTemplateHashValue)
      return [name, { kind: "hash", of: valueFrom.podTemplateHashValue }];
    if (valueFrom && "secretKeyRef" in valueFrom && valueFrom.secretKeyRef)
      return [name, { kind: "secret", ...valueFrom.secretKeyRef }];
    if (valueFrom?.fieldRef) return [name, fieldOf(valueFrom.fieldRef.fieldPath, owner)];
    return [name, { kind: "unknown", why: `the argument ${name} has no value` }];
  });
  return Object.fromEntries(entries);
}

/** Those of a template, and in their place those of whoever uses it. */
export function together(own: Values, given: Values): Values {
  return { ...own, ...given };
}

/** A text with its arguments filled in, or why it cannot be. */
export type Filled = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

const ARGUMENT = /\{\{\s*(?:args|inputs)\.([\w.-]+)\s*\}\}/gu;

/**
 * Fills arguments in. The hash of the candidate's pods, and the names of Services that select one version alone, stand
 * for the version's own pods.
 */
export function filled(text: string, values: Values): Filled {
  const wrong: string[] = [];
  const whole = text.replaceAll(ARGUMENT, (_, name: string) => {
    const value = values[name];
    if (value?.kind === "text") return value.text;
    if (value?.kind === "hash" && value.of === "Latest") return VERSION;
    wrong.push(whyNot(name, value));
    return "";
  });
  return wrong[0] === undefined ? { ok: true, text: whole.trim() } : { ok: false, why: wrong[0] };
}

function whyNot(name: string, value: Exclude<Value, { kind: "text" }> | undefined): string {
  if (!value) return `the argument ${name} has no value`;
  if (value.kind === "unknown") return value.why;
  if (value.kind === "secret") return `the argument ${name} is a secret, and nothing here holds one`;
  return "it names stable's pods: Serin asks the same question of both versions, and compares";
}

/** The same question where a Service of one version stood in it: that is the version's own pods. */
export function ofVersion(values: Values, services: readonly (string | undefined)[]): Values {
  const names = services.filter((name) => name !== undefined);
  const entries = Object.entries(values).map(([name, value]): readonly [string, Value] => {
    const isService =
      value.kind === "text" && names.some((one) => value.text === one || value.text.startsWith(`${one}.`));
    return [name, isService ? { kind: "hash", of: "Latest" } : value];
  });
  return Object.fromEntries(entries);
}
