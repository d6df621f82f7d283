// Which values does the operating system tell of a replica, and who answers which name?
import { readSignalName } from "../signal-names.ts";
import type { Reading } from "../signals.ts";

/** What a value of a process is, and in which unit. */
interface ProcessSignal {
  readonly kind: Exclude<Reading["kind"], "histogram">;
  readonly unit: "seconds" | "bytes" | "count";
}

/** Every value that is read of a process; docs/signals.md says how. */
export const PROCESS_SIGNALS: Readonly<Record<string, ProcessSignal>> = {
  "process.cpu": { kind: "counter", unit: "seconds" },
  "process.memory": { kind: "gauge", unit: "bytes" },
  "process.threads": { kind: "gauge", unit: "count" },
  "process.files": { kind: "gauge", unit: "count" },
  "process.read": { kind: "counter", unit: "bytes" },
  "process.written": { kind: "counter", unit: "bytes" },
  "process.restarts": { kind: "counter", unit: "count" },
  "process.checks": { kind: "counter", unit: "count" },
  "process.checksFailed": { kind: "counter", unit: "count" },
  "process.logErrors": { kind: "counter", unit: "count" },
  "process.logWarnings": { kind: "counter", unit: "count" },
};

/**
 * Who answers a name: the operating system, the replica's page, or a source that the file names. A metric of a page with
 * a dot or an @ in its name stands in quotes, so a name never belongs to two.
 */
export function answeredBy(name: string): "process" | "exposition" | "source" {
  if (readSignalName(name)) return "source";
  return name.startsWith("process.") ? "process" : "exposition";
}
