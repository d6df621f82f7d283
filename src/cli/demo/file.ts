// Which rollout file brings a version of the demo's shop?
import { fileURLToPath } from "node:url";

/** The shop's program lies beside this file, as source or as built. */
const SHOP = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "shop.ts" : "shop.js", import.meta.url));

/** The file for a version. The versions differ in one line, as real ones do. */
export function shopFile(version: string): string {
  return `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload:
    process:
      command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(SHOP)}]
      env: { SHOP_VERSION: ${version} }
      replicas: 4
      ready: { path: /healthz }
  traffic:
    proxy: { listen: 127.0.0.1:0 }
  progressDeadline: 5s
  strategy:
    canary:
      steps:
        - { weight: 5%, hold: 2s }
        - { weight: 40%, judge: { atMost: 90s } }
  analysis:
    falseRollback: 1%
    warmup: 2s
    metrics:
      - { preset: success-rate, margin: 1% }
      - { preset: latency-p99, margin: 40% }
`;
}
