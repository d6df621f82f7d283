// Which documents are there, and what was said of them so far?
import type * as z from "zod";
import { pathText, type Path } from "../spec/fields.ts";
import { issuesOf } from "../spec/parse.ts";
import { wrongText } from "../spec/texts.ts";
import { Part, unhandled, type AnyPart } from "./part.ts";
import type { Remark } from "./remark.ts";
import type { Found } from "./source.ts";

/** A kind of documents that is converted. */
export interface Format<T> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: z.ZodType<T>;
  /** Of a document that is converted where another one refers to it. */
  readonly isReferred?: true;
}

/** Which object is meant. */
export interface Reference {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

interface Opened {
  readonly found: Found;
  /** Nothing when the document is wrong. */
  readonly part: AnyPart | undefined;
  readonly handled: Set<string>;
  /** Whether it was converted, or something that was converted refers to it. */
  isUsed: boolean;
}

/** All documents of one import. */
export class Known {
  readonly remarks: Remark[] = [];
  readonly #found: readonly Found[];
  readonly #opened = new Map<Found, Opened>();
  readonly #used = new Set<Found>();

  constructor(found: readonly Found[]) {
    this.#found = found;
  }

  /** Every document of a kind, in order. */
  all({ apiVersion, kind }: Pick<Format<unknown>, "apiVersion" | "kind">): readonly Found[] {
    return this.#found.filter((found) => found.kind === kind && found.apiVersion === apiVersion);
  }

  /** The object that is meant. One without a namespace is in whichever it is asked for. */
  find(reference: Reference, apiVersion: RegExp): Found | undefined {
    const found = this.#found.find((one) => {
      if (one.kind !== reference.kind || one.name !== reference.name || !apiVersion.test(one.apiVersion)) return false;
      return one.namespace === undefined || reference.namespace === undefined || one.namespace === reference.namespace;
    });
    if (found) this.#used.add(found);
    return found;
  }

  /** Says that objects of these names are referred to, though nothing is read there. */
  mention(references: readonly (Reference | undefined)[]): void {
    for (const one of this.#found)
      if (references.some((wanted) => wanted?.kind === one.kind && wanted.name === one.name)) this.#used.add(one);
  }

  /** Any object of a kind that passes; it counts as used. */
  where(kind: string, is: (data: unknown) => boolean): Found | undefined {
    const found = this.#found.find((one) => one.kind === kind && is(one.data));
    if (found) this.#used.add(found);
    return found;
  }

  isUsed(found: Found): boolean {
    return this.#used.has(found);
  }

  /** The document, read; nothing when it is wrong, and then it was said why. */
  open<T>(found: Found, format: Format<T>): Part<T> | undefined {
    const opened = this.#opened.get(found) ?? this.#read(found, format);
    opened.isUsed = true;
    return opened.part as Part<T> | undefined;
  }

  /** Names what is wrong with a document, whether somebody refers to it or not. */
  check<T>(found: Found, format: Format<T>): void {
    if (!this.#opened.has(found)) this.#read(found, format);
  }

  isOpened(found: Found): boolean {
    return this.#opened.get(found)?.isUsed ?? false;
  }

  #read<T>(found: Found, { schema, isReferred, kind }: Format<T>): Opened {
    const read = schema.safeParse(found.data, { error: wrongText });
    const handled = new Set<string>(["apiVersion", "kind"]);
    const trace = {
      origin: isReferred ? `${kind} ${found.name} ` : "",
      handled: (path: Path) => void handled.add(pathText(path)),
      say: (remark: { path: Path } & Pick<Remark, "level" | "text" | "instead">) => this.say(found, remark),
    };
    if (!read.success) {
      const issues = issuesOf(read.error, found.data, { schema, locate: found.place });
      for (const { line, column, path, message } of issues)
        this.remarks.push({ file: found.file, line, column, path, level: "wrong", text: message });
    }
    const part = read.success ? new Part<unknown>(read.data, [], trace) : undefined;
    const opened = { found, part, handled, isUsed: false };
    this.#opened.set(found, opened);
    return opened;
  }

  /** Says something of a field of a document. */
  say(found: Found, { path, ...rest }: { readonly path: Path } & Pick<Remark, "level" | "text" | "instead">): void {
    const { line, column } = found.place(path, "key");
    this.remarks.push({ file: found.file, line, column, path: pathText(path), ...rest });
  }

  /** Names every field of the documents that were opened of which nobody has spoken. */
  leaveNothing(): void {
    for (const { found, part, handled, isUsed } of this.#opened.values()) {
      if (!part || !isUsed) continue;
      for (const path of unhandled(found.data, handled))
        this.say(found, {
          path,
          level: "none",
          text: "it was not converted",
          instead: "take it out, or say it yourself",
        });
    }
  }
}
