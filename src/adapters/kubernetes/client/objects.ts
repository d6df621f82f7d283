// What do objects of a cluster look like, as far as Serin reads them?

/** Who an object belongs to. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean | undefined;
  readonly blockOwnerDeletion?: boolean | undefined;
}

export type Texts = Readonly<Record<string, string>>;

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly generation?: number | undefined;
  readonly labels?: Texts | undefined;
  readonly annotations?: Texts | undefined;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
  readonly finalizers?: readonly string[] | undefined;
  readonly creationTimestamp?: string | undefined;
  readonly deletionTimestamp?: string | undefined;
}

/** Any object. */
export interface KubeObject {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly metadata: ObjectMeta;
}

/** A pod's template: metadata and spec, as the API server gives it back. Serin reads little of it and keeps all. */
export interface PodTemplate {
  readonly metadata?: { readonly labels?: Texts | undefined; readonly annotations?: Texts | undefined } | undefined;
  readonly spec: PodSpec;
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[] | undefined;
  readonly volumes?: readonly unknown[] | undefined;
  readonly terminationGracePeriodSeconds?: number | undefined;
}

export interface Container {
  readonly name: string;
  readonly image?: string | undefined;
  readonly ports?: readonly { readonly name?: string | undefined; readonly containerPort: number }[] | undefined;
}

interface LabelSelector {
  readonly matchLabels?: Texts | undefined;
  readonly matchExpressions?:
    | readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | undefined }[]
    | undefined;
}

/** What may be adopted: whatever keeps a number of pods of one template. */
export interface Adoptable extends KubeObject {
  readonly spec: {
    readonly replicas?: number | undefined;
    readonly minReadySeconds?: number | undefined;
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
  };
  readonly status?: (AdoptableStatus & NodesStatus) | undefined;
}

/** How far its controller is. */
export interface AdoptableStatus {
  readonly observedGeneration?: number | undefined;
  readonly replicas?: number | undefined;
  readonly updatedReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
}

/** The same of a DaemonSet, whose places are nodes. */
interface NodesStatus {
  readonly observedGeneration?: number | undefined;
  /** Nodes that shall have a pod. */
  readonly desiredNumberScheduled?: number | undefined;
  /** Those of them that have one. */
  readonly currentNumberScheduled?: number | undefined;
  readonly updatedNumberScheduled?: number | undefined;
  readonly numberAvailable?: number | undefined;
}

export interface Deployment extends Adoptable {
  readonly spec: Adoptable["spec"] & {
    readonly paused?: boolean | undefined;
    readonly progressDeadlineSeconds?: number | undefined;
  };
}

/** How pods of a StatefulSet change. */
interface UpdateStrategy {
  readonly type?: "RollingUpdate" | "OnDelete" | undefined;
  readonly rollingUpdate?: { readonly partition?: number | undefined } | undefined;
}

/** What may be adopted and has its pods in places: it says how they change there. */
export interface PlacedObject extends Adoptable {
  readonly spec: Adoptable["spec"] & { readonly updateStrategy?: { readonly type?: string | undefined } | undefined };
}

export interface StatefulSet extends PlacedObject {
  readonly spec: Adoptable["spec"] & {
    readonly updateStrategy?: UpdateStrategy | undefined;
    readonly ordinals?: { readonly start?: number | undefined } | undefined;
    readonly persistentVolumeClaimRetentionPolicy?:
      | { readonly whenScaled?: "Retain" | "Delete" | undefined }
      | undefined;
  };
  readonly status?:
    | (AdoptableStatus & {
        /** The ControllerRevision that lost pods below the partition come back from. */
        readonly currentRevision?: string | undefined;
        /** The ControllerRevision of the template. */
        readonly updateRevision?: string | undefined;
      })
    | undefined;
}

export interface DaemonSet extends PlacedObject {
  readonly spec: Adoptable["spec"] & {
    readonly updateStrategy?:
      | {
          readonly type?: "RollingUpdate" | "OnDelete" | undefined;
          readonly rollingUpdate?: { readonly maxUnavailable?: number | string | undefined } | undefined;
        }
      | undefined;
  };
}

/** A template that a StatefulSet or a DaemonSet has or had. */
export interface ControllerRevision extends KubeObject {
  readonly data?: { readonly spec?: { readonly template?: PodTemplate | undefined } | undefined } | undefined;
}

export interface ReplicaSet extends KubeObject {
  readonly spec: {
    readonly replicas?: number | undefined;
    readonly minReadySeconds?: number | undefined;
    readonly selector: LabelSelector;
    readonly template: PodTemplate;
  };
  readonly status?:
    | { readonly replicas?: number | undefined; readonly conditions?: readonly Condition[] | undefined }
    | undefined;
}

/** A Rollout. Its spec is read as a rollout file's is. */
export interface RolloutObject extends KubeObject {
  readonly spec?: unknown;
  readonly status?: RolloutStatus | undefined;
}

/** What is read back of a Rollout's status. */
interface RolloutStatus {
  readonly seq?: number | undefined;
  /** What was last asked of the engine: the spec and the template, by their content. */
  readonly handled?: string | undefined;
  /** The UID of what is adopted. */
  readonly deployment?: string | undefined;
  /** What its pods were configured with when it was adopted, by its content. */
  readonly configuration?: string | undefined;
  readonly answers?: readonly CommandAnswer[] | undefined;
  readonly conditions?: readonly Condition[] | undefined;
  readonly health?: "well" | "degraded" | "down" | "unknown" | undefined;
}

/** What became of a command. */
export interface CommandAnswer {
  readonly id: string;
  readonly text: string;
  /** The service's version afterwards, and the number of the rollout under way, if one is. */
  readonly version?: number | undefined;
  readonly rollout?: number | undefined;
  /** A trouble's code, when it was refused; with it the rest of the trouble. */
  readonly refused?: string | undefined;
  readonly found?: string | undefined;
  readonly now?: string | undefined;
  readonly next?: string | undefined;
  readonly exitCode?: number | undefined;
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string | undefined; readonly message?: string | undefined } | undefined;
  readonly terminated?:
    | {
        readonly reason?: string | undefined;
        readonly exitCode?: number | undefined;
        readonly message?: string | undefined;
      }
    | undefined;
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: ContainerState | undefined;
  readonly lastState?: ContainerState | undefined;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly lastTransitionTime?: string | undefined;
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec & { readonly nodeName?: string | undefined };
  readonly status?:
    | {
        readonly phase?: string | undefined;
        readonly podIP?: string | undefined;
        readonly conditions?: readonly Condition[] | undefined;
        readonly containerStatuses?: readonly ContainerStatus[] | undefined;
        readonly initContainerStatuses?: readonly ContainerStatus[] | undefined;
      }
    | undefined;
}

export interface ServicePort {
  readonly name?: string | undefined;
  readonly port: number;
  readonly targetPort?: number | string | undefined;
  readonly protocol?: string | undefined;
  readonly appProtocol?: string | undefined;
}

export interface Service extends KubeObject {
  readonly spec: {
    readonly selector?: Texts | undefined;
    readonly ports?: readonly ServicePort[] | undefined;
    readonly clusterIP?: string | undefined;
    readonly type?: string | undefined;
  };
}

/** A kind of objects, and where the API server keeps them. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
}

const resource =
  (group: string, version: string, plural: string) =>
  (kind: string): Resource => ({ group, version, plural, kind });

/** The kinds that Serin reads or writes. */
export const RESOURCES = {
  rollouts: resource("serin.dev", "v1", "rollouts")("Rollout"),
  deployments: resource("apps", "v1", "deployments")("Deployment"),
  statefulSets: resource("apps", "v1", "statefulsets")("StatefulSet"),
  daemonSets: resource("apps", "v1", "daemonsets")("DaemonSet"),
  controllerRevisions: resource("apps", "v1", "controllerrevisions")("ControllerRevision"),
  replicaSets: resource("apps", "v1", "replicasets")("ReplicaSet"),
  pods: resource("", "v1", "pods")("Pod"),
  services: resource("", "v1", "services")("Service"),
  configMaps: resource("", "v1", "configmaps")("ConfigMap"),
  secrets: resource("", "v1", "secrets")("Secret"),
  events: resource("", "v1", "events")("Event"),
  selfSubjectReviews: resource("authentication.k8s.io", "v1", "selfsubjectreviews")("SelfSubjectReview"),
  leases: resource("coordination.k8s.io", "v1", "leases")("Lease"),
  virtualServices: resource("networking.istio.io", "v1", "virtualservices")("VirtualService"),
  destinationRules: resource("networking.istio.io", "v1", "destinationrules")("DestinationRule"),
  httpRoutes: resource("gateway.networking.k8s.io", "v1", "httproutes")("HTTPRoute"),
  grpcRoutes: resource("gateway.networking.k8s.io", "v1", "grpcroutes")("GRPCRoute"),
} as const;

/** The label by which the pods of one ReplicaSet are told from those of another. */
export const HASH_LABEL = "pod-template-hash";

/** The same of a StatefulSet's pods: the name of the ControllerRevision that they were made from. Of a DaemonSet's: that one's own label. */
export const REVISION_LABEL = "controller-revision-hash";

/** `apps/v1`. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === "" ? version : `${group}/${version}`;
}

/** `prod/checkout`. */
export function keyOf({ metadata }: Pick<KubeObject, "metadata">): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}

/** The value of `pod-template-hash` of a ReplicaSet's pods. */
export function hashOf(set: ReplicaSet): string | undefined {
  return set.spec.template.metadata?.labels?.[HASH_LABEL];
}
