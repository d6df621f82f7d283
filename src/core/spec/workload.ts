// How does a rollout file say what runs?
import * as z from "zod";
import { ms } from "../units.ts";
import { durationFormat } from "./durations.ts";
import {
  DaemonSetSchema,
  DeploymentSchema,
  StatefulSetSchema,
  type AdoptedKind,
  type AdoptedSpec,
} from "./deployment.ts";
import { Page, type PageSpec } from "./page.ts";
import { Plain } from "./plain.ts";
import { bad, good, shown, written, type Reading } from "./reading.ts";
import { exactlyOne, rule, type Report } from "./rule.ts";

const Path = z.string().min(1);

const RelativePath = Path.refine((path) => !/^(?:[/\\]|[A-Za-z]:)/u.test(path), {
  error: ({ input }) => `found ${shown(input)}, a path here is relative, such as config/app.json`,
  params: { code: "wrong-value" },
});

const Ready = rule(
  z
    .strictObject({
      path: z
        .string()
        .regex(/^\/[\x21-\x7e]*$/u, {
          error: ({ input }) => `found ${shown(input)}, a path begins with a slash, such as /healthz`,
        })
        .optional()
        .describe("Ready when GET on this path answers 200 to 399, such as /healthz."),
      tcp: z.literal(true).optional().describe("Ready when the port accepts a connection."),
    })
    .meta({ oneOf: [{ required: ["path"] }, { required: ["tcp"] }] }),
  (ready, report) => exactlyOne(ready, ["path", "tcp"], report),
).transform(({ path }): Readiness => (path === undefined ? { kind: "tcp" } : { kind: "http", path }));

/** When a replica is ready: a GET answers 200 to 399, or the port accepts a connection. */
type Readiness = { readonly kind: "http"; readonly path: string } | { readonly kind: "tcp" };

// Its names are looked at whatever the values are.
const Env = rule(z.record(z.string().min(1), Plain), checkNames, []);

function checkNames(env: Readonly<Record<string, unknown>>, report: Report): void {
  for (const name of Object.keys(env)) {
    if (name === "PORT")
      report([name], "conflict", "found PORT, Serin gives every replica one of its own: take it out");
    else if (/[=\0]/u.test(name)) report([name], "wrong-value", `found ${shown(name)}, a name here has no = in it`);
  }
}

const Process = z
  .strictObject({
    command: z
      .array(Plain)
      .min(1)
      .describe("The program and its arguments. It must listen on the port in $PORT, on 127.0.0.1."),
    env: Env.default({}).describe("Environment variables, besides those that Serin itself was started with."),
    files: rule(z.array(RelativePath), uniqueFiles)
      .default([])
      .describe("Configuration files, relative to cwd, that belong to the revision: a change is a new revision."),
    cwd: Path.default(".").describe("Working directory, relative to the rollout file."),
    replicas: z.int().min(1).max(1_000).default(1).describe("Processes that together carry all of the traffic."),
    ready: Ready.prefault({ tcp: true }).describe("When a replica is ready. Default: its port accepts a connection."),
    readyTimeout: written(durationFormat({ atLeast: ms(1), atMost: ms(60_000) }))
      .prefault("1s")
      .describe("Longest time for one look whether a replica is ready."),
    metrics: Page.optional().describe("The replicas' own metrics page, for metrics with a series of the service."),
    drain: written(durationFormat())
      .prefault("10s")
      .describe("Longest time that a replica's open requests get before it is asked to end."),
    grace: written(durationFormat())
      .prefault("10s")
      .describe("From asking a replica to end (SIGTERM) to ending it (SIGKILL)."),
  })
  .transform(({ readyTimeout, drain, grace, ...rest }) => ({
    ...rest,
    readyTimeoutMs: readyTimeout,
    drainMs: drain,
    graceMs: grace,
  }));

function uniqueFiles(files: readonly string[], report: Report): void {
  files.forEach((file, index) => {
    if (files.indexOf(file) < index) report([index], "duplicate", `found ${shown(file)} again, once is enough`);
  });
}

const Url = written<Address>({
  read: readUrl,
  pattern: "^http://[^/?#@]+/?$",
  examples: ["http://127.0.0.1:9000"],
});

const URL_PARTS = /^http:\/\/(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?))(?::(\d{1,5}))?\/?$/u;

function readUrl(input: unknown): Reading<Address> {
  const [, v6, name, port = "80"] = typeof input === "string" ? (URL_PARTS.exec(input) ?? []) : [];
  const host = v6 ?? name;
  const number = Number(port);
  if (host === undefined || number < 1 || number > 65_535)
    return bad(input, "a URL here is http://, a host and a port, such as http://127.0.0.1:9000");
  return good({ host, port: number });
}

const urlFields = {
  urls: z
    .array(Url)
    .min(1)
    .max(100)
    .optional()
    .describe("Addresses that somebody else runs. Serin looks whether they answer, and starts and ends nothing."),
  ready: Ready.optional().describe("When one of urls is ready. Default: its port accepts a connection."),
  metrics: Page.optional().describe("The metrics page of each of urls, for metrics with a series of the service."),
};

const KINDS = ["process", "deployment", "statefulSet", "daemonSet", "urls"] as const;

const workloadFields = z
  .strictObject({
    process: Process.optional().describe("Processes on this machine, started and watched by Serin."),
    deployment: DeploymentSchema.optional().describe("A Deployment in a Kubernetes cluster, adopted as it is."),
    statefulSet: StatefulSetSchema.optional().describe(
      "A StatefulSet in a Kubernetes cluster, adopted as it is. Its pods change in their places, one by one.",
    ),
    daemonSet: DaemonSetSchema.optional().describe(
      "A DaemonSet in a Kubernetes cluster, adopted as it is. Its pods change on their nodes, one by one.",
    ),
    ...urlFields,
  })
  .meta({ oneOf: KINDS.map((kind) => ({ required: [kind] })) });

export const WorkloadSchema = rule(workloadFields, (workload, report) => {
  exactlyOne(workload, KINDS, report);
  const { ready, metrics, process } = workload;
  if (ready && process)
    report(["ready"], "conflict", "found beside process, which has a ready of its own: move it there");
  const other = KINDS.find((kind) => kind !== "urls" && workload[kind]);
  if (ready && other && !process)
    report(["ready"], "conflict", `found beside ${other}, whose pods have probes: take it out`);
  if (metrics && other)
    report(["metrics"], "conflict", `found beside ${other}, which has metrics of its own: move it there`);
}).transform(({ process, deployment, statefulSet, daemonSet, urls, ...rest }): WorkloadSpec => {
  if (urls) return { endpoints: endpointsOf(urls, rest) };
  if (statefulSet) return { statefulSet };
  if (daemonSet) return { daemonSet };
  return deployment ? { deployment } : { process };
});

/** Addresses alone: what is there already. */
export const UrlsSchema = z
  .strictObject({ ...urlFields, urls: urlFields.urls.unwrap() })
  .transform(({ urls, ...rest }): EndpointsSpec => endpointsOf(urls, rest));

type UrlsRest = { readonly ready?: Readiness | undefined; readonly metrics?: PageSpec | undefined };

function endpointsOf(addresses: readonly Address[], { ready = { kind: "tcp" }, metrics }: UrlsRest): EndpointsSpec {
  return { addresses, ready, ...(metrics ? { metrics } : {}) };
}

/** A group of processes, as the file asks for it. */
type ProcessSpec = Readonly<z.output<typeof Process>>;

/** Where somebody answers. */
interface Address {
  readonly host: string;
  readonly port: number;
}

/** Addresses that somebody else runs, as the file asks for them. */
export interface EndpointsSpec {
  readonly addresses: readonly Address[];
  readonly ready: Readiness;
  readonly metrics?: PageSpec | undefined;
}

/** The metrics pages of whatever runs, where the file names them. */
export function pageOf(workload: WorkloadSpec): PageSpec | undefined {
  const { process, endpoints } = workload;
  return process?.metrics ?? adoptedIn(workload)?.asked.metrics ?? endpoints?.metrics;
}

/** What runs: exactly one of these. */
export interface WorkloadSpec {
  readonly process?: ProcessSpec | undefined;
  readonly deployment?: AdoptedSpec | undefined;
  readonly statefulSet?: AdoptedSpec | undefined;
  readonly daemonSet?: AdoptedSpec | undefined;
  readonly endpoints?: EndpointsSpec | undefined;
}

/** What is adopted in a cluster; nothing where the workload is on machines. */
export function adoptedIn({ deployment, statefulSet, daemonSet }: WorkloadSpec): Adoptee | undefined {
  if (deployment) return { kind: "Deployment", asked: deployment };
  if (daemonSet) return { kind: "DaemonSet", asked: daemonSet };
  return statefulSet && { kind: "StatefulSet", asked: statefulSet };
}

/** An object of a cluster, and what the file says of it. */
export interface Adoptee {
  readonly kind: AdoptedKind;
  readonly asked: AdoptedSpec;
}

/** The same with the number of replicas that there are. */
export function withReplicas(workload: WorkloadSpec, replicas: number): WorkloadSpec {
  const { deployment, statefulSet, daemonSet, ...rest } = workload;
  return {
    ...rest,
    ...(deployment && { deployment: { ...deployment, replicas } }),
    ...(statefulSet && { statefulSet: { ...statefulSet, replicas } }),
    ...(daemonSet && { daemonSet: { ...daemonSet, replicas } }),
  };
}

/** Replicas that together carry all of the traffic. Of addresses that somebody else runs each one does. */
export function replicasAsked(workload: WorkloadSpec): number {
  return workload.process?.replicas ?? adoptedIn(workload)?.asked.replicas ?? 1;
}
