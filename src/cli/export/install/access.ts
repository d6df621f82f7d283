// What may the controller do in a cluster, and why? What may people do with Rollouts?
import { CONTROLLER, labelsOf, type InstallAsked, type KubeObject, type Noted } from "./object.ts";

/** What may be done with which objects, and why. */
interface Access {
  readonly why: string;
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const RBAC = "rbac.authorization.k8s.io";
const API = `${RBAC}/v1`;

const LOOK = ["get", "list", "watch"] as const;
const ROUTE = [...LOOK, "create", "patch", "update", "delete"] as const;

const access = (
  why: string,
  [group, ...resources]: readonly [group: string, ...resources: string[]],
  verbs: readonly string[],
): Access => ({ why, apiGroups: [group], resources, verbs });

/** What looking after Rollouts takes. */
const WORK: readonly Access[] = [
  access(
    "What is asked for. Patch: the finalizer that gives what is adopted back before its Rollout goes.",
    ["serin.dev", "rollouts"],
    [...LOOK, "patch"],
  ),
  access("The state and what it tells; nothing else keeps it.", ["serin.dev", "rollouts/status"], ["patch", "update"]),
  access(
    "A ReplicaSet of Serin's belongs to its Rollout and keeps it from going first.",
    ["serin.dev", "rollouts/finalizers"],
    ["update"],
  ),
  access(
    "Adoption: the pause, the number of replicas, annotations; its template when a version is brought back, or when it is given back to its owner.",
    ["apps", "deployments"],
    [...LOOK, "patch", "update"],
  ),
  access(
    "A candidate is a ReplicaSet of Serin's, which the Deployment takes over when it is promoted, or which is deleted.",
    ["apps", "replicasets"],
    [...LOOK, "create", "patch", "delete"],
  ),
  access(
    "Adoption: the partition, the number of replicas, annotations; its template when a version is brought back, or when it is given back to its owner.",
    ["apps", "statefulsets"],
    [...LOOK, "patch", "update"],
  ),
  access(
    "Adoption: how its pods change, annotations; its template when a version is brought back or pods come back as stable, or when it is given back to its owner.",
    ["apps", "daemonsets"],
    [...LOOK, "patch", "update"],
  ),
  access("Which version a pod of a StatefulSet or a DaemonSet is.", ["apps", "controllerrevisions"], LOOK),
  access(
    "Which replicas are ready, where they answer, why they are not; labels and annotations that they have by role. A StatefulSet's or a DaemonSet's is deleted so that it comes back in another version.",
    ["", "pods"],
    [...LOOK, "patch", "delete"],
  ),
  access(
    "The selector of the Service that a rollout names; Services of Serin's own for each version, which alone are deleted.",
    ["", "services"],
    [...LOOK, "create", "patch", "delete"],
  ),
  access("Whether a ConfigMap that pods use has changed: that is a new revision.", ["", "configmaps"], LOOK),
  {
    why: "What happened, for kubectl describe.",
    apiGroups: [""],
    resources: ["events"],
    verbs: ["create"],
  },
  access("Hooks that run as Jobs. Their logs are not read.", ["batch", "jobs"], ["create", ...LOOK, "delete"]),
  access("The template of a CronJob that a hook names.", ["batch", "cronjobs"], ["get"]),
  access("Routes with Istio.", ["networking.istio.io", "virtualservices", "destinationrules"], ROUTE),
  access("Routes with the Gateway API.", ["gateway.networking.k8s.io", "httproutes", "grpcroutes"], ROUTE),
];

/** Only when it is asked for: whoever may list Secrets may read them. The last rule of its role. */
export const SECRETS = access(
  "Whether a Secret that pods use has changed: that is a new revision. Their values are not kept.",
  ["", "secrets"],
  LOOK,
);

const LEAD = access(
  "Which of the controllers decides: one alone holds the Lease.",
  ["coordination.k8s.io", "leases"],
  ["get", "create", "update", "patch"],
);

/** What the dashboard asks for besides; whoever calls is asked what the access file grants. */
const DASHBOARD: readonly Access[] = [
  access("The last lines that the pods of a Rollout wrote.", ["", "pods/log"], ["get"]),
  access(
    "Rollouts that are applied, or taken away, by the API and the dashboard.",
    ["serin.dev", "rollouts"],
    ["create", "delete"],
  ),
];

const MARK = access(
  "The label of the pod that leads, by which the Service of the dashboard finds it.",
  ["", "pods"],
  ["patch"],
);

type Scope = Pick<InstallAsked, "namespace" | "namespaces" | "secrets" | "version">;

type Head = Pick<KubeObject, "kind" | "metadata">;

const ruleOf = ({ why: _why, ...rule }: Access): object => rule;

function role(about: string, head: Head, rules: readonly Access[]): Noted {
  return {
    about,
    object: { apiVersion: API, ...head, rules: rules.map(ruleOf) },
    notes: rules.map(({ why }, index) => ({ at: ["rules", index], why })),
  };
}

function binding(about: string, head: Head, { namespace }: Scope): Noted {
  const { kind, metadata } = head;
  const roleRef = { apiGroup: RBAC, kind: kind.replace(/Binding$/u, ""), name: metadata.name };
  const subjects = [{ kind: "ServiceAccount", name: CONTROLLER, namespace }];
  return { about, object: { apiVersion: API, kind, metadata, roleRef, subjects } };
}

/** The rules of the controller's role. */
const workOf = ({ secrets }: Scope): readonly Access[] => (secrets ? [...WORK, SECRETS] : WORK);

/** What the controller may do in one namespace. */
export function accessWithin(namespace: string, asked: Scope): readonly Noted[] {
  const metadata = { name: CONTROLLER, namespace, labels: labelsOf(asked) };
  return [
    role(`What the controller may do in ${namespace}.`, { kind: "Role", metadata }, workOf(asked)),
    binding(`That it may, in ${namespace}.`, { kind: "RoleBinding", metadata }, asked),
  ];
}

/** What the controller may do everywhere. */
export function accessEverywhere(asked: Scope): readonly Noted[] {
  const metadata = { name: CONTROLLER, labels: labelsOf(asked) };
  return [
    role("What the controller may do in all namespaces.", { kind: "ClusterRole", metadata }, workOf(asked)),
    binding("That it may.", { kind: "ClusterRoleBinding", metadata }, asked),
  ];
}

const DASHBOARD_NAME = `${CONTROLLER}-dashboard`;

/** What it may do besides for its dashboard, in one namespace. */
export function dashboardWithin(namespace: string, asked: Scope): readonly Noted[] {
  const metadata = { name: DASHBOARD_NAME, namespace, labels: labelsOf(asked) };
  return [
    role(`What the controller may do for its dashboard in ${namespace}.`, { kind: "Role", metadata }, DASHBOARD),
    binding(`That it may, in ${namespace}.`, { kind: "RoleBinding", metadata }, asked),
  ];
}

/** The same everywhere. */
export function dashboardEverywhere(asked: Scope): readonly Noted[] {
  const metadata = { name: DASHBOARD_NAME, labels: labelsOf(asked) };
  return [
    role("What the controller may do for its dashboard.", { kind: "ClusterRole", metadata }, DASHBOARD),
    binding("That it may.", { kind: "ClusterRoleBinding", metadata }, asked),
  ];
}

/** What it may do for its dashboard where it runs. */
export function accessToMark(asked: Scope): readonly Noted[] {
  const metadata = { name: `${CONTROLLER}-mark`, namespace: asked.namespace, labels: labelsOf(asked) };
  return [
    role("What the controller may do with its own pods.", { kind: "Role", metadata }, [MARK]),
    binding("That it may mark them.", { kind: "RoleBinding", metadata }, asked),
  ];
}

/** What it may do where it runs. */
export function accessToLead(asked: Scope): readonly Noted[] {
  const metadata = { name: `${CONTROLLER}-leader`, namespace: asked.namespace, labels: labelsOf(asked) };
  return [
    role("What the controller may do where it runs.", { kind: "Role", metadata }, [LEAD]),
    binding("That it may lead.", { kind: "RoleBinding", metadata }, asked),
  ];
}

const AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-";

function aggregated(roles: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(roles.map((name) => [`${AGGREGATE}${name}`, "true"]));
}

/** What people may do, as parts of the roles that every cluster has. */
export function accessOfPeople(asked: Pick<InstallAsked, "version">): readonly Noted[] {
  const metadata = (name: string, roles: readonly string[]) => ({
    name,
    labels: { ...labelsOf(asked), ...aggregated(roles) },
  });
  const see = access("To see rollouts and how they go.", ["serin.dev", "rollouts", "rollouts/status"], LOOK);
  const change = access(
    "To ask for rollouts and steer them.",
    ["serin.dev", "rollouts"],
    ["create", "update", "patch", "delete", "deletecollection"],
  );
  return [
    role(
      "Whoever may view, edit or administer a namespace sees its Rollouts.",
      { kind: "ClusterRole", metadata: metadata("serin-view", ["view", "edit", "admin"]) },
      [see],
    ),
    role(
      "Whoever may edit or administer a namespace makes and steers Rollouts in it.",
      { kind: "ClusterRole", metadata: metadata("serin-edit", ["edit", "admin"]) },
      [change],
    ),
  ];
}
