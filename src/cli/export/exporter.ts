// What can be exported, and how is it asked for?
import type { Command } from "commander";
import type { AtHand } from "./at-hand.ts";

/** What somebody asked for. */
interface Asked<O> {
  readonly atHand: AtHand;
  /** Options of this exporter, as they are typed. */
  readonly options: O;
}

/** What is printed. */
export interface Exported {
  /** How these documents are usually written; `--json` writes JSON all the same. */
  readonly as: "json" | "yaml";
  /** Written first, as comments, where the format has any: what to do with it. */
  readonly about: readonly string[];
  readonly documents: readonly unknown[];
  /** Written instead of printed, where a folder was named. */
  readonly folder?: Folder;
}

/** Files for a folder. */
interface Folder {
  readonly path: string;
  /** What is in them, by their names in the folder. */
  readonly files: Readonly<Record<string, string>>;
}

/** One thing that can be exported: a file of its own, and a line in `exporters.ts`. */
export interface Exporter<O = unknown> {
  readonly name: string;
  readonly description: string;
  /** It is the same whatever rollouts there are. */
  readonly alone?: true;
  /** Adds its own options. */
  options?(command: Command): void;
  make(asked: Asked<O>): Exported | Promise<Exported>;
}
