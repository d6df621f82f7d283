// What must the controller be allowed to do, what must it not, and what does the API server say?
import type { Api } from "./api.ts";
import type { KubeObject } from "./objects.ts";

interface Question {
  readonly user: string;
  readonly verb: string;
  /** `resource.group/part`. */
  readonly what: string;
  /** Default `default`. */
  readonly namespace?: string;
}

interface Reviewed extends KubeObject {
  readonly status: { readonly allowed: boolean };
}

/** Whether somebody may do something: what `kubectl auth can-i --as` asks, also of kinds that the cluster has not. */
export async function isAllowed(api: Api, { user, verb, what, namespace = "default" }: Question): Promise<boolean> {
  const [of = "", subresource = ""] = what.split("/");
  const [resource = "", ...group] = of.split(".");
  const resourceAttributes = { verb, resource, group: group.join("."), subresource, namespace };
  const kind = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview" };
  const data = { ...kind, spec: { user, resourceAttributes } };
  const said = await api.call<Reviewed>("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", { data });
  return said.status.allowed;
}

/** With the verbs that it needs. */
export const NEEDED: readonly (readonly [resource: string, verbs: string])[] = [
  ["rollouts.serin.dev", "get list watch patch"],
  ["rollouts.serin.dev/status", "patch update"],
  ["rollouts.serin.dev/finalizers", "update"],
  ["deployments.apps", "get list watch patch update"],
  ["replicasets.apps", "get list watch create patch delete"],
  ["statefulsets.apps", "get list watch patch update"],
  ["daemonsets.apps", "get list watch patch update"],
  ["controllerrevisions.apps", "get list watch"],
  ["pods", "get list watch patch delete"],
  ["services", "get list watch create patch delete"],
  ["configmaps", "get list watch"],
  ["events", "create"],
  ["jobs.batch", "create get list watch delete"],
  ["cronjobs.batch", "get"],
  ["virtualservices.networking.istio.io", "get list watch create patch update delete"],
  ["destinationrules.networking.istio.io", "get list watch create patch update delete"],
  ["httproutes.gateway.networking.k8s.io", "get list watch create patch update delete"],
  ["grpcroutes.gateway.networking.k8s.io", "get list watch create patch update delete"],
];

/** What would be more than it needs. */
export const FORBIDDEN: readonly (readonly [resource: string, verbs: string])[] = [
  ["rollouts.serin.dev", "create delete update"],
  ["deployments.apps", "create delete"],
  ["statefulsets.apps", "create delete"],
  ["daemonsets.apps", "create delete"],
  ["controllerrevisions.apps", "create patch delete"],
  ["pods", "create"],
  ["pods/log", "get"],
  ["pods/exec", "create"],
  ["secrets", "get list watch"],
  ["configmaps", "create patch delete"],
  ["serviceaccounts/token", "create"],
  ["leases.coordination.k8s.io", "get update"],
  ["validatingadmissionpolicies.admissionregistration.k8s.io", "patch delete"],
  ["clusterroles.rbac.authorization.k8s.io", "create patch bind escalate"],
];

/** Only where the controller runs. */
export const LEASES = "leases.coordination.k8s.io";

/** One by one. */
export const each = (all: typeof NEEDED): (readonly [resource: string, verb: string])[] =>
  all.flatMap(([resource, verbs]) => verbs.split(" ").map((verb) => [resource, verb] as const));
