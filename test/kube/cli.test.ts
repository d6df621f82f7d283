// Can a person look after services of a cluster by `serin` and by `kubectl serin`, with the rights that they have?
import { execFile } from "node:child_process";
import { mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { expect, type TestContext } from "vitest";
import { kubePrograms } from "../../tools/kube-parts.ts";
import { demoDeployment, demoService } from "./demo.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { Deployment, KubeObject } from "./objects.ts";
import { controllerOf, ended, installKinds, rolloutNow } from "./serin.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const MAIN = join(ROOT, "src", "cli", "main.ts");

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Asking {
  readonly kubeconfig?: string;
  readonly program?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called when it has said something. */
  readonly onWord?: () => void;
}

/** Runs a command to its end, from a folder without a state. */
async function said(args: readonly string[], asking: Asking = {}): Promise<Said> {
  const { program, kubeconfig = sharedCluster().kubeconfig, env = {}, onWord } = asking;
  const cwd = await mkdtemp(join(tmpdir(), "serin-person-"));
  const all = program === undefined ? [MAIN, ...args] : args;
  return new Promise((resolve) => {
    const given = { ...process.env, HOME: cwd, KUBECONFIG: kubeconfig, SERIN_STATE: undefined, ...env };
    const child = execFile(program ?? process.execPath, all, { cwd, env: given, timeout: 120_000 }, (_, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
    if (onWord) child.stdout?.once("data", onWord);
  });
}

const serin = (...args: readonly string[]): Promise<Said> => said(args);

async function fileOf(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "serin-file-")), "rollout.yaml");
  await writeFile(file, text);
  return file;
}

const rolloutFile = (steps: string, more = ""): string => `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: app }
spec:
  workload: { deployment: { name: app } }
  traffic: { service: { name: app } }
  strategy: { canary: { steps: ${steps} } }
  analysis: { enabled: false }
  progressDeadline: 1m
${more}`;

const GATED = "[{ weight: 10%, gate: look }]";

async function shop(context: TestContext): Promise<Namespace> {
  const namespace = await sharedCluster().namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1", { replicas: 3 })]);
  await namespace.rolledOut("app");
  return namespace;
}

type Lease = KubeObject & { readonly spec?: { readonly holderIdentity?: string } };

/** A service that was adopted by `serin apply`. */
async function adopted(context: TestContext): Promise<Namespace> {
  const namespace = await shop(context);
  await controllerOf(context, { cluster: sharedCluster(), namespace });
  // Whoever asks waits ten seconds for a controller, and one that starts on a busy machine may take longer.
  await namespace.until<Lease>(`coordination.k8s.io/v1/Lease/serin-controller-${namespace.name}`, ({ spec }) =>
    Boolean(spec?.holderIdentity),
  );
  const applied = await serin("apply", await fileOf(rolloutFile(GATED)), "-n", namespace.name);
  expect(applied).toMatchObject({ code: 0, err: "" });
  expect(applied.out).toMatch(/is made: Deployment app \(3 replicas, \w{10}\) is adopted as it is; .* canary\n/u);
  await ended(namespace, 1, "promoted");
  return namespace;
}

/** Brings a template as far as its gate. */
async function atGate(namespace: Namespace, version: string): Promise<void> {
  await namespace.apply(demoDeployment(version, { replicas: 3 }));
  await rolloutNow(namespace, ({ status }) => status?.phase === "Waiting" && status.weight?.measured === "25%");
}

const troubleIn = ({ out }: Said): { readonly code: string; readonly found?: string; readonly next?: string } =>
  (JSON.parse(out) as { trouble: { code: string } }).trouble;

test("a cluster that does not know Rollouts, or has no controller, is told of with the remedy", async (context) => {
  const namespace = await shop(context);
  const { name } = namespace;
  const file = await fileOf(rolloutFile(GATED));
  const { objects } = sharedCluster();
  if (!(await objects.find("CustomResourceDefinition/rollouts.serin.dev"))) {
    for (const args of [["get"], ["get", "app"], ["pause", "app"], ["apply", file], ["down", "app"]]) {
      const answer = await serin(...args, "--json", "-n", name);
      expect(answer.code).toBe(2);
      expect(troubleIn(answer)).toMatchObject({
        code: "SERIN_KUBE_NOT_INSTALLED",
        next: "serin export install | kubectl apply -f -",
      });
    }
  }
  await installKinds(sharedCluster());
  expect(await serin("get", "-n", name)).toMatchObject({
    code: 0,
    out: `no services in namespace ${name} yet; start one with: serin apply FILE\n`,
  });
  const applied = await serin("apply", file, "-n", name);
  expect(applied.out).toMatch(/No controller has looked at it within 10s/u);
  expect(troubleIn(await serin("pause", "app", "-n", name, "--json"))).toMatchObject({
    code: "SERIN_KUBE_NOT_FOLLOWED",
    found: "no controller has looked at it yet",
  });
  expect((await serin("get", `app.${name}`)).out).toContain("no controller has looked at it yet");
});

test("whoever is on call sees and steers a canary with every verb", async (context) => {
  const namespace = await adopted(context);
  const at = ["-n", namespace.name];
  await atGate(namespace, "v2");

  const list = JSON.parse((await serin("get", "--json", ...at)).out) as readonly object[];
  expect(list).toMatchObject([
    { service: `app.${namespace.name}`, namespace: namespace.name, health: "well", rollout: { number: 2 } },
  ]);
  expect((await serin("get", "-A")).out).toMatch(
    new RegExp(`${namespace.name} +app +well +\\w{10} +2 under way +look: waits for a person`, "u"),
  );
  const view = JSON.parse((await serin("get", `app.${namespace.name}`, "--json")).out) as object;
  expect(view).toMatchObject({
    reported: { canary: 250_000, stable: 750_000 },
    pools: [
      { role: "stable", ready: 3, wanted: 3 },
      { role: "canary", ready: 1, wanted: 1 },
    ],
    troubles: {},
  });
  expect((await serin("status", "app", "--no-wait", ...at)).code).toBe(4);

  expect(await serin("pause", "app", "--reason", "lunch", ...at)).toMatchObject({ code: 0 });
  const early = await serin("promote", "app", ...at);
  expect(early).toMatchObject({ code: 1, out: "" });
  expect(early.err).toMatch(/^SERIN_REFUSED app\.\S+\/2 is paused by admin: lunch\n.* next {3}serin resume app\./su);
  expect(await serin("resume", "app", ...at)).toMatchObject({ code: 0, out: `app.${namespace.name}/2 goes on\n` });
  const scaled = await serin("scale", "app", "5", "--json", ...at);
  expect(scaled.code).toBe(2);
  expect(troubleIn(scaled).next).toBe(`kubectl --namespace ${namespace.name} scale deployment/app --replicas=5`);

  const begun = Promise.withResolvers<void>();
  const watching = said(["watch", "app", ...at], { onWord: () => begun.resolve() });
  await begun.promise;
  expect(JSON.parse((await serin("abort", "app", "--json", "--reason", "no", ...at)).out)).toMatchObject({
    service: `app.${namespace.name}`,
    rollout: 2,
  });
  expect(await watching).toMatchObject({ code: 1 });
  expect((await watching).out).toContain("aborted by admin: no");
  await ended(namespace, 2, "stopped");

  expect(await serin("retry", "app", ...at)).toMatchObject({ code: 0, out: `app.${namespace.name}/3 started\n` });
  await rolloutNow(namespace, ({ status }) => status?.rollout === 3 && status.phase === "Waiting");
  expect(await serin("promote", "app", ...at)).toMatchObject({ code: 0 });
  expect(await serin("status", "app", ...at)).toMatchObject({ code: 0 });
  expect(await serin("undo", "app", "--to", "app/1", ...at)).toMatchObject({ code: 0 });
  expect((await serin("status", "app", ...at)).out).toMatch(/\/4 promoted: /u);
  const image = ({ spec }: Deployment) => spec.template.spec.containers[0]?.image;
  expect(image(await namespace.get<Deployment>("Deployment/app"))).toBe("demo:v1");

  expect((await serin("history", "app", ...at)).out.match(/(?<=app\/\d +\w+ +)\S+/gu)).toEqual([
    "promoted",
    "promoted",
    "stopped",
    "promoted",
  ]);
  const report = await fileOf("");
  expect(await serin("explain", "app/2", "--report", `${report}.html`, ...at)).toMatchObject({ code: 0 });
  expect((await serin("explain", `app.${namespace.name}/2`)).out).toMatch(/paused, by admin: lunch/u);

  expect(await serin("down", "app", ...at)).toMatchObject({ code: 0 });
  expect(await namespace.find("serin.dev/v1/Rollout/app")).toBeUndefined();
  expect((await namespace.rolledOut("app")).spec.paused).toBeUndefined();
  const gone = await serin("get", "app", "--json", ...at);
  expect(gone.code).toBe(2);
  expect(troubleIn(gone)).toMatchObject({ code: "SERIN_UNKNOWN_SERVICE", found: "no service at all" });
});

test("a file is checked against what runs, and changes only what it may", async (context) => {
  const namespace = await adopted(context);
  const at = ["-n", namespace.name];
  const file = await fileOf(rolloutFile(GATED));
  expect((await serin("apply", file, ...at)).out).toContain("is so already: nothing to do");
  const plan = await serin("plan", file, ...at);
  expect(plan.out).toContain("Send 25% of the requests to the canary and 75% to stable. Asked for was 10%");
  await namespace.kubectl("scale", "deployment/app", "--replicas=9");
  expect((await serin("plan", file, ...at)).out).toContain(
    "Send 10% of the requests to the canary and 90% to stable.\n",
  );
  const changed = await serin("apply", await fileOf(rolloutFile("[{ weight: 50%, hold: 1s }]")), ...at);
  expect(changed.out).toMatch(/is changed: from the next template of Deployment app on it counts/u);

  const wrong = await serin("apply", await fileOf(rolloutFile(GATED, "  promote: now\n")), "--json", ...at);
  expect(wrong.code).toBe(2);
  expect(troubleIn(wrong)).toMatchObject({ code: "SERIN_BAD_FILE" });
  const other = await fileOf(rolloutFile(GATED).replace("deployment: { name: app }", "deployment: { name: shop }"));
  expect(troubleIn(await serin("apply", other, "--json", ...at))).toMatchObject({
    code: "SERIN_KUBE_NO_DEPLOYMENT",
    found: "Deployments: app",
  });
  await namespace.apply({
    apiVersion: "serin.dev/v1",
    kind: "Rollout",
    metadata: { name: "app" },
    spec: { progressDeadline: "30s" },
  });
  const theirs = await serin("apply", file, "--json", ...at);
  expect(theirs.code).toBe(2);
  expect(troubleIn(theirs)).toMatchObject({ code: "SERIN_KUBE_MANAGED" });
  expect(troubleIn(await serin("get", "app.elsewhere", "--json", ...at)).code).toBe("SERIN_BAD_OPTION");
  expect((await serin("get", "app")).err).toContain("for the cluster of your kubeconfig add --kubernetes");
});

test("kubectl's own verbs mean what the guide says", async (context) => {
  const namespace = await adopted(context);
  await atGate(namespace, "v2");
  const kubectl = (...args: readonly string[]) => namespace.kubectl(...args);
  const image = ({ spec }: Deployment) => spec.template.spec.containers[0]?.image;
  await kubectl("scale", "deployment/app", "--replicas=6");
  await namespace.until<Deployment>("Deployment/app", ({ status }) => status?.availableReplicas === 6);
  await rolloutNow(namespace, ({ status }) => status?.health === "well");
  await expect(kubectl("rollout", "restart", "deployment/app")).rejects.toThrow("can't restart paused deployment");
  await expect(kubectl("rollout", "pause", "deployment/app")).rejects.toThrow("is already paused");
  await expect(kubectl("rollout", "status", "deployment/app", "--timeout=2s")).rejects.toThrow("timed out");
  await kubectl("rollout", "resume", "deployment/app");
  await namespace.until<Deployment>("Deployment/app", ({ spec }) => spec.paused === true);
  await rolloutNow(namespace, ({ status }) => status?.rollout === 2 && status.phase === "Waiting");
  expect((await serin("promote", "app", "-n", namespace.name)).code).toBe(0);
  expect(await kubectl("rollout", "status", "deployment/app", "--timeout=120s")).toContain("successfully rolled out");
  await ended(namespace, 2, "promoted");
  expect(await kubectl("rollout", "history", "deployment/app")).toMatch(/\n1 .*\n2 /u);
  await expect(kubectl("rollout", "undo", "deployment/app")).rejects.toThrow("cannot rollback a paused deployment");
  // The old template again is a new rollout; taken back half way, it is an abort.
  await kubectl("set", "image", "deployment/app", "app=demo:v3");
  await rolloutNow(namespace, ({ status }) => status?.rollout === 3 && status.phase === "Waiting");
  await kubectl("set", "image", "deployment/app", "app=demo:v2");
  await ended(namespace, 3, "stopped");
  await kubectl("delete", "rollouts.serin.dev", "app", "--timeout=120s");
  const left = await namespace.rolledOut("app");
  expect([left.spec.paused, image(left)]).toEqual([undefined, "demo:v2"]);
});

test("whoever may only view sees everything and commands nothing", async (context) => {
  const namespace = await adopted(context);
  await atGate(namespace, "v2");
  const { out: installed } = await serin("export", "install");
  const role = installed.split("\n---\n").find((part) => /^kind: ClusterRole$[^]*^ {2}name: serin-view$/mu.test(part));
  await sharedCluster().objects.apply(role ?? "");
  await namespace.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "viewer" } });
  await namespace.apply({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "viewer" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "serin-view" },
    subjects: [{ kind: "ServiceAccount", name: "viewer", namespace: namespace.name }],
  });
  const kubeconfig = await sharedCluster().kubeconfigOf(`${namespace.name}/viewer`);
  const viewer = (...args: readonly string[]) => said([...args, "-n", namespace.name], { kubeconfig });
  const seen = await viewer("get", "app");
  expect(seen).toMatchObject({ code: 0 });
  expect(seen.out).toMatch(/canary +\w+ +\?\/1/u);
  expect(seen.out).toContain("pods: you may not see ReplicaSets and pods");
  expect((await viewer("explain", "app")).code).toBe(0);
  const promoted = await viewer("promote", "app", "--json");
  expect(promoted.code).toBe(1);
  const user = `system:serviceaccount:${namespace.name}:viewer`;
  expect(troubleIn(promoted)).toMatchObject({
    code: "SERIN_KUBE_FORBIDDEN",
    what: `${user} may not patch rollouts in ${namespace.name}`,
    next: `have whoever administers the cluster bind the ClusterRole serin-edit to ${user} in ${namespace.name}`,
  });
  expect(troubleIn(await viewer("down", "app", "--json")).code).toBe("SERIN_KUBE_FORBIDDEN");
  const all = await said(["get", "-A", "--json"], { kubeconfig });
  expect(troubleIn(all)).toMatchObject({ what: `${user} may not list rollouts in all namespaces` });
});

test("of two people who decide at once, the second is told what has changed", async (context) => {
  const namespace = await adopted(context);
  await atGate(namespace, "v2");
  const at = ["-n", namespace.name, "--json"];
  const { version } = JSON.parse((await serin("get", "app", ...at)).out) as { version: number };
  const decided = ["--if-version", String(version)];
  const answers = await Promise.all([
    serin("pause", "app", ...decided, ...at),
    serin("pause", "app", ...decided, ...at),
  ]);
  expect(answers.map(({ code }) => code).toSorted((a, b) => a - b)).toEqual([0, 1]);
  const refused = answers.find(({ code }) => code === 1);
  expect(refused && troubleIn(refused)).toMatchObject({ code: "SERIN_STALE", found: "paused" });
});

test("a command that nobody answers is taken back", async (context) => {
  const namespace = await shop(context);
  const controller = await controllerOf(context, { cluster: sharedCluster(), namespace });
  await serin("apply", await fileOf(rolloutFile(GATED)), "-n", namespace.name);
  await ended(namespace, 1, "promoted");
  await atGate(namespace, "v2");
  await controller.kill();
  const answer = await serin("promote", "app", "-n", namespace.name, "--json");
  expect(answer.code).toBe(1);
  expect(troubleIn(answer)).toMatchObject({
    code: "SERIN_NO_ANSWER",
    now: "promote was taken back: nothing was changed; traffic stays at the last split",
  });
  const { metadata } = await namespace.get("serin.dev/v1/Rollout/app");
  expect(metadata.annotations?.["serin.dev/command"]).toBeUndefined();
});

test("kubectl finds the plugin, which is always of the cluster", async (context) => {
  const namespace = await shop(context);
  await installKinds(sharedCluster());
  const bin = await mkdtemp(join(tmpdir(), "serin-bin-"));
  await symlink(join(ROOT, "bin", "kubectl-serin.mjs"), join(bin, "kubectl-serin"));
  const program = kubePrograms()?.kubectl ?? "kubectl";
  const env = { PATH: [bin, dirname(process.execPath), process.env["PATH"]].join(delimiter) };
  const kubectl = (...args: readonly string[]) => said(["serin", ...args], { program, env });
  expect(await kubectl("get", "-n", namespace.name)).toMatchObject({
    code: 0,
    out: `no services in namespace ${namespace.name} yet; start one with: serin apply FILE\n`,
  });
  expect((await kubectl("-n", namespace.name, "get", "app")).err).toContain(
    `there is no service "app.${namespace.name}"`,
  );
  expect((await kubectl("--help")).out).toContain("Usage: kubectl serin");
  expect(await kubectl("run", await fileOf(rolloutFile(GATED)))).toMatchObject({ code: 2 });
});
