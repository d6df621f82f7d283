// What may somebody who installs the chart choose?
import { Document } from "yaml";
import { resourcesOf } from "./controller.ts";
import { commented, type InstallAsked } from "./object.ts";

const NAME = { type: "string", pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$" } as const;

/** Each value: what it is when nothing is said, what it is for, and what it may be. */
const FIELDS = {
  image: { about: "The image of the controller.", schema: { type: "string", minLength: 1 } },
  imagePullSecrets: {
    about: "Secrets for the image's registry.",
    schema: { type: "array", items: { type: "object" } },
  },
  replicas: {
    about: "Controllers. One of them decides, the others stand by.",
    schema: { type: "integer", minimum: 1, maximum: 10 },
  },
  namespaces: {
    about: "The only namespaces whose Rollouts are looked after. None: all.",
    schema: { type: "array", items: NAME, uniqueItems: true },
  },
  secrets: {
    about: "Whether the controller may read Secrets, so that one that pods use and that has changed is a new revision.",
    schema: { type: "boolean" },
  },
  dashboard: {
    about: "Whether the dashboard and the API are served, by the Secrets serin-access and serin-tls.",
    schema: { type: "boolean" },
  },
  policies: {
    about: "Whether the API server keeps others from what harms a Deployment that Serin looks after.",
    schema: { type: "boolean" },
  },
  resources: {
    about:
      "What a controller needs, and may use. With a dashboard a memory limit of 1Gi is better: rehearsals have half of what is left of it, and few fit into less.",
    schema: { type: "object" },
  },
  nodeSelector: { about: "Nodes that it may run on.", schema: { type: "object" } },
  tolerations: { about: "Taints of nodes that it stands.", schema: { type: "array", items: { type: "object" } } },
} as const;

/** Values as the chart has them. */
export function valuesOf({
  image,
  namespaces,
  secrets,
  dashboard,
}: Pick<InstallAsked, "image" | "namespaces" | "secrets" | "dashboard">) {
  const rest = { policies: true, resources: resourcesOf({ dashboard }), nodeSelector: {}, tolerations: [] };
  return { image, imagePullSecrets: [], replicas: 2, namespaces, secrets, dashboard, ...rest };
}

/** The same as a file, each with what it is for. */
export function valuesFile(asked: Parameters<typeof valuesOf>[0]): string {
  const document = new Document(valuesOf(asked), { version: "1.1" });
  const notes = Object.entries(FIELDS).map(([name, { about }]) => ({ at: [name], why: about }));
  return commented(document, notes).toString({ lineWidth: 0 });
}

/** What Helm checks the values by. */
export const VALUES_SCHEMA = {
  $schema: "http://json-schema.org/draft-07/schema#",
  type: "object",
  additionalProperties: false,
  properties: Object.fromEntries(
    Object.entries(FIELDS).map(([name, { about, schema }]) => [name, { description: about, ...schema }]),
  ),
};
