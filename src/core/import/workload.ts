// What do Deployments and Services of the same files tell?
import * as z from "zod";
import type { Context } from "./context.ts";
import type { Found } from "./source.ts";
import type { Out } from "./write.ts";

const Ports = z.array(z.object({ name: z.string().optional(), containerPort: z.number() }));

const Template = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).optional() }).optional(),
  spec: z.object({ containers: z.array(z.object({ name: z.string(), ports: Ports.optional() })) }),
});

const DeploymentSchema = z.object({
  spec: z.object({
    replicas: z.number().optional(),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()).optional() }),
    template: Template,
  }),
});

const ServiceSchema = z.object({
  spec: z.object({
    selector: z.record(z.string(), z.string()).optional(),
    ports: z
      .array(
        z.object({
          name: z.string().optional(),
          port: z.number(),
          targetPort: z.union([z.number(), z.string()]).optional(),
        }),
      )
      .optional(),
  }),
});

/** A Deployment's part that matters here. */
export type Deployment = z.output<typeof DeploymentSchema>;
type Service = z.output<typeof ServiceSchema>;

/** Deployments, of any version. */
const APPS = /^apps\//u;
/** Services. */
const CORE = /^v1$/u;

function read<T>(found: Found | undefined, schema: z.ZodType<T>): T | undefined {
  return found && schema.safeParse(found.data).data;
}

/** The Deployment of this name, if the files have it. */
export function deploymentNamed(name: string, { known, namespace }: Context): Deployment | undefined {
  return read(known.find({ kind: "Deployment", name, namespace }, APPS), DeploymentSchema);
}

/** The Service of this name, if the files have it. */
export function serviceNamed(name: string, { known, namespace }: Context): Service | undefined {
  return read(known.find({ kind: "Service", name, namespace }, CORE), ServiceSchema);
}

/** The Service that selects these pods, if there is exactly one with its name. */
export function serviceOf(labels: Readonly<Record<string, string>>, { known }: Context): string | undefined {
  const found = known.where("Service", (data) => {
    const selector = ServiceSchema.safeParse(data).data?.spec.selector ?? {};
    const entries = Object.entries(selector);
    return entries.length > 0 && entries.every(([name, value]) => labels[name] === value);
  });
  return found?.name;
}

/** Every port of a pod, but those of a mesh's own containers. */
export function portsOf({ spec }: Deployment): readonly { readonly name: string; readonly port: number }[] {
  return spec.template.spec.containers
    .filter(({ name }) => name !== "istio-proxy" && name !== "envoy")
    .flatMap(({ name: container, ports = [] }) =>
      ports.map(({ name, containerPort }, index) => ({
        name: name ?? `tcp-${container}-${index}`,
        port: containerPort,
      })),
    );
}

/** The head of a rollout. */
export function rolloutTree(metadata: Out, spec: { readonly [name: string]: Out | undefined }): Out {
  return { apiVersion: "serin.dev/v1", kind: "Rollout", metadata, spec };
}
