// Which Deployment runs what an Argo Rollout ran itself?
import type { Context } from "../context.ts";
import type { Part } from "../part.ts";
import { deploymentNamed } from "../workload.ts";
import { from, same, type Out } from "../write.ts";
import type { RolloutFields } from "./formats.ts";

/** What the rollout adopts. */
export interface Adopted {
  readonly deployment: Out;
  /** Of its pods. */
  readonly labels: Readonly<Record<string, string>>;
}

const SAME = ["replicas", "selector", "minReadySeconds", "revisionHistoryLimit"] as const;

/** The Deployment that is named, or one that is written with the template. */
export function adoptedOf(spec: Part<RolloutFields>, name: string, context: Context): Adopted {
  const reference = spec.at("workloadRef");
  if (reference) return referred(spec, reference, context);
  const template = spec.at("template");
  if (!template) {
    spec.lacks("neither template nor workloadRef says what runs", "add workloadRef");
    return { deployment: { name }, labels: {} };
  }
  template.changes(
    "it is written as a Deployment, whose pods start beside those of the Rollout: delete the Rollout once they are ready and the Service selects them",
  );
  const replicas = spec.at("replicas");
  context.write({
    name: `${name}.deployment`,
    head: [`Deployment ${name}, with the pods of the Rollout ${name} of Argo.`],
    tree: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace: context.namespace },
      spec: {
        replicas: same(replicas),
        selector: same(spec.at("selector")),
        minReadySeconds: same(spec.at("minReadySeconds")),
        revisionHistoryLimit: same(spec.at("revisionHistoryLimit")),
        progressDeadlineSeconds: spec.value.progressDeadlineSeconds,
        template: from(template.value as Out, template),
      },
    },
  });
  return { deployment: { name, replicas: known(replicas?.value) }, labels: labelsOf(template.value) };
}

function known(replicas: number | undefined): number | undefined {
  return replicas !== undefined && replicas > 0 ? replicas : undefined;
}

function labelsOf(template: unknown): Readonly<Record<string, string>> {
  const { metadata } = template as { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
  return metadata?.labels ?? {};
}

type Reference = Part<NonNullable<RolloutFields["workloadRef"]>>;

function referred(spec: Part<RolloutFields>, reference: Reference, context: Context): Adopted {
  const { name, kind = "Deployment" } = reference.value;
  spec.at("template")?.none("Argo refuses it beside workloadRef", "take it out");
  reference.at("apiVersion")?.take();
  const isDeployment = kind === "Deployment";
  if (isDeployment) reference.at("kind")?.take();
  else reference.at("kind")?.none(`Serin adopts a Deployment, and no ${kind}`, "make it a Deployment");
  reference
    .at("scaleDown")
    ?.changes(
      "Serin scales the Deployment to nothing at no time: if Argo has, set its replicas again before you delete the Rollout",
    );
  const replicas = spec.at("replicas");
  replicas?.changes("the Deployment's own replicas count: set them there");
  for (const field of SAME.filter((one) => one !== "replicas"))
    spec.at(field)?.changes("the Deployment's own counts: set it there");
  const deployment = isDeployment ? deploymentNamed(name, context) : undefined;
  const own = known(deployment?.spec.replicas) ?? known(replicas?.value);
  return {
    deployment: { name: from(name, reference.at("name")), replicas: own },
    labels: deployment?.spec.template.metadata?.labels ?? {},
  };
}
