// Which parts of Kubernetes do tests use, and where are they?
import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildProgram, fetchFiles, hasGo, type GoProgram } from "./go-modules.ts";
import { cache } from "./parts.ts";

const KUBERNETES = "1.35.4";
const SAYS = "k8s.io/component-base/version";

type KubePart = GoProgram & {
  readonly version: string;
  /** Takes the place of the one that would be built. */
  readonly variable: string;
  /** What a person is told before the wait. */
  readonly wait: string;
};

const ofKubernetes = {
  version: KUBERNETES,
  lock: join(import.meta.dirname, "kube"),
  link: `-X ${SAYS}.gitVersion=v${KUBERNETES} -X ${SAYS}.gitMajor=1 -X ${SAYS}.gitMinor=35`,
};

/** One entry per program. */
const PARTS = {
  etcd: {
    version: "3.6.5",
    lock: ofKubernetes.lock,
    package: "go.etcd.io/etcd/server/v3",
    variable: "ETCD_BIN",
    wait: "about a minute",
  },
  "kube-apiserver": {
    ...ofKubernetes,
    package: "k8s.io/kubernetes/cmd/kube-apiserver",
    variable: "KUBE_APISERVER_BIN",
    wait: "about 7 minutes",
  },
  "kube-controller-manager": {
    ...ofKubernetes,
    package: "k8s.io/kubernetes/cmd/kube-controller-manager",
    variable: "KUBE_CONTROLLER_MANAGER_BIN",
    wait: "about 2 minutes",
  },
  kubectl: {
    ...ofKubernetes,
    package: "k8s.io/kubernetes/cmd/kubectl",
    variable: "KUBECTL_BIN",
    wait: "about a minute",
  },
  contour: {
    version: "1.33.8",
    module: "github.com/projectcontour/contour@v1.33.8",
    package: "./cmd/contour",
    variable: "CONTOUR_BIN",
    wait: "about 5 minutes",
  },
} as const satisfies Readonly<Record<string, KubePart>>;

/** Those that take long and that no test of `npm test` needs: they are built when they are named. */
const MORE = {
  istiod: {
    // Releases are not published as modules; this is what came before 1.31.
    version: "1.31.0-20260827",
    module: "istio.io/istio@v0.0.0-20260827124520-eed52ebb66ad",
    package: "./pilot/cmd/pilot-discovery",
    variable: "ISTIOD_BIN",
    wait: "about 9 minutes",
  },
  flagger: {
    version: "1.43.0",
    module: "github.com/fluxcd/flagger@v1.43.0",
    package: "./cmd/flagger",
    variable: "FLAGGER_BIN",
    wait: "about 3 minutes",
  },
  argo: {
    version: "1.10.1",
    module: "github.com/argoproj/argo-rollouts@v1.10.1",
    package: "./cmd/rollouts-controller",
    variable: "ARGO_ROLLOUTS_BIN",
    wait: "about 8 minutes",
  },
} as const satisfies Readonly<Record<string, KubePart>>;

/** Definitions of others' resources, as files or folders of them. */
const DEFINITIONS = {
  istio: { version: "1.29.2", module: "istio.io/api", path: "kubernetes/customresourcedefinitions.gen.yaml" },
  gateway: { version: "1.4.1", module: "sigs.k8s.io/gateway-api", path: "config/crd/standard" },
  contour: { version: "1.33.8", module: "github.com/projectcontour/contour", path: "examples/contour/01-crds.yaml" },
  flagger: { version: "1.43.0", module: "github.com/fluxcd/flagger", path: "artifacts/flagger/crd.yaml" },
  argo: { version: "1.10.1", module: "github.com/argoproj/argo-rollouts", path: "manifests/crds" },
} as const;

type ControlPart = keyof typeof PARTS;
type MorePart = keyof typeof MORE;
type Definitions = keyof typeof DEFINITIONS;

const say = (text: string): void => console.error(`serin: ${text}`);
const part = (name: ControlPart | MorePart): KubePart => ({ ...PARTS, ...MORE })[name];

function target(name: ControlPart | MorePart): string {
  return join(cache(), `${name}-${part(name).version}`, name);
}

function definitionsTarget(name: Definitions): string {
  return join(cache(), `definitions-${name}-${DEFINITIONS[name].version}`);
}

/** Where a program is, `undefined` when it is not on this machine. */
export function kubePart(name: ControlPart | MorePart): string | undefined {
  const given = process.env[part(name).variable];
  if (given !== undefined && given !== "") return given;
  return existsSync(target(name)) ? target(name) : undefined;
}

/** The control plane's programs and kubectl. */
export interface KubePrograms {
  readonly etcd: string;
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly kubectl: string;
}

/** All that a control plane takes, `undefined` when anything is absent. */
export function kubePrograms(): KubePrograms | undefined {
  const etcd = kubePart("etcd");
  const apiServer = kubePart("kube-apiserver");
  const controllerManager = kubePart("kube-controller-manager");
  const kubectl = kubePart("kubectl");
  if (!etcd || !apiServer || !controllerManager || !kubectl) return undefined;
  return { etcd, apiServer, controllerManager, kubectl };
}

/** The file or folder with definitions of others' resources, `undefined` when it is not on this machine. */
export function kubeDefinitions(name: Definitions): string | undefined {
  return existsSync(definitionsTarget(name)) ? definitionsTarget(name) : undefined;
}

function build(name: ControlPart | MorePart): void {
  const { version, wait, variable } = part(name);
  say(`building ${name} ${version} from Go modules (${wait}, once) …`);
  const failed = buildProgram(part(name), target(name));
  if (failed === undefined) return;
  say(`not built: ${name}: ${failed}; tests that need it are skipped`);
  say(`  next: set ${variable} to the program's path, or see why with go build ${part(name).package}`);
}

function fetchDefinitions(name: Definitions): void {
  const { module, version, path } = DEFINITIONS[name];
  const failed = fetchFiles(`${module}@v${version}`, path, definitionsTarget(name));
  if (failed !== undefined) say(`not fetched: definitions of ${name}: ${failed}; tests that need them are skipped`);
}

/** Builds and fetches what is absent, and those of the larger parts that are named. Whatever is not had is named. */
export function installKubeParts(more: readonly string[] = []): void {
  const unknown = more.filter((name) => !(name in MORE));
  if (unknown.length > 0) return say(`no part ${unknown.join(", ")}: ${Object.keys(MORE).join(", ")}`);
  const names = [...(Object.keys(PARTS) as ControlPart[]), ...(more as readonly MorePart[])];
  const absent = names.filter((name) => kubePart(name) === undefined);
  const undefinedYet = (Object.keys(DEFINITIONS) as Definitions[]).filter(
    (name) => kubeDefinitions(name) === undefined,
  );
  if (absent.length + undefinedYet.length === 0) return;
  if (!hasGo()) {
    say(`not built: ${absent.join(", ")}: go is not there; tests that need them are skipped`);
    return say("  next: install Go 1.25 or newer");
  }
  for (const name of absent) build(name);
  for (const name of undefinedYet) fetchDefinitions(name);
}

if (import.meta.main) installKubeParts(process.argv.slice(2));
