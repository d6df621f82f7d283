// Which fields does the schema know at a place?
import * as z from "zod";

/** A place in a document. */
export type Path = readonly (string | number)[];

/** A place as people write it: `spec.strategy.canary.steps[1].weight`. */
export function pathText(path: Path): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else if (!/^[A-Za-z_$][\w$-]*$/u.test(part)) text += `[${JSON.stringify(part)}]`;
    else text += text === "" ? part : `.${part}`;
  }
  return text;
}

const PART = /\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/gu;

/** The other way round. */
export function pathOf(text: string): Path {
  return [...text.matchAll(PART)].map(([, index, quoted, name]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (name ?? "") : (JSON.parse(quoted) as string);
  });
}

/** The part of a schema that describes what stands in the file: without defaults, rules and what is made of it. */
function input(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return input(schema.def.innerType);
  }
  return schema instanceof z.ZodPipe ? input(schema.def.in) : schema;
}

function child(schema: z.core.$ZodType, part: string | number): z.core.$ZodType | undefined {
  const inner = input(schema);
  if (inner instanceof z.ZodObject) return inner.shape[String(part)];
  if (inner instanceof z.ZodArray) return inner.element;
  return inner instanceof z.ZodRecord ? inner.valueType : undefined;
}

/** The schema at a place. */
function schemaAt(root: z.core.$ZodType, path: Path): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = root;
  for (const part of path) schema = schema && child(schema, part);
  return schema;
}

/** Names of the fields that can stand at a place. */
export function namesAt(root: z.core.$ZodType, path: Path): readonly string[] {
  const schema = schemaAt(root, path);
  const inner = schema && input(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/** Names of the fields that a map must have. */
export function requiredOf(schema: z.core.$ZodType): readonly string[] {
  const inner = input(schema);
  if (!(inner instanceof z.ZodObject)) return [];
  return Object.keys(inner.shape).filter((name) => inner.shape[name]._zod.optin !== "optional");
}

/** Names of the fields of which a map must have exactly one, as its schema says to editors. */
export function eitherOf(schema: z.core.$ZodType): readonly string[] {
  const { oneOf } = z.globalRegistry.get(schema) ?? {};
  const ways = Array.isArray(oneOf) ? (oneOf as readonly { readonly required?: readonly string[] }[]) : [];
  return ways.flatMap(({ required = [] }) => required);
}

/** What the field at a place is for, in a sentence. */
export function descriptionAt(root: z.core.$ZodType, path: Path): string | undefined {
  const schema = schemaAt(root, path);
  return schema && z.globalRegistry.get(schema)?.description;
}

/** Every place where a field of this name can stand, list entries as `[]`. */
export function placesOf(root: z.core.$ZodType, name: string): readonly string[] {
  const places: string[] = [];
  const visit = (schema: z.core.$ZodType, at: string): void => {
    const inner = input(schema);
    if (inner instanceof z.ZodArray) visit(inner.element, `${at}[]`);
    if (!(inner instanceof z.ZodObject)) return;
    for (const [key, value] of Object.entries(inner.shape)) {
      if (key === name) places.push(at);
      visit(value as z.core.$ZodType, at === "" ? key : `${at}.${key}`);
    }
  };
  visit(root, "");
  return places;
}
