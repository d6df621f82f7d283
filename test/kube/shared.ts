// Which cluster do tests share that break nothing?
import type { TestProject } from "vitest/node";
import { INSIDE } from "../../tools/in-namespace.ts";
import { kubePrograms } from "../../tools/kube-parts.ts";
import { openCluster, type OwnCluster } from "./cluster.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of the shared cluster, or why there is none. */
    readonly kube: { readonly dir: string } | { readonly why: string };
  }
}

function whyNot(): string | undefined {
  if (process.env[INSIDE] === undefined) return "run outside of a network of their own: npm run test:kube";
  return kubePrograms() ? undefined : "the control plane's programs are not there: node tools/kube-parts.ts";
}

let cluster: OwnCluster | undefined;

/** Once, before all tests of the project. */
export async function setup({ provide }: TestProject): Promise<void> {
  const why = whyNot();
  if (why !== undefined) {
    console.error(`serin: tests on Kubernetes are skipped: ${why}`);
    return provide("kube", { why });
  }
  cluster = await openCluster({ range: 0 });
  provide("kube", { dir: cluster.dir });
}

/** Once, after all of them. */
export async function teardown(): Promise<void> {
  const left = await cluster?.end();
  if (left && left.length > 0) {
    throw new Error(
      `left behind: ${left.map(({ pid, command }) => `${pid} ${command.replaceAll("\0", " ")}`).join("; ")}`,
    );
  }
}
