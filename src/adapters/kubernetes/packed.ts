// How do state and decisions stand in a Rollout's status?
import { gunzipSync, gzipSync } from "node:zlib";
import type { JournalRecord, Saved } from "../../ports/journal.ts";
import type { KubeObject } from "./client/objects.ts";

/** A Rollout object, as far as it keeps what Serin knows. */
export interface Stored extends KubeObject {
  readonly status?:
    | {
        readonly seq?: number | undefined;
        readonly state?: string | undefined;
        readonly log?: string | undefined;
      }
    | undefined;
}

/** A value as it is written. */
export function packed(value: unknown): string {
  return gzipSync(JSON.stringify(value)).toString("base64");
}

function unpacked(text: string): unknown {
  return JSON.parse(gunzipSync(Buffer.from(text, "base64")).toString("utf8"));
}

/** The state that a Rollout keeps; nothing before the first decision. */
export function savedIn({ status: { state, seq } = {} }: Stored): Saved | undefined {
  if (state === undefined || seq === undefined) return undefined;
  return { seq, ...(unpacked(state) as Pick<Saved, "format" | "state">) };
}

/** The decisions of a log, oldest first. */
export function recordsOf(log: string): readonly JournalRecord[] {
  return log === "" ? [] : (unpacked(log) as readonly JournalRecord[]);
}
