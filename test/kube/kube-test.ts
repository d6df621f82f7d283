// How does a test say that it takes a Kubernetes cluster?
import { inject, test as base, type TestAPI, type TestContext } from "vitest";
import { Cluster, openCluster, type ClusterOptions, type OwnCluster } from "./cluster.ts";
import "./shared.ts";

const kube = inject("kube");

/** As vitest's own; skipped by name where there can be no cluster. */
export const test: ReturnType<TestAPI["skipIf"]> = "why" in kube ? base.skip : base;

/** Whether there is a cluster, for suites that register their own tests. */
export const isThere = !("why" in kube);

let shared: Cluster | undefined;

/** The cluster that all tests share, each in namespaces of its own. */
export function sharedCluster(): Cluster {
  if ("why" in kube) throw new Error(kube.why);
  return (shared ??= new Cluster(kube.dir));
}

/** A cluster of this test alone, for what breaks one: it takes some ten seconds. It ends with the test. */
export async function ownCluster(context: TestContext, options: ClusterOptions = {}): Promise<OwnCluster> {
  const cluster = await openCluster(options);
  context.onTestFinished(async () => void (await cluster.end()));
  return cluster;
}
