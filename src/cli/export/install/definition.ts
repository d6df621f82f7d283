// Which kind of object does a cluster learn?
import { clusterSchema } from "../../../core/spec/cluster-schema.ts";
import { API_VERSION, KIND } from "../../../core/spec/rollout.ts";
import { labelsOf, type InstallAsked, type Noted } from "./object.ts";
import { COLUMNS, STATUS } from "./status.ts";

const [GROUP = "", VERSION = ""] = API_VERSION.split("/");

/** The definition of `kind: Rollout`. No defaults are in it: what was applied stays as it was. */
export function definition(asked: Pick<InstallAsked, "version">): Noted {
  const { spec, name } = clusterSchema();
  const schema = {
    type: "object",
    description: "How new versions of a Deployment, a StatefulSet or a DaemonSet come to their users.",
    required: ["spec"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object", properties: { name } },
      spec,
      status: STATUS,
    },
  };
  const version = {
    name: VERSION,
    served: true,
    storage: true,
    subresources: { status: {} },
    additionalPrinterColumns: COLUMNS,
    schema: { openAPIV3Schema: schema },
  };
  return {
    about:
      "The kind of object that asks for a rollout. Removing it removes every Rollout; what they looked after stays.",
    object: {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `rollouts.${GROUP}`, labels: labelsOf(asked) },
      spec: {
        group: GROUP,
        scope: "Namespaced",
        names: {
          kind: KIND,
          listKind: `${KIND}List`,
          plural: "rollouts",
          singular: "rollout",
          shortNames: ["srn"],
          categories: ["serin"],
        },
        versions: [version],
      },
    },
  };
}
