// How does a test roll out a service that tells of itself, under load?
import { join } from "node:path";
import type { TestContext } from "vitest";
import { clients, type Clients } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";

const TELLING = join(import.meta.dirname, "telling.mjs");

/** What a rollout file of the telling service says besides its version. */
interface Told {
  /** In YAML, as the other fields: `FAIL: 0.5, HITS: 0.9`. */
  readonly env?: string;
  readonly strategy: string;
  readonly analysis: string;
  /** Default 4. */
  readonly replicas?: number;
}

/** A rollout file for a service with a metrics page. */
export function tellingFile(version: string, { env = "", strategy, analysis, replicas = 4 }: Told): string {
  return `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: app }
spec:
  workload:
    process:
      command: [${JSON.stringify(process.execPath)}, ${JSON.stringify(TELLING)}]
      env: { VERSION: ${version}${env && `, ${env}`} }
      replicas: ${replicas}
      ready: { path: /healthz }
      metrics: { every: 500ms, timeout: 1s }
      drain: 5s
      grace: 2s
  traffic: { proxy: { listen: "127.0.0.1:0" } }
  strategy: { ${strategy} }
  analysis: { ${analysis} }
`;
}

/** A first version that serves, and clients that ask it some 300 times a second; both end with the test. */
export async function underLoad(context: TestContext, told: Told): Promise<{ scene: Scene; load: Clients }> {
  const scene = await openScene();
  context.onTestFinished(() => scene.close());
  const first = await scene.ended(await scene.apply(tellingFile("v1", told)));
  const load = clients(first.address ?? "", 16, 40);
  context.onTestFinished(() => load.stop());
  return { scene, load };
}

/** Waits for the end of a rollout that may take longer than most. */
export async function outcome(scene: Scene, number: number) {
  return scene.see(
    `end of app/${number}`,
    ({ rollout }) => rollout?.number === number && rollout.phase === "ended" && rollout,
    240_000,
  );
}
