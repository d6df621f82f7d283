// Does a real API server take what is installed, keep what it promises and give no more rights than it says?
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, inject, type TestContext } from "vitest";
import { chartOf } from "../../src/cli/export/install/chart.ts";
import { install } from "../../src/cli/export/install/install.ts";
import { fileOf } from "../../src/cli/export/install/object.ts";
import { policiesOf } from "../../src/cli/export/install/policies.ts";
import { until } from "../e2e/harness.ts";
import { Api, isStatus } from "./api.ts";
import type { OwnCluster } from "./cluster.ts";
import { demoDaemonSet, demoDeployment, demoStatefulSet } from "./demo.ts";
import { ASKED, CONTROLLER, everything, openWithSerin, saidBy, type Said } from "./installed.ts";
import { test } from "./kube-test.ts";
import type { Deployment, KubeObject } from "./objects.ts";
import { each, FORBIDDEN, isAllowed, LEASES, NEEDED } from "./permissions.ts";
import { clusterRollouts } from "./rollouts.ts";

const ROLLOUTS = "/apis/serin.dev/v1/namespaces/default/rollouts";

let cluster: OwnCluster;
let api: Api;

const kubectl = (args: readonly string[], input = ""): Promise<Said> => saidBy(cluster, args, input);

/** Cluster-wide policies and definitions: not for a cluster that other tests share. */
beforeAll(async () => {
  if ("why" in inject("kube")) return;
  cluster = await openWithSerin();
  api = new Api(cluster.access, "serin-tests");
  await until("Rollouts can be asked for", async () => (await kubectl(["get", "rollouts"])).code === 0);
});

afterAll(async () => {
  api?.close();
  await cluster?.end();
});

/** What the API server says to an object, without keeping it. */
async function refusal(object: object): Promise<string | undefined> {
  try {
    await api.call("POST", `${ROLLOUTS}?dryRun=All&fieldValidation=Strict`, { data: object });
    return undefined;
  } catch (error) {
    if (isStatus(error, 400, 422)) return (error as Error).message;
    throw error;
  }
}

interface Defined extends KubeObject {
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
}

test("everything is applied without a warning, again by the server, and limited to namespaces", async () => {
  const bySelf = await kubectl(
    ["apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-"],
    everything(),
  );
  expect(bySelf).toMatchObject({ code: 0, err: "" });
  const few = everything({ namespace: "team-a", namespaces: ["default"], secrets: true, dashboard: true });
  expect(await kubectl(["apply", "--dry-run=client", "--validate=strict", "-f", "-"], few)).toMatchObject({
    code: 0,
    err: "",
  });

  const definition = await api.call<Defined>(
    "GET",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/rollouts.serin.dev",
  );
  const conditions = definition.status.conditions.map(({ type, status }) => `${type} ${status}`);
  expect(conditions.toSorted()).toEqual(["Established True", "NamesAccepted True"]);
});

test("the policies are read without a doubt", async () => {
  const types = ['jsonpath={range .items[*]}{.metadata.name} {.status.typeChecking}{"\\n"}{end}'];
  const look = async () =>
    (await kubectl(["get", "validatingadmissionpolicies", "-o", ...types])).out.trim().split("\n");
  await until("the policies are read", async () => (await look()).every((line) => line.includes("{")));
  const names = ["annotations", "brake", "on-delete", "partition"];
  expect(await look()).toEqual(names.map((name) => `serin-${name} {}`));
});

test("the base for kustomize and the definition of the chart say the same", async () => {
  const base = await install.make({
    atHand: { services: [], units: [], rollouts: [] },
    options: { ...ASKED, format: "kustomize", out: join(cluster.dir, "base") },
  });
  for (const [name, text] of Object.entries(base.folder?.files ?? {})) {
    const file = join(base.folder?.path ?? "", name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  const built = await kubectl(["apply", "--dry-run=server", "--validate=strict", "-k", join(cluster.dir, "base")]);
  expect(built).toMatchObject({ code: 0, err: "" });
  const chart = await kubectl(["apply", "--dry-run=server", "-f", "-"], chartOf(ASKED)["crds/rollouts.yaml"]);
  expect(chart).toMatchObject({ code: 0, err: "" });
});

test("every rollout that is right is taken, unless it needs a machine", async () => {
  const right = clusterRollouts().filter(({ issues }) => issues.length === 0);
  expect(right.map(({ file }) => file)).toContain("docs/kubernetes-install.md");
  expect(right.filter(({ ofMachine }) => ofMachine).length).toBeGreaterThan(1);
  expect(right.filter(({ ofMachine }) => !ofMachine).length).toBeGreaterThan(80);
  const taken: object[] = [];
  for (const { file, object } of right) taken.push({ file, refused: (await refusal(object)) !== undefined });
  expect(taken).toEqual(right.map(({ file, ofMachine }) => ({ file, refused: ofMachine })));
});

/** What a schema can see: names, types and whether a field is there. */
const SHAPE = /^(?:unknown-field|wrong-type|missing-field) /u;

/** A field is missing because of what another one says. */
const BETWEEN_FIELDS = new Set([
  "bad-no-weight.txt",
  "bad-ab-test-sticky.txt",
  "bad-experiment-rivals.txt",
  "bad-kayenta.txt",
  "bad-shadow-nothing.txt",
]);

test("every rollout of a wrong shape is refused", async () => {
  const wrong = clusterRollouts().filter(({ file, issues }) => {
    return issues.some((issue) => SHAPE.test(issue)) && !BETWEEN_FIELDS.has(file);
  });
  expect(wrong.length).toBeGreaterThan(15);
  const taken: string[] = [];
  for (const { file, object, issues } of wrong)
    if (!(await refusal(object))) taken.push(`${file}: ${issues.join("; ")}`);
  expect(taken).toEqual([]);
});

const DEPLOYMENT = { deployment: { name: "shop" } };
const SERVICE = { service: { name: "shop" } };
const CANARY = { canary: { stepWeight: 10 } };

/** The controller's own, which must get nowhere. */
const TOKEN = { file: "/var/run/secrets/kubernetes.io/serviceaccount/token" };

function rollout(spec: object, name = "shop"): object {
  const base = { workload: DEPLOYMENT, traffic: SERVICE, strategy: CANARY };
  return { apiVersion: "serin.dev/v1", kind: "Rollout", metadata: { name }, spec: { ...base, ...spec } };
}

test.each([
  [{ workload: { process: { command: ["a"] } } }, "process and urls are for machines"],
  [{ workload: { urls: ["http://127.0.0.1:1"] } }, "process and urls are for machines"],
  [{ workload: {} }, "one of deployment, statefulSet or daemonSet must be here"],
  [{ workload: { ...DEPLOYMENT, ready: { tcp: true } } }, "pods have probes"],
  [{ traffic: { proxy: { listen: 8080 } } }, "proxy is for machines"],
  [{ traffic: {} }, "one of proxy, envoy, service, istio or gateway must be here, and only one"],
  [{ traffic: { ...SERVICE, gateway: { service: { name: "a" }, parents: [{ name: "b" }] } } }, "and only one"],
  [{ traffic: { gateway: { service: { name: "a" } } } }, "one of route or parents must be here, and only one"],
  [{ traffic: { istio: { service: { name: "a" }, virtualService: { name: "a" }, hosts: ["a"] } } }, "take them out"],
  [{ traffic: { ...SERVICE, sticky: { header: "user", maxAge: "1h" } } }, "only a cookie has a maxAge"],
  [{ strategy: {} }, "must be here, and only one"],
  [{ strategy: { ...CANARY, recreate: {} } }, "must be here, and only one"],
  [{ strategy: { canary: { steps: [{ weight: "10%", hold: "1m" }], stepWeight: 5 } } }, "must be here, and only one"],
  [{ strategy: { canary: { steps: [{ weight: "10%", hold: "1m" }], interval: "5m" } } }, "go with stepWeight"],
  [{ strategy: { recreate: {} }, analysis: {} }, "nothing to compare"],
  [{ strategy: { canary: { steps: [{ weight: "much", hold: "1m" }] } } }, "spec.strategy.canary.steps[0].weight"],
  [{ strategy: { canary: { stepWeight: "10%", colour: "blue" } } }, 'unknown field "spec.strategy.canary.colour"'],
  [{ hooks: [{ name: "smoke", at: "start", command: ["curl"] }] }, "no programs are started where the controller"],
  [
    { notify: [{ name: "told", command: ["curl"], events: ["promoted"] }] },
    "no programs are started where the controller",
  ],
  [
    { analysis: { sources: { own: { command: { command: ["curl"] } } } } },
    "no programs are started where the controller",
  ],
  [{ analysis: { judge: "kayenta", config: "/etc/passwd" } }, "spec.analysis.config"],
  [{ analysis: { sources: { own: { prometheus: { url: "http://a", bearer: TOKEN } } } } }, "unknown field"],
  [{ hooks: [{ name: "smoke", at: "start", http: { url: "http://a", headers: { a: TOKEN } } }] }, "spec.hooks[0].http"],
  [{ hooks: [{ name: "smoke", at: "start", http: { url: { ...TOKEN, env: "A" } } }] }, "spec.hooks[0].http"],
  [{ progressDeadline: 5 }, "spec.progressDeadline"],
  [{ revisionHistory: 21 }, "spec.revisionHistory"],
])("%j is refused", async (spec, said) => {
  expect(await refusal(rollout(spec))).toContain(said);
});

test("a name is one of a service", async () => {
  expect(await refusal(rollout({}, "shop.eu"))).toContain("metadata.name");
  expect(await refusal(rollout({}))).toBeUndefined();
});

test("what was applied stays as it was: no default is added", async ({ onTestFinished }) => {
  const given = rollout({}, "plain") as { readonly spec: object };
  const kept = await api.call("POST", ROLLOUTS, { data: given });
  onTestFinished(async () => void (await api.call("DELETE", `${ROLLOUTS}/plain`)));
  expect((kept as unknown as { readonly spec: object }).spec).toEqual(given.spec);
});

test("kubectl shows how it goes, outcome apart from health", async ({ onTestFinished }) => {
  await api.call("POST", ROLLOUTS, { data: rollout({}, "told") });
  onTestFinished(async () => void (await api.call("DELETE", `${ROLLOUTS}/told`)));
  const condition = {
    type: "Ready",
    status: "True",
    reason: "Well",
    message: "",
    lastTransitionTime: "2030-01-01T00:00:00Z",
  };
  const status = {
    observedGeneration: 1,
    phase: "Progressing",
    outcome: "rolled-back",
    health: "well",
    step: "3/9",
    verdict: "undecided",
    weight: { wanted: "10%", measured: "9.8%" },
    stable: { revision: "a1", replicaSet: "shop-a1" },
    candidate: { revision: "b2", replicaSet: "shop-b2" },
    why: "it waits",
    conditions: [condition],
    history: [{ number: 1, revision: "a1", outcome: "promoted", why: "no worse", endedAt: "2030-01-01T00:00:00Z" }],
    answers: [{ id: "1", text: "is under way", refused: "SERIN_BUSY" }],
    rollout: 2,
    startedAt: "2030-01-01T00:00:00Z",
    seq: 7,
    state: "H4sI",
    log: "H4sI",
  };
  const query = "fieldValidation=Strict";
  await api.call("PATCH", `${ROLLOUTS}/told/status?${query}`, { data: { status }, type: "merge-patch+json" });
  const { out } = await kubectl(["get", "srn", "told", "-o", "wide"]);
  const [head = "", row = ""] = out.split("\n");
  expect(head.trim().split(/ {2,}/u).join(" ")).toBe(
    "NAME STEP WANTED MEASURED VERDICT OUTCOME HEALTH AGE STABLE CANDIDATE WHY",
  );
  expect(row).toMatch(/^told +3\/9 +10% +9\.8% +undecided +rolled-back +well +\S+ +a1 +b2 +it waits$/u);
  expect((await kubectl(["get", "serin", "-o", "name"])).out).toContain("rollout.serin.dev/told");
  expect((await kubectl(["explain", "rollout.spec.strategy.canary.steps.weight"])).out).toContain("DESCRIPTION");
  const wrong = { status: { colour: "blue" } };
  const asked = api.call("PATCH", `${ROLLOUTS}/told/status?${query}`, { data: wrong, type: "merge-patch+json" });
  await expect(asked).rejects.toThrow('unknown field "status.colour"');
});

const may = (user: string, verb: string, what: string): Promise<boolean> => isAllowed(api, { user, verb, what });

test("the controller may do what it needs, and nothing else", async () => {
  for (const [resource, verb] of each(NEEDED))
    expect({ resource, verb, may: await may(CONTROLLER, verb, resource) }).toEqual({ resource, verb, may: true });
  for (const [resource, verb] of each(FORBIDDEN))
    expect({ resource, verb, may: await may(CONTROLLER, verb, resource) }).toEqual({ resource, verb, may: false });
  for (const verb of ["get", "create", "update", "patch"])
    expect(await isAllowed(api, { user: CONTROLLER, verb, what: LEASES, namespace: "serin-system" })).toBe(true);
  expect(await isAllowed(api, { user: CONTROLLER, verb: "delete", what: LEASES, namespace: "serin-system" })).toBe(
    false,
  );
});

test("whoever may view or edit a namespace may see or steer its Rollouts", async () => {
  for (const role of ["view", "edit"])
    expect(
      await kubectl(["create", "rolebinding", `${role}s`, "--clusterrole", role, "--user", `${role}er`]),
    ).toMatchObject({
      code: 0,
    });
  await until("the roles are put together", async () => may("editer", "patch", "rollouts.serin.dev"));
  expect(await may("viewer", "get", "rollouts.serin.dev/status")).toBe(true);
  expect(await may("viewer", "patch", "rollouts.serin.dev")).toBe(false);
  expect(await may("viewer", "watch", "rollouts.serin.dev")).toBe(true);
  expect(await may("editer", "patch", "rollouts.serin.dev/status")).toBe(false);
});

/** A Deployment that Serin looks after, and a way to ask for changes of it. */
async function adopted(context: TestContext) {
  const shop = await cluster.namespace(context);
  await shop.apply(demoDeployment("v1", { replicas: 1 }));
  await shop.untilAll("ReplicaSet", (found) => found.length === 1);
  await shop.patch("Deployment/app", { spec: { paused: true } });
  const change = async (what: readonly string[], user?: string): Promise<string> => {
    const said = await kubectl(["-n", shop.name, ...what, ...(user === undefined ? [] : ["--as", user])]);
    return said.code === 0 ? "done" : said.err;
  };
  expect(await change(["annotate", "deployment/app", "serin.dev/rollout=app"], CONTROLLER)).toBe("done");
  return { shop, change };
}

const patch = (spec: object): readonly string[] => ["patch", "deployment/app", "-p", JSON.stringify({ spec })];
const template = (version: string): readonly string[] => patch({ template: { metadata: { labels: { version } } } });
const NOTE = "serin.dev/replicas";

test("an adopted Deployment stays paused, and is its owner's in all else", async (context) => {
  const { change } = await adopted(context);
  expect(await change(template("v2"))).toBe("done");
  expect(await change(["scale", "deployment/app", "--replicas", "2"])).toBe("done");
  expect(await change(["label", "deployment/app", "mine=1"])).toBe("done");
  const held = "stays paused while Rollout app looks after it";
  expect(await change(patch({ paused: false }))).toContain(held);
  expect(await change(["rollout", "resume", "deployment/app"])).toContain(held);
  expect(await change(patch({ paused: false }), CONTROLLER)).toBe("done");
  expect(await change(patch({ paused: true }))).toBe("done");
  // Whoever takes it from Serin says so.
  const own = { metadata: { annotations: { "serin.dev/rollout": null } }, spec: { paused: false } };
  expect(await change(["patch", "deployment/app", "--type=merge", "-p", JSON.stringify(own)])).toBe("done");
  expect(await change(template("v3"))).toBe("done");
});

test("an adopted StatefulSet keeps its partition, and is its owner's in all else", async (context) => {
  const { shop, change } = await adopted(context);
  await shop.apply(demoStatefulSet("v1", { name: "db", replicas: 0 }));
  expect(await change(["annotate", "statefulset/db", "serin.dev/rollout=db"], CONTROLLER)).toBe("done");
  const changed = (spec: object, user?: string): Promise<string> =>
    change(["patch", "statefulset/db", "-p", JSON.stringify({ spec })], user);
  const partition = (number: number): object => ({ updateStrategy: { rollingUpdate: { partition: number } } });
  expect(await changed({ template: { metadata: { labels: { version: "v2" } } } })).toBe("done");
  expect(await change(["scale", "statefulset/db", "--replicas", "1"])).toBe("done");
  expect(await changed(partition(1))).toContain("keeps its updateStrategy while Rollout db looks after it");
  expect(await changed(partition(1), CONTROLLER)).toBe("done");
  expect(await change(["annotate", "--overwrite", "statefulset/db", "serin.dev/rollout=x"])).toContain("kept by Serin");
});

test("an adopted DaemonSet keeps how its pods change, and is its owner's in all else", async (context) => {
  const { shop, change } = await adopted(context);
  await shop.apply(demoDaemonSet("v1", { name: "agent" }, { nowhere: "yes" }));
  expect(await change(["annotate", "daemonset/agent", "serin.dev/rollout=agent"], CONTROLLER)).toBe("done");
  const changed = (spec: object, user?: string): Promise<string> =>
    change(["patch", "daemonset/agent", "-p", JSON.stringify({ spec })], user);
  const own = { updateStrategy: { type: "OnDelete", rollingUpdate: null } };
  expect(await changed({ template: { metadata: { labels: { version: "v2" } } } })).toBe("done");
  expect(await changed(own)).toContain("keeps its updateStrategy while Rollout agent looks after it");
  expect(await changed(own, CONTROLLER)).toBe("done");
  expect(await change(["annotate", "daemonset/agent", "serin.dev/template=x"])).toContain("kept by Serin");
});

test("Serin's annotations are its own; Kubernetes may copy them, and everybody has others", async (context) => {
  const { shop, change } = await adopted(context);
  const own = "are kept by Serin";
  const set = await shop.list("ReplicaSet");
  const replicaSet = `replicaset/${set[0]?.metadata.name}`;
  for (const object of ["deployment/app", replicaSet]) {
    expect(await change(["annotate", object, `${NOTE}=x`])).toContain(own);
    expect(await change(["annotate", object, "mine=1"])).toBe("done");
  }
  expect(await change(["annotate", "--overwrite", "deployment/app", "serin.dev/rollout=other"])).toContain(own);
  // The controller of Deployments copies their annotations.
  await shop.untilAll("ReplicaSet", ([found]) => found?.metadata.annotations?.["serin.dev/rollout"] === "app");
  // Whoever applies the file again leaves them where they are.
  await shop.apply(demoDeployment("v2", { replicas: 1, spec: { paused: true } }));
  const { metadata } = await shop.get<Deployment>("Deployment/app");
  expect(metadata.annotations?.["serin.dev/rollout"]).toBe("app");
});

test("what is taken away can be got past, and leaves Deployments as they are", async (context) => {
  const { shop, change } = await adopted(context);
  const asked = { ...ASKED, namespace: "serin-here", namespaces: [shop.name] };
  const policies = fileOf(policiesOf(asked));
  await kubectl(["delete", "-f", "-"], fileOf(policiesOf(ASKED)));
  context.onTestFinished(async () => void (await kubectl(["apply", "-f", "-"], fileOf(policiesOf(ASKED)))));
  await until("nobody asks", async () => (await change(["annotate", "deployment/app", "serin.dev/pool=x"])) === "done");
  // Of namespaces alone: in force in them.
  expect(await kubectl(["apply", "--validate=strict", "-f", "-"], policies)).toMatchObject({ code: 0, err: "" });
  context.onTestFinished(async () => void (await kubectl(["delete", "-f", "-"], policies)));
  const annotated = (): Promise<string> =>
    change(["annotate", "--overwrite", "deployment/app", `serin.dev/pool=${Date.now()}`]);
  await until("it is asked again", async () => (await annotated()).includes("are kept by Serin"));
  const other = await cluster.namespace(context);
  await other.apply(demoDeployment("v1", { replicas: 1 }));
  expect(await kubectl(["-n", other.name, "annotate", "deployment/app", "serin.dev/pool=x"])).toMatchObject({
    code: 0,
  });
});

test("an upgrade keeps Rollouts; what is uninstalled leaves Deployments and their pods", async (context) => {
  const { shop, change } = await adopted(context);
  await shop.apply({ ...rollout({}), metadata: { name: "app" } });
  const newer = everything({ version: "1.0.1", image: "serin:2" });
  expect(
    await kubectl(["apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-"], newer),
  ).toMatchObject({
    code: 0,
    err: "",
  });
  const { metadata } = await shop.get("serin.dev/v1/Rollout/app");
  expect(metadata.generation).toBe(1);

  const pods = async (): Promise<readonly unknown[]> => (await shop.list("Pod")).map((pod) => pod.metadata.uid);
  const before = await pods();
  expect((await kubectl(["delete", "rollouts", "--all", "--all-namespaces"])).code).toBe(0);
  expect((await kubectl(["delete", "--wait", "-f", "-"], newer)).code).toBe(0);
  const kinds =
    "crd,clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding,namespace";
  const left = await kubectl(["get", kinds, "-l", "app.kubernetes.io/name=serin", "-o", "name"]);
  expect(left).toMatchObject({ code: 0, out: "" });
  expect((await shop.get<Deployment>("Deployment/app")).metadata.annotations?.["serin.dev/rollout"]).toBe("app");
  expect(await pods()).toEqual(before);
  await until(
    "nobody asks",
    async () => (await change(["annotate", "deployment/app", "serin.dev/rollout-"])) === "done",
  );
});
