// How does a test get a cluster in which Serin is installed?
import { spawn } from "node:child_process";
import { fileOf, type InstallAsked } from "../../src/cli/export/install/object.ts";
import { partsOf } from "../../src/cli/export/install/parts.ts";
import { kubePrograms } from "../../tools/kube-parts.ts";
import { openCluster, type Cluster, type ClusterOptions, type OwnCluster } from "./cluster.ts";

/** What is installed. No pod of the controller's starts: nobody has its image. */
export const ASKED: InstallAsked = {
  image: "serin:1",
  namespace: "serin-system",
  namespaces: [],
  secrets: false,
  dashboard: false,
  version: "1.0.0",
};

/** What the API server calls the controller. */
export const CONTROLLER = "system:serviceaccount:serin-system:serin-controller";

/** The whole installation as one text. */
export function everything(asked: Partial<InstallAsked> = {}): string {
  return fileOf(partsOf({ ...ASKED, ...asked }).flatMap(({ objects }) => objects));
}

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs kubectl, with what it reads; answers with all that it says, also when it fails. */
export async function saidBy(cluster: Cluster, args: readonly string[], input = ""): Promise<Said> {
  const child = spawn(kubePrograms()?.kubectl ?? "kubectl", ["--kubeconfig", cluster.kubeconfig, ...args]);
  const said = { out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.err += text));
  // Whoever has failed already reads no more, and says why itself.
  child.stdin.on("error", () => {}).end(input);
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => resolve(status ?? 1));
  });
  return { code, ...said };
}

/** Starts a cluster and applies everything, strictly. Whatever is said besides is a failure. */
export async function openWithSerin(options: Omit<ClusterOptions, "flags"> = {}): Promise<OwnCluster> {
  // Kubernetes' own controllers have accounts of their own, by which the policies know them.
  const controllerManager = ["--use-service-account-credentials=true"];
  const cluster = await openCluster({ range: 2, nodes: 1, ...options, flags: { controllerManager } });
  const { code, err } = await saidBy(cluster, ["apply", "--validate=strict", "-f", "-"], everything());
  if (code === 0 && err === "") return cluster;
  await cluster.end();
  throw new Error(`the installation was not taken as it is: ${err}`);
}
