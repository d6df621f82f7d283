// What do secrets say that somebody outside is shown, and how do they stay untold?
import { readFile } from "node:fs/promises";
import type { Text } from "../core/outbox/message.ts";

/** A secret that is not there. Its text names where it was looked for. */
export class NoSecret extends Error {
  override readonly name = "NoSecret";
}

/** Texts of one delivery, or of one question. What was read from elsewhere is remembered, so that it can be kept out of what is told. */
export class Secrets {
  readonly #values = new Set<string>();

  /** Rejects with a NoSecret for one that is not there, or empty. */
  async textOf(text: Text): Promise<string> {
    if (typeof text === "string") return text;
    const value = "env" in text ? fromEnvironment(text.env) : await fromFile(text.file);
    return this.kept(value);
  }

  /** A text that is secret too: made of one, or got for one. */
  kept(value: string): string {
    for (const part of [value, ...secretParts(value)]) for (const form of formsOf(part)) this.#values.add(form);
    return value;
  }

  /** The same for each value of a map. */
  async textsOf(texts: Readonly<Record<string, Text>>): Promise<Readonly<Record<string, string>>> {
    const read = Object.entries(texts).map(async ([name, text]) => [name, await this.textOf(text)] as const);
    return Object.fromEntries(await Promise.all(read));
  }

  /** A text without what is secret. The longest first: one secret may be a part of another. */
  masked(text: string): string {
    const longest = [...this.#values].toSorted((a, b) => b.length - a.length);
    let told = text;
    for (const value of longest) told = told.replaceAll(value, "***");
    return told;
  }
}

/** Shorter parts of an address are words that anybody may say. */
const LEAST_PATH = 8;
const LEAST_PART = 16;

/** Of an address that is a secret: its path, and what in it may be the secret itself. Servers tell those back alone. */
function secretParts(value: string): readonly string[] {
  const url = /^https?:/u.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  if (!url) return [];
  const { pathname, search, searchParams } = url;
  const parts = [...pathname.split("/"), ...searchParams.values()].filter((part) => part.length >= LEAST_PART);
  return [`${pathname}${search}`, pathname].filter((path) => path.length >= LEAST_PATH).concat(parts);
}

/** Forms in which others give back what they were given. */
function formsOf(value: string): readonly string[] {
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    Buffer.from(value).toString("base64"),
    Buffer.from(value).toString("base64url"),
  ];
}

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new NoSecret(`the environment variable ${name} is not set`);
  if (value === "") throw new NoSecret(`the environment variable ${name} is empty`);
  return value;
}

async function fromFile(path: string): Promise<string> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    const why = code === "ENOENT" ? "does not exist" : `cannot be read (${code})`;
    throw new NoSecret(`the file ${path} ${why}`);
  }
  // The line end that editors put there is not meant.
  const value = content.replace(/\r?\n$/u, "");
  if (value === "") throw new NoSecret(`the file ${path} is empty`);
  return value;
}
