// How does a cluster of the tests come to know others' resources?
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { kubeDefinitions } from "../../tools/kube-parts.ts";
import type { Cluster } from "./cluster.ts";
import type { Condition, KubeObject } from "./objects.ts";

type Owner = Parameters<typeof kubeDefinitions>[0];
type Definition = KubeObject & {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly Condition[] };
};

function filesOf(owner: Owner): readonly string[] {
  const place = kubeDefinitions(owner);
  if (place === undefined) throw new Error(`definitions of ${owner} are not there: run node tools/kube-parts.ts`);
  if (!statSync(place).isDirectory()) return [place];
  const files = readdirSync(place).filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml");
  return files.map((file) => join(place, file));
}

const defined = new Map<string, Promise<void>>();

/** Defines all resources of an owner; answers once they can be used. Safe to repeat. */
export function define(cluster: Cluster, owner: Owner): Promise<void> {
  const key = `${cluster.dir} ${owner}`;
  const done = defined.get(key) ?? defineAll(cluster, owner);
  defined.set(key, done);
  return done;
}

async function defineAll(cluster: Cluster, owner: Owner): Promise<void> {
  const isEstablished = ({ status }: Definition): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True") ?? false;
  // By kubectl: not all of the files are whole YAML, and it reads them as their users do.
  const files = filesOf(owner).map((file) => `--filename=${file}`);
  const applied = await cluster.kubectl("apply", "--server-side", "--force-conflicts", "--output=name", ...files);
  for (const line of applied.trim().split("\n")) {
    const [resource = "", name = ""] = line.split("/");
    if (!resource.startsWith("customresourcedefinition")) continue;
    const { spec } = await cluster.objects.until<Definition>(`CustomResourceDefinition/${name}`, isEstablished);
    const version = spec.versions.find(({ served }) => served)?.name;
    // For a while the API server asks to come again later.
    await cluster.objects.untilAll(`${spec.group}/${version}/${spec.names.kind}`, () => true);
  }
}
