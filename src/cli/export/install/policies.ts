// What does the API server keep others from doing to what Serin looks after?
import { controllerUser, labelsOf, type InstallAsked, type KubeObject, type Noted } from "./object.ts";

const API = "admissionregistration.k8s.io/v1";

/** Annotations with this prefix are Serin's. */
const OWN = "serin.dev/";
/** On what is adopted: the name of its Rollout. */
const ADOPTED = `${OWN}rollout`;

interface Condition {
  readonly expression: string;
  readonly messageExpression: string;
}

interface Policy {
  readonly name: string;
  readonly about: string;
  readonly resources: readonly string[];
  readonly failurePolicy: "Fail" | "Ignore";
  /** Why it is that one. */
  readonly why: string;
  readonly when: readonly { readonly name: string; readonly expression: string }[];
  readonly variables: readonly { readonly name: string; readonly expression: string }[];
  readonly conditions: readonly Condition[];
}

const ANNOTATIONS = "metadata.?annotations.orValue({})";

/** Others than Serin, whose requests are looked at. */
function others(asked: InstallAsked): Policy["when"][number] {
  return { name: "not-the-controller", expression: `request.userInfo.username != '${controllerUser(asked)}'` };
}

/** An adopted Deployment that is not paused rolls by itself: its new version would come to everybody, unjudged. */
function brake(asked: InstallAsked): Policy {
  const which = "object.metadata.namespace + '/' + object.metadata.name";
  return {
    name: "serin-brake",
    about:
      "A Deployment that Serin looks after stays paused: without that a changed template would come to everybody at once. Everything else of it, its template too, may be changed by everybody who may. Whoever takes the annotation serin.dev/rollout off in the same change takes it from Serin.",
    resources: ["deployments"],
    failurePolicy: "Ignore",
    why: "It is looked at on every change of a Deployment that is adopted. If it fails, the change goes through, and Serin pauses the Deployment again within moments.",
    when: [others(asked), { name: "adopted", expression: `'${ADOPTED}' in oldObject.${ANNOTATIONS}` }],
    variables: [],
    conditions: [
      {
        expression: `!oldObject.spec.?paused.orValue(false) || object.spec.?paused.orValue(false) || !('${ADOPTED}' in object.${ANNOTATIONS})`,
        messageExpression: `'Deployment ' + ${which} + ' stays paused while Rollout ' + oldObject.metadata.annotations['${ADOPTED}'] + ' looks after it: delete the Rollout to have it back, or take spec.paused out of what you apply'`,
      },
    ],
  };
}

interface Places {
  readonly kind: "StatefulSet" | "DaemonSet";
  readonly name: string;
  /** What the strategy says. */
  readonly says: string;
}

/** What has its pods in places rolls by itself where somebody else changes how they change, likewise. */
function places(asked: InstallAsked, { kind, name, says }: Places): Policy {
  const which = "object.metadata.namespace + '/' + object.metadata.name";
  const adopted = `'${ADOPTED}' in oldObject.${ANNOTATIONS}`;
  return {
    name,
    about: `A ${kind} that Serin looks after keeps its updateStrategy: ${says}. Everything else of it, its template too, may be changed by everybody who may. Whoever takes the annotation serin.dev/rollout off in the same change takes it from Serin.`,
    resources: [`${kind.toLowerCase()}s`],
    failurePolicy: "Ignore",
    why: `It is looked at on every change of a ${kind} that is adopted. If it fails, the change goes through, and Serin sets the strategy again within moments.`,
    when: [others(asked), { name: "adopted", expression: adopted }],
    variables: [],
    conditions: [
      {
        expression: `object.spec.updateStrategy == oldObject.spec.updateStrategy || !('${ADOPTED}' in object.${ANNOTATIONS})`,
        messageExpression: `'${kind} ' + ${which} + ' keeps its updateStrategy while Rollout ' + oldObject.metadata.annotations['${ADOPTED}'] + ' looks after it: delete the Rollout to have it back, or take spec.updateStrategy out of what you apply'`,
      },
    ],
  };
}

const PLACES: readonly Places[] = [
  { kind: "StatefulSet", name: "serin-partition", says: "its partition says which pods change with the template" },
  {
    kind: "DaemonSet",
    name: "serin-on-delete",
    says: "its pods change when Serin deletes them, and not with the template",
  },
];

/** Kubernetes' own controllers copy a Deployment's annotations to its ReplicaSets. */
const NATIVE =
  "!(request.userInfo.username == 'system:kube-controller-manager' || request.userInfo.username.startsWith('system:serviceaccount:kube-system:'))";

/** A note of Serin's in the wrong hands makes it take one ReplicaSet for another. */
function annotations(asked: InstallAsked): Policy {
  const same = `variables.now.all(key, !key.startsWith('${OWN}') || (key in variables.was && variables.was[key] == variables.now[key]))`;
  const kept = `variables.was.all(key, !key.startsWith('${OWN}') || key == '${ADOPTED}' || key in variables.now)`;
  return {
    name: "serin-annotations",
    about: `Annotations ${OWN}* of Deployments, ReplicaSets, StatefulSets and DaemonSets are Serin's: it tells versions apart by them. Nobody else changes them, or takes out more than the one by which one is adopted; whoever makes an object anew, such as from a backup, may bring them.`,
    resources: ["deployments", "replicasets", "statefulsets", "daemonsets"],
    failurePolicy: "Ignore",
    why: "It is looked at on every change of each of them. If it fails, changes go through, and Serin writes its annotations anew: better than objects that cannot be changed.",
    when: [others(asked), { name: "not-of-kubernetes", expression: NATIVE }],
    variables: [
      { name: "was", expression: `oldObject.${ANNOTATIONS}` },
      { name: "now", expression: `object.${ANNOTATIONS}` },
    ],
    conditions: [
      {
        expression: `${same} && ${kept}`,
        messageExpression: `'annotations ${OWN}* are kept by Serin: leave those of ' + object.metadata.name + ' as they are. kubectl apply and patch do; replace takes them out'`,
      },
    ],
  };
}

/** Installations for namespaces of their own do not meet in the names of what is the cluster's. */
function policyName(name: string, { namespace, namespaces }: Pick<InstallAsked, "namespace" | "namespaces">) {
  return namespaces.length === 0 ? name : `${name}-${namespace}`;
}

/** Where a policy is in force: everywhere, or in the namespaces that the controller looks after. */
function placeOf(namespaces: readonly string[]): object {
  if (namespaces.length === 0) return {};
  const names = { key: "kubernetes.io/metadata.name", operator: "In", values: namespaces };
  return { matchResources: { namespaceSelector: { matchExpressions: [names] } } };
}

function policyOf(policy: Policy, asked: InstallAsked): readonly Noted[] {
  const metadata: KubeObject["metadata"] = { name: policyName(policy.name, asked), labels: labelsOf(asked) };
  const rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["UPDATE"], resources: policy.resources };
  return [
    {
      about: policy.about,
      object: {
        apiVersion: API,
        kind: "ValidatingAdmissionPolicy",
        metadata,
        spec: {
          failurePolicy: policy.failurePolicy,
          matchConstraints: { resourceRules: [rule] },
          matchConditions: policy.when,
          ...(policy.variables.length > 0 && { variables: policy.variables }),
          validations: policy.conditions.map((condition) => ({ ...condition, reason: "Forbidden" })),
        },
      },
      notes: [{ at: ["spec", "failurePolicy"], why: policy.why }],
    },
    {
      about: `Puts ${policy.name} in force. Whoever must get past it deletes this, and applies it again afterwards.`,
      object: {
        apiVersion: API,
        kind: "ValidatingAdmissionPolicyBinding",
        metadata,
        spec: { policyName: metadata.name, validationActions: ["Deny"], ...placeOf(asked.namespaces) },
      },
    },
  ];
}

/** The policies, each with its binding. */
export function policiesOf(asked: InstallAsked): readonly Noted[] {
  return [brake(asked), ...PLACES.map((kind) => places(asked, kind)), annotations(asked)].flatMap((policy) =>
    policyOf(policy, asked),
  );
}
