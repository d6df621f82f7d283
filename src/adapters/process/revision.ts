// Which revision is this, by content?
import type { ProcessTemplate } from "../../core/process-template.ts";
import type { Revision } from "../../ports/workload.ts";

/** A template whose files are still only named, relative to its `cwd`. */
export type ProcessRequest = Omit<ProcessTemplate, "files"> & { readonly files: readonly string[] };

/** Reads the files and names the revision by the content of command, environment and files. */
export function captureRevision(_request: ProcessRequest): Promise<Revision<ProcessTemplate>> {
  return Promise.reject(new Error("not built yet"));
}
