// What was a service's route, when the controller that knew it is gone?
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, SerinError } from "../../core/issues.ts";
import type { Served } from "./resources/types.ts";

const FILE = "envoy.json";
/** Another number where what stands in it means something else. */
const FORMAT = 1;

/** What a service's Envoys were told last. */
export interface Written {
  readonly served: Served;
  /** What all of them had taken before, while it is not known that they take this one. */
  readonly good?: Served | undefined;
}

/**
 * One file per service, so that a change of a share writes what one service needs, whatever their number. A controller
 * that starts again serves what stands there before it has read anything else.
 */
export interface ServedStore {
  /** All services that anybody has written down, and the names of those whose files say nothing. */
  load(): { readonly written: readonly Written[]; readonly unread: readonly string[] };
  /** What is written down of one service, if anything that can be read is. */
  read(service: string): Written | undefined;
  save(written: Written): void;
  forget(service: string): void;
}

/** `dir` holds a folder per service. */
export function createServedStore(dir: string): ServedStore {
  const folder = (service: string): string => join(dir, service);
  return {
    load: () => {
      const found = services(dir).map((service) => [service, readOne(join(folder(service), FILE))] as const);
      return {
        written: found.flatMap(([, one]) => (typeof one === "object" ? [one] : [])),
        unread: found.flatMap(([service, one]) => (one === "unread" ? [service] : [])),
      };
    },
    read: (service) => {
      const found = readOne(join(folder(service), FILE));
      return typeof found === "object" ? found : undefined;
    },
    save: (written) => {
      const { served } = written;
      const file = join(folder(served.service), FILE);
      try {
        mkdirSync(folder(served.service), { recursive: true, mode: 0o700 });
        const draft = `${file}.${process.pid}`;
        writeFileSync(draft, JSON.stringify({ format: FORMAT, ...written }), { mode: 0o600 });
        renameSync(draft, file);
      } catch (error) {
        throw new SerinError(
          {
            code: "SERIN_STATE_UNWRITABLE",
            what: `The route of ${served.service} cannot be written down in ${file}.`,
            found: messageOf(error),
            now: "The Envoys go on at the last split.",
            next: "Make the folder writable for this user, or free space on its disk.",
          },
          { cause: error },
        );
      }
    },
    forget: (service) => rmSync(join(folder(service), FILE), { force: true }),
  };
}

function services(dir: string): readonly string[] {
  try {
    return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** One file that says nothing is its service's trouble, and no reason to leave all others without a controller. */
function readOne(file: string): Written | "none" | "unread" {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return isAbsent(error) ? "none" : "unread";
  }
  try {
    const found = JSON.parse(text) as { readonly format?: unknown } & Written;
    return found.format === FORMAT ? found : "unread";
  } catch {
    // Of a disk that was full or a machine that fell: what stood in it is asked for again.
    return "unread";
  }
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
