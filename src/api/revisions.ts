// Which versions of a service are known, and what are they made of?
import type { Container, PodTemplate } from "../adapters/kubernetes/client/objects.ts";
import { CONFIGURATION } from "../adapters/kubernetes/names.ts";
import { digest, isDeployment } from "../adapters/kubernetes/revision.ts";
import { isEndpoints } from "../core/endpoints-template.ts";
import { shownText } from "../core/compare/shown.ts";
import type { ServiceState } from "../core/engine/state.ts";
import type { ProcessTemplate } from "../core/process-template.ts";
import type { Revision } from "../core/world.ts";
import type { RevisionView } from "./contract.ts";

/** A container, as far as it is shown. */
type ShownContainer = Container & {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
};

/** What a template is made of, secrets included: told to nobody as it is. */
interface Made {
  readonly kind: RevisionView["kind"];
  readonly image?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: readonly { readonly path: string; readonly sha256: string }[];
  readonly addresses?: readonly string[];
  /** What is compared and not shown, by its name. */
  readonly unseen?: Readonly<Record<string, string>>;
}

const HIDDEN = "***";

/** The revisions of a service, stable first, then what runs or waits, then what it could go back to. */
export function revisionsOf(state: ServiceState): readonly RevisionView[] {
  const stable = state.stable && madeOf(state.revisions[state.stable.revision]?.template);
  const queued = state.queued?.command.revision;
  const all = { ...state.revisions, ...(queued && { [queued.id]: queued }) };
  return Object.values(all)
    .map((revision) => revisionView(state, revision, stable))
    .toSorted((a, b) => order(a) - order(b));
}

function revisionView(state: ServiceState, { id, template }: Revision, stable: Made | undefined): RevisionView {
  const made = madeOf(template);
  return {
    id,
    is: isNow(state, id),
    rollouts: rolloutsOf(state, id),
    ...shown(made),
    differs: stable && id !== state.stable?.revision ? differences(made, stable) : undefined,
    quarantined: state.quarantine.find(({ revision }) => revision === id)?.why,
  };
}

const order = ({ is, rollouts }: RevisionView): number =>
  is.includes("stable") ? -2 : is.length > 0 ? -1 : 1 / (1 + (rollouts[0] ?? 0));

function isNow(state: ServiceState, id: string): RevisionView["is"] {
  const roles = state.pools.filter(({ revision }) => revision === id).map(({ role }) => role);
  const waits = state.queued?.command.revision.id === id ? (["queued"] as const) : [];
  const back = state.quarantine.some(({ revision }) => revision === id) ? (["rolled-back"] as const) : [];
  return [...new Set([...roles, ...waits, ...back])];
}

function rolloutsOf({ rollout, history }: ServiceState, id: string): readonly number[] {
  const known = [...(rollout ? [rollout] : []), ...history].filter(({ candidate }) => candidate === id);
  return [...new Set(known.map(({ number }) => number))];
}

function madeOf(template: unknown): Made {
  if (isEndpoints(template)) {
    const { addresses } = template;
    return { kind: "endpoints", addresses: addresses.map(({ host, port }) => `http://${host}:${port}`) };
  }
  if (isDeployment(template)) return madeOfPod(template.pod);
  const { command = [], env = {}, files = [] } = (template ?? {}) as Partial<ProcessTemplate>;
  return { kind: "processes", command, env, files: files.map(({ path, sha256 }) => ({ path, sha256 })) };
}

function madeOfPod({ metadata, spec }: PodTemplate): Made {
  const containers: readonly ShownContainer[] = spec.containers;
  const { [CONFIGURATION]: configuration = "", ...annotations } = metadata?.annotations ?? {};
  const rest = containers.map(({ image: _image, command: _command, args: _args, env: _env, ...more }) => more);
  const pod = { labels: metadata?.labels, annotations, spec: { ...spec, containers: rest } };
  return {
    kind: "deployment",
    image: containers.flatMap(({ image }) => image ?? []),
    command: containers.flatMap(({ command = [], args = [] }) => [...command, ...args]),
    env: Object.fromEntries(
      containers.flatMap(({ env = [] }) => env.map((one) => [one.name, JSON.stringify(one)] as const)),
    ),
    // Ports, probes, resources, volumes: that they differ is told, and kubectl shows them.
    unseen: { configuration, pod: digest(pod) },
  };
}

/** Any value of an environment may be a secret. */
function shown({ unseen: _unseen, ...made }: Made): Made {
  const { command, env } = made;
  return {
    ...made,
    ...(command && { command: withoutSecrets(command) }),
    ...(env && { env: Object.fromEntries(Object.keys(env).map((name) => [name, HIDDEN])) }),
  };
}

/** `--token abc` as well as `--token=abc`. */
function withoutSecrets(command: readonly string[]): readonly string[] {
  return command.map((word, index) => {
    const before = command[index - 1];
    const isValue = before !== undefined && before.startsWith("-") && !before.includes("=") && !word.startsWith("-");
    return isValue && shownText(`${before}=${word}`) !== `${before}=${word}` ? HIDDEN : shownText(word);
  });
}

/** The names of what is another value in one than in the other. */
function differences(made: Made, than: Made): readonly string[] {
  const parts = (one: Made): Readonly<Record<string, string>> => ({
    ...(one.image && { image: one.image.join(" ") }),
    ...(one.command && { command: JSON.stringify(one.command) }),
    ...(one.addresses && { addresses: one.addresses.join(" ") }),
    ...one.unseen,
    ...prefixed("env", Object.entries(one.env ?? {})),
    ...prefixed(
      "files",
      (one.files ?? []).map(({ path, sha256 }) => [path, sha256]),
    ),
  });
  const [a, b] = [parts(made), parts(than)];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]).toSorted();
}

const prefixed = (prefix: string, entries: readonly (readonly [string, string])[]): Readonly<Record<string, string>> =>
  Object.fromEntries(entries.map(([name, value]) => [`${prefix}.${name}`, value]));
