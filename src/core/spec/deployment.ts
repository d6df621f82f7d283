// How does a rollout file name a Deployment, a StatefulSet or a DaemonSet?
import * as z from "zod";
import { Plain } from "./plain.ts";
import { shown } from "./reading.ts";
import { Page } from "./page.ts";

/** A name as Kubernetes takes it for most objects: a DNS subdomain. */
const OBJECT_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/u;

/** A name of an object in a cluster. */
export const ObjectName = z.string().regex(OBJECT_NAME, {
  error: ({ input }) =>
    `found ${shown(input)}, a name in a cluster is of a-z, 0-9, - and ., and begins and ends with a letter or digit`,
});

/** A port of a container or a Service, by its number or its name. */
export const PortName = z.union(
  [z.int().min(1).max(65_535), z.string().regex(/^(?=.{1,15}$)[a-z0-9]+(?:-[a-z0-9]+)*$/u)],
  {
    error: ({ input }) => `found ${shown(input)}, a port is a number from 1 to 65535, or a name such as http`,
  },
);

const Texts = z.record(z.string().min(1), Plain);

const PodMetadata = z.strictObject({
  labels: Texts.default({}).describe("Labels."),
  annotations: Texts.default({}).describe("Annotations."),
});

/** Which number counts in a cluster, whatever the file says. */
const NUMBERS: Readonly<Record<AdoptedKind, string>> = {
  Deployment: "the Deployment's own number counts",
  StatefulSet: "the StatefulSet's own number counts",
  DaemonSet: "the number of nodes counts that it runs on",
};

/** What the file says of an object of this kind whose pods it is about. */
const adoptedSchema = (kind: AdoptedKind) =>
  z.strictObject({
    name: ObjectName.describe(`The ${kind}, in the namespace of the rollout. It stays as it is.`),
    port: PortName.optional().describe(
      "The container's port that answers requests, by number or name. Default: the first port of the first container.",
    ),
    configuration: z
      .enum(["follow", "ignore"])
      .default("follow")
      .describe("Whether a change of a ConfigMap or Secret that its pods use is a new revision."),
    replicas: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe(`Replicas to plan and rehearse with. In a cluster ${NUMBERS[kind]}.`),
    podMetadata: z
      .strictObject({
        stable: PodMetadata.optional().describe("On pods of stable."),
        canary: PodMetadata.optional().describe("On pods of the candidate."),
        baseline: PodMetadata.optional().describe("On pods of the baseline."),
      })
      .optional()
      .describe("Labels and annotations that pods have for as long as their version has a role."),
    metrics: Page.optional().describe("The pods' own metrics page, for metrics with a series of the service."),
  });

export const DeploymentSchema = adoptedSchema("Deployment");
export const StatefulSetSchema = adoptedSchema("StatefulSet");
export const DaemonSetSchema = adoptedSchema("DaemonSet");

/** Kinds of objects that are adopted. */
export type AdoptedKind = "Deployment" | "StatefulSet" | "DaemonSet";

/** An object that is adopted, as the file asks for it. */
export type AdoptedSpec = Readonly<z.output<typeof DeploymentSchema>>;
