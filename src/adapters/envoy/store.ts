// What was a service's route, when the controller that knew it is gone?
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, SerinError } from "../../core/issues.ts";
import type { Served } from "./resources/types.ts";

const FILE = "envoy.json";

/**
 * One file per service, so that a change of a share writes what one service needs, whatever their number. A controller
 * that starts again serves what stands there before it has read anything else.
 */
export interface ServedStore {
  /** All services that anybody has written down. */
  load(): readonly Served[];
  save(served: Served): void;
  forget(service: string): void;
}

/** `dir` holds a folder per service. */
export function createServedStore(dir: string): ServedStore {
  const folder = (service: string): string => join(dir, service);
  return {
    load: () => services(dir).flatMap((service) => readOne(join(folder(service), FILE))),
    save: (served) => {
      const file = join(folder(served.service), FILE);
      try {
        mkdirSync(folder(served.service), { recursive: true, mode: 0o700 });
        const draft = `${file}.${process.pid}`;
        writeFileSync(draft, JSON.stringify(served), { mode: 0o600 });
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

function readOne(file: string): readonly Served[] {
  try {
    return [JSON.parse(readFileSync(file, "utf8")) as Served];
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
