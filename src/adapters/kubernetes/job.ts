// How is a Job of the cluster run for a hook?
import { environmentOf } from "../../core/outbox/environment.ts";
import type { JobOf, Message } from "../../core/outbox/message.ts";
import { ms } from "../../core/units.ts";
import type { Carriage } from "../../ports/messenger.ts";
import type { Call } from "../../ports/observed.ts";
import { isConflict } from "./client/errors.ts";
import { RESOURCES, type Condition, type KubeObject, type Pod, type Resource } from "./client/objects.ts";
import type { Cluster } from "./cluster.ts";
import { ROLLOUT } from "./names.ts";
import { digest } from "./revision.ts";
import { placeOf } from "./service-name.ts";

const JOBS: Resource = { group: "batch", version: "v1", plural: "jobs", kind: "Job" };
const CRON_JOBS: Resource = { group: "batch", version: "v1", plural: "cronjobs", kind: "CronJob" };

interface EnvVar {
  readonly name: string;
  readonly value?: string;
}

interface JobSpec {
  readonly template: {
    readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
    readonly spec: { readonly containers: readonly ({ readonly env?: readonly EnvVar[] } & object)[] };
  };
}

interface Job extends KubeObject {
  readonly spec: JobSpec;
  readonly status?: { readonly conditions?: readonly Condition[] };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** Ended ones are kept for so long, to be looked at. */
const KEPT_SECONDS = 3_600;
const LOOK_MS = ms(1_000);

/**
 * Runs the Job of a message to its end. Its name follows from the attempt, so that the same one is never run twice: after a crash
 * the Job that runs already is waited for.
 */
export async function runJob(cluster: Cluster, message: Message, call: Call): Promise<Carriage> {
  const { target } = message;
  if (target.kind !== "job") throw new Error("no Job is asked for");
  const { namespace, name: rollout } = placeOf(textOf(message.payload["service"]));
  const name = `serin-${digest([message.id, message.failed])}`;
  const { spec, why } = await specOf(cluster, { of: target.of, namespace }, call);
  if (!spec) return { ok: false, result: why, output: "" };
  const owner = cluster.rollouts.get(namespace, rollout);
  const job: Job = {
    metadata: {
      namespace,
      name,
      labels: { [ROLLOUT]: rollout },
      ownerReferences: owner
        ? [{ apiVersion: "serin.dev/v1", kind: "Rollout", name: rollout, uid: owner.metadata.uid ?? "" }]
        : [],
    },
    spec: withEnvironment(spec, { ...target.env, ...environmentOf(message) }),
  };
  try {
    await cluster.client.create(JOBS, job, call);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  return ended(cluster, { namespace, name }, call);
}

async function specOf(
  cluster: Cluster,
  { of, namespace }: { readonly of: JobOf; readonly namespace: string },
  call: Call,
): Promise<{ readonly spec?: object & JobSpec; readonly why: string }> {
  const bounds = { backoffLimit: 0, ttlSecondsAfterFinished: KEPT_SECONDS };
  if ("cronJob" in of) {
    type CronJob = KubeObject & { readonly spec: { readonly jobTemplate: { readonly spec: JobSpec } } };
    const found = await cluster.client.get<CronJob>(CRON_JOBS, { namespace, name: of.cronJob }, call);
    if (!found) return { why: `there is no CronJob ${of.cronJob} in ${namespace}` };
    return { spec: { ...bounds, ...found.spec.jobTemplate.spec }, why: "" };
  }
  const { image, command, args, serviceAccount } = of;
  const container = {
    name: "hook",
    image,
    // The end of its log is its last word, which needs no right to read logs.
    terminationMessagePolicy: "FallbackToLogsOnError",
    ...(command && { command }),
    ...(args && { args }),
  };
  const pod = {
    restartPolicy: "Never",
    containers: [container],
    ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount }),
  };
  return { spec: { ...bounds, template: { spec: pod } }, why: "" };
}

function withEnvironment(spec: object & JobSpec, environment: Readonly<Record<string, string>>): object & JobSpec {
  const env = Object.entries(environment).map(([name, value]) => ({ name, value }));
  const containers = spec.template.spec.containers.map((container) => {
    const others = (container.env ?? []).filter(({ name }) => !(name in environment));
    return Object.assign({}, container, { env: [...others, ...env] });
  });
  return { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } };
}

/** Waits for its end. One that is called off is taken away, with its pods. */
async function ended(
  cluster: Cluster,
  at: { readonly namespace: string; readonly name: string },
  call: Call,
): Promise<Carriage> {
  for (;;) {
    if (call.signal.aborted) {
      await cluster.client.delete(JOBS, at, { signal: AbortSignal.timeout(5_000) });
      return { ok: false, result: `Job ${at.name} was called off`, output: "" };
    }
    const job = await cluster.client.get<Job>(JOBS, at, { signal: AbortSignal.timeout(10_000) });
    if (!job) return { ok: false, result: `somebody has taken Job ${at.name} away`, output: "" };
    const condition = job.status?.conditions?.find(
      ({ type, status }) => status === "True" && (type === "Complete" || type === "Failed"),
    );
    if (condition?.type === "Complete")
      return { ok: true, result: `Job ${at.name} complete`, output: await lastWords(cluster, at) };
    if (condition) {
      const why = condition.message ?? condition.reason ?? "no reason given";
      return { ok: false, result: `Job ${at.name} failed: ${why}`, output: await lastWords(cluster, at) };
    }
    await cluster.clock.sleep(LOOK_MS, call.signal);
  }
}

/** What its containers said at their end. */
async function lastWords(
  { client }: Cluster,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<string> {
  const where = { namespace, labels: `batch.kubernetes.io/job-name=${name}` };
  const { items } = await client.list<Pod>(RESOURCES.pods, where, { signal: AbortSignal.timeout(5_000) });
  const said = items.flatMap(
    ({ status }) => status?.containerStatuses?.flatMap(({ state }) => state?.terminated?.message ?? []) ?? [],
  );
  return said.join("\n");
}
