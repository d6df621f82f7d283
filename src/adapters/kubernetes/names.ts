// What does Serin write on objects that it looks after?

/** On a ReplicaSet: whose pool it is, as `UID of the Rollout/UID of the Deployment/pool`. */
export const POOL = "serin.dev/pool";
/** On a Deployment, StatefulSet or DaemonSet, and as a label on what Serin makes: the Rollout's name. */
export const ROLLOUT = "serin.dev/rollout";
/** On a StatefulSet or DaemonSet: how its pods changed before it was adopted, as JSON. */
export const STRATEGY = "serin.dev/update-strategy";
/** On what has another template for the time being: the revision that was written, and the template that is asked for, as JSON. */
export const TEMPLATE = "serin.dev/template";
/** On what is scaled down for the time being: `its own number/the one that was written`. */
export const REPLICAS = "serin.dev/replicas";
/** On a Deployment's template: what the ConfigMaps and Secrets that its pods use hold. */
export const CONFIGURATION = "serin.dev/configuration";
/** On a pod: what it has for its role, by its content. */
export const ROLE = "serin.dev/role";
/** On a Rollout: what a person asks for. */
export const COMMAND = "serin.dev/command";
/** On a Rollout: it does not go before what it looks after has been left in order. */
export const FINALIZER = "serin.dev/leave-serving";
/** As a label on the pod of the controller that leads. */
export const LEADS = "serin.dev/leads";
