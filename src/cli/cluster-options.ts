// Does a command mean a cluster, and which one?
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { Option, type Command } from "commander";
import type { ClusterChoice } from "../api/cluster/link.ts";
import { SerinError } from "../core/issues.ts";

/** The options as they are typed. */
export interface TypedPlace {
  readonly state?: string | undefined;
  readonly kubernetes?: boolean | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
  readonly allNamespaces?: boolean | undefined;
}

/** A command that can look after services of a cluster. */
export function inCluster(command: Command): Command {
  for (const [flags, about] of OPTIONS) command.option(flags, about);
  return command;
}

/** The same options before the command's name; each command that takes them shows them. */
export function beforeCommand(program: Command): Command {
  for (const [flags, about] of OPTIONS) program.addOption(new Option(flags, about).hideHelp());
  return program;
}

const OPTIONS = [
  ["-k, --kubernetes", "in the cluster of the kubeconfig; each of the options below says so too"],
  ["--kubeconfig <file>", "how to reach the cluster (default: $KUBECONFIG or ~/.kube/config)"],
  ["--context <name>", "the context of the kubeconfig"],
  ["-n, --namespace <name>", "the namespace (default: that of the context)"],
] as const;

/** Whether it was called as `kubectl serin`. */
export function isPlugin(): boolean {
  return basename(process.env["SERIN_CALLED_AS"] ?? process.argv[1] ?? "").startsWith("kubectl-serin");
}

/** `checkout.prod`, `checkout.prod/3`: no service outside of a cluster has such a name. */
const OF_CLUSTER = /^[a-z0-9-]+\.[a-z0-9-]+(?:\/\d+)?$/u;

/**
 * The cluster that a command means: because an option says so, because the service's name has a namespace, or because it was
 * called as `kubectl serin`. Nothing when it means a controller of this machine.
 */
export function clusterOf(typed: TypedPlace, service?: string): ClusterChoice | undefined {
  const { kubernetes, kubeconfig, context, namespace, allNamespaces: all } = typed;
  const isNamed = service !== undefined && OF_CLUSTER.test(service);
  const isSaid = [kubernetes, kubeconfig, context, namespace, all].some((value) => value !== undefined);
  if (!isSaid && !isNamed && !isPlugin()) return undefined;
  if (typed.state !== undefined) {
    throw new SerinError({
      code: "SERIN_BAD_OPTION",
      what: `--state is of a controller of this machine, and ${isNamed ? `${service} is in` : "this is about"} a cluster`,
      now: "nothing was changed",
      next: "say one of both",
      exitCode: 2,
    });
  }
  if (all && namespace !== undefined) {
    throw new SerinError({
      code: "SERIN_BAD_OPTION",
      what: "--namespace is one namespace, and --all-namespaces is all of them",
      next: "say one of both",
      exitCode: 2,
    });
  }
  return { kubeconfig, context, namespace, all };
}

/** What to say where nothing is found on this machine, and a cluster is at hand. */
export function orInCluster(): string {
  const isAtHand = process.env["KUBECONFIG"] !== undefined || existsSync(join(homedir(), ".kube", "config"));
  return isAtHand ? "; for the cluster of your kubeconfig add --kubernetes" : "";
}
