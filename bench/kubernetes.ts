// What do rollouts cost a cluster's API server, and what do thousands of Rollouts cost the controller?
//
//   npm run bench:kubernetes -- calls [serin argo bluegreen weights]   some 5 minutes
//   npm run bench:kubernetes -- scale [--rollouts 2000 --burst 50 --changed 2000 --seconds 600]
//
// etcd, API server and controller manager are real, and so are the peers; pods are none.
import { parseArgs } from "node:util";
import { INSIDE, inNamespace, whyNoNamespace } from "../tools/in-namespace.ts";
import { calls } from "./kubernetes/calls.ts";
import { scale } from "./kubernetes/scale.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rollouts: { type: "string", default: "2000" },
    burst: { type: "string", default: "50" },
    changed: { type: "string", default: "2000" },
    seconds: { type: "string", default: "600" },
    profile: { type: "string" },
  },
});

async function main(): Promise<void> {
  const [part = "calls", ...rest] = positionals;
  if (part === "calls") return calls(rest);
  const { rollouts, burst, changed, seconds, profile } = values;
  if (part === "scale") {
    const [all, atOnce, some, during] = [rollouts, burst, changed, seconds].map(Number);
    return scale({ rollouts: all ?? 0, burst: atOnce ?? 0, changed: some ?? 0, seconds: during ?? 0, profile });
  }
  throw new Error(`no part ${part}: calls, scale`);
}

if (process.env[INSIDE] === undefined) {
  const why = whyNoNamespace();
  if (why !== undefined) throw new Error(`no network namespace: ${why}`);
  process.exitCode = inNamespace([process.execPath, ...process.argv.slice(1)]);
} else {
  await main();
}
