// How many requests did a client make to the API server, and which?
import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { stringify } from "yaml";

/** Writes down who asked what, of all but the control plane and the fixture; answers with the policy's file. */
export function auditPolicy(dir: string): string {
  const file = join(dir, "audit-policy.yaml");
  const policy = {
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [
      { level: "None", users: ["fixture", "controllers", "system:apiserver", "system:anonymous"] },
      { level: "Metadata" },
    ],
  };
  writeFileSync(file, stringify(policy));
  return file;
}

interface AuditLine {
  readonly stage: "ResponseStarted" | "ResponseComplete" | "Panic";
  readonly verb: string;
  readonly userAgent?: string;
  readonly requestReceivedTimestamp: string;
  readonly objectRef?: { readonly resource: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code?: number };
}

/** What a client asked for. */
export interface Requests {
  /** `get` and `list`. */
  readonly reads: number;
  readonly writes: number;
  readonly watches: number;
  /** Those that were refused, which are among the above. */
  readonly refused: number;
  /** `patch deployments`, `update rollouts/status`: how often. */
  readonly by: Readonly<Record<string, number>>;
}

const READS = new Set(["get", "list"]);

/** Of a client whose user agent starts so, from a time on. */
export async function readAudit(dir: string, agent: string, sinceMs: number): Promise<Requests> {
  const by: Record<string, number> = {};
  let [reads, writes, watches, refused] = [0, 0, 0, 0];
  for await (const text of createInterface({ input: createReadStream(join(dir, "audit.log")) })) {
    const line = JSON.parse(text) as AuditLine;
    if (!line.userAgent?.startsWith(agent) || Date.parse(line.requestReceivedTimestamp) < sinceMs) continue;
    // A watch counts once it has begun, everything else when it is answered.
    if ((line.verb === "watch") !== (line.stage === "ResponseStarted")) continue;
    if (line.verb === "watch") watches += 1;
    else if (READS.has(line.verb)) reads += 1;
    else writes += 1;
    if ((line.responseStatus?.code ?? 200) >= 400) refused += 1;
    const { resource = "other", subresource } = line.objectRef ?? {};
    const key = `${line.verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`;
    by[key] = (by[key] ?? 0) + 1;
  }
  return { reads, writes, watches, refused, by };
}
