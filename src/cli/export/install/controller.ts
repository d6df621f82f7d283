// How does the controller run in a cluster?
import { DASHBOARD_ARGS, DASHBOARD_MOUNTS, DASHBOARD_PORT, DASHBOARD_VOLUMES } from "./dashboard.ts";
import { CONTROLLER, headOf, labelsOf, SELECTED, type InstallAsked, type Noted } from "./object.ts";

const HEALTH_PORT = 8_081;
const METRICS_PORT = 9_464;

/** Secrets that rollouts name by `env`. */
const SECRETS = "serin-secrets";

/** Where Serin runs. Its pods keep the strictest of Kubernetes' standards. */
export function namespaceOf(asked: InstallAsked): Noted {
  const labels = { ...labelsOf(asked), "pod-security.kubernetes.io/enforce": "restricted" };
  return {
    about: "Where Serin runs.",
    object: { apiVersion: "v1", kind: "Namespace", metadata: { name: asked.namespace, labels } },
  };
}

function probe(path: string, seconds: { readonly periodSeconds: number; readonly failureThreshold: number }): object {
  return { httpGet: { path, port: "health" }, timeoutSeconds: 3, ...seconds };
}

function container({ image, namespaces, dashboard }: InstallAsked): object {
  return {
    name: "controller",
    image,
    args: [
      "serve",
      "--kubernetes",
      "--health",
      `0.0.0.0:${HEALTH_PORT}`,
      "--metrics",
      `0.0.0.0:${METRICS_PORT}`,
      ...(namespaces.length > 0 ? ["--namespaces", namespaces.join(",")] : []),
      ...(dashboard ? DASHBOARD_ARGS : []),
    ],
    env: [{ name: "SERIN_STATE", value: "/tmp/serin" }],
    envFrom: [{ secretRef: { name: SECRETS, optional: true } }],
    ports: [
      { name: "health", containerPort: HEALTH_PORT },
      { name: "metrics", containerPort: METRICS_PORT },
      ...(dashboard ? [{ name: "dashboard", containerPort: DASHBOARD_PORT }] : []),
    ],
    startupProbe: probe("/healthz", { periodSeconds: 1, failureThreshold: 60 }),
    livenessProbe: probe("/healthz", { periodSeconds: 10, failureThreshold: 3 }),
    readinessProbe: probe("/readyz", { periodSeconds: 5, failureThreshold: 2 }),
    resources: resourcesOf({ dashboard }),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }, ...(dashboard ? DASHBOARD_MOUNTS : [])],
  };
}

/** What a controller needs, and may use. A dashboard also rehearses, in half of the memory that is left. */
export function resourcesOf({ dashboard }: Pick<InstallAsked, "dashboard">): object {
  return { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: dashboard ? "1Gi" : "512Mi" } };
}

const CONTAINER = ["spec", "template", "spec", "containers", 0] as const;

function deployment(asked: InstallAsked): Noted {
  const head = headOf(asked, CONTROLLER);
  return {
    about: "The controller: two, of which the one that holds the Lease decides. Traffic does not pass through them.",
    object: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: head,
      spec: {
        replicas: 2,
        selector: { matchLabels: SELECTED },
        template: {
          metadata: { labels: head.labels },
          spec: {
            serviceAccountName: CONTROLLER,
            automountServiceAccountToken: true,
            enableServiceLinks: false,
            securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
            topologySpreadConstraints: [
              {
                maxSkew: 1,
                topologyKey: "kubernetes.io/hostname",
                whenUnsatisfiable: "ScheduleAnyway",
                labelSelector: { matchLabels: SELECTED },
              },
            ],
            containers: [container(asked)],
            volumes: [{ name: "tmp", emptyDir: { sizeLimit: "64Mi" } }, ...(asked.dashboard ? DASHBOARD_VOLUMES : [])],
          },
        },
      },
    },
    notes: [
      {
        at: ["spec", "template", "spec", "securityContext"],
        why: "The image has a user of its own, by number; a cluster may give it another one.",
      },
      {
        at: ["spec", "template", "spec", "topologySpreadConstraints"],
        why: "Not both on one node, where there are two.",
      },
      { at: [...CONTAINER, "env"], why: "Nothing of worth is there: the state is in the Rollouts." },
      { at: [...CONTAINER, "envFrom"], why: `What rollouts name by env: tokens of metrics, hooks and notifications.` },
      { at: [...CONTAINER, "resources"], why: "No limit on CPU: a decision that is late is a canary that stays." },
    ],
  };
}

/** The account, the pods, and what is asked of them. */
export function controllerOf(asked: InstallAsked): readonly Noted[] {
  return [
    {
      about: "Whom the API server takes the controller for. Only the controller's own pods get its token.",
      object: {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: headOf(asked, CONTROLLER),
        automountServiceAccountToken: false,
      },
    },
    deployment(asked),
    {
      about: "One of the controllers stays when nodes are drained.",
      object: {
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata: headOf(asked, CONTROLLER),
        spec: { maxUnavailable: 1, selector: { matchLabels: SELECTED } },
      },
    },
    {
      about: "Metrics of the controllers: serin export service-monitor is for this Service.",
      object: {
        apiVersion: "v1",
        kind: "Service",
        metadata: headOf(asked, "serin"),
        spec: {
          clusterIP: "None",
          selector: SELECTED,
          ports: [{ name: "metrics", port: METRICS_PORT, targetPort: "metrics" }],
        },
      },
    },
  ];
}
