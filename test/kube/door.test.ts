// Does the controller of a cluster answer at its own address as that of a machine does?
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, type TestContext } from "vitest";
import type { AuditEntry } from "../../src/api/access/audit.ts";
import { newToken } from "../../src/api/access/tokens.ts";
import { connect, SerinError, Stale, type Client, type LogsView } from "../../src/api/client.ts";
import { until } from "../e2e/harness.ts";
import { freePort } from "../proxy/parts.ts";
import { demoDeployment, demoService, demoStatefulSet } from "./demo.ts";
import { leads, reachedOf } from "./door.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import type { Deployment } from "./objects.ts";
import { command, controllerOf, ended, installedAccount, rolloutNow, rolloutOf, stateOf } from "./serin.ts";

const GATED = { canary: { steps: [{ weight: "25%", gate: "look" }] } };

const by = { actor: "ana", reason: "tests" } as const;

const refusal = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    (answer) => answer,
    (error: unknown) => error,
  );

/** The code with which it is refused. */
async function refused(asked: Promise<unknown>): Promise<string> {
  const error = await refusal(asked);
  return error instanceof SerinError ? error.trouble.code : String(error);
}

async function shop(context: TestContext): Promise<Namespace> {
  const namespace = await sharedCluster().namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1", { replicas: 3 })]);
  await namespace.rolledOut("app");
  return namespace;
}

test("a canary is read, and promoted by somebody who has seen it as it is", async (context) => {
  const namespace = await shop(context);
  const other = await sharedCluster().namespace(context);
  const at = await reachedOf(context, { cluster: sharedCluster(), namespace, besides: [other] });
  await leads(at.client);
  const { client } = at;
  await other.apply(rolloutOf(GATED));
  await rolloutNow(other, ({ status }) => status?.message !== undefined);
  const idle = `app.${other.name}`;
  expect((await client.get(idle)).troubles).toEqual({ rollout: `there is no Deployment app in ${other.name}` });
  expect(await refused(client.command(idle, { kind: "pause", ...by }))).toBe("SERIN_KUBE_NOT_FOLLOWED");
  expect(await refused(client.plan(idle))).toBe("SERIN_NOTHING_PLANNED");
  expect(await refused(client.get("app.elsewhere"))).toBe("SERIN_UNKNOWN_SERVICE");
  await namespace.apply(rolloutOf(GATED));
  await ended(namespace, 1, "promoted");
  const service = `app.${namespace.name}`;
  await namespace.apply(demoDeployment("v2", { replicas: 3 }));
  await rolloutNow(namespace, ({ status }) => status?.phase === "Waiting" && status.weight?.measured === "25%");
  const { items, position } = await client.page();
  expect(items).toMatchObject([
    { service, namespace: namespace.name, attention: { for: "person" } },
    { service: idle },
  ]);
  const db = `db.${other.name}`;
  await other.apply([demoService("db"), demoStatefulSet("v1", { name: "db", replicas: 1 })]);
  await other.apply(
    rolloutOf(
      { recreate: {} },
      { name: "db", spec: { workload: { statefulSet: { name: "db" } }, analysis: undefined } },
    ),
  );
  const seen = await client.get(service);
  expect(seen.pools).toMatchObject([
    { role: "stable", ready: 3, wanted: 3 },
    { role: "canary", ready: 1, wanted: 1 },
  ]);
  const { items: logs } = await client.logs(service, { lines: 5 });
  expect(logs.map(({ lines }) => lines.at(-1)?.slice(0, 10) ?? "").toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    "v1 listens",
    "v1 listens",
    "v1 listens",
    "v2 listens",
  ]);
  const revisions = await client.revisions(service);
  expect(revisions.map(({ image, differs = [] }) => [image, differs])).toEqual([
    [["demo:v1"], []],
    [["demo:v2"], ["image"]],
  ]);
  const asked = { kind: "promote", actor: "ana", reason: "looks well" } as const;
  const late = await client.command(service, { ...asked, expected: 1 }).catch((error: unknown) => error);
  expect(late).toBeInstanceOf(Stale);
  expect(await client.command(service, { ...asked, expected: seen.version })).toMatchObject({ service, rollout: 2 });
  await ended(namespace, 2, "promoted");
  expect((await client.records(service, 0, 100)).map(({ actor }) => actor)).toContain("ana");
  const told: string[] = [];
  for await (const event of client.events({ from: position, signal: AbortSignal.timeout(60_000) })) {
    if (event.type === "record") told.push(event.data.kind);
    if (told.at(-1) === "ended") break;
  }
  const written = await until("a pod of a StatefulSet is read", async () => {
    const answer = await refusal(client.logs(db, { lines: 1 }));
    return answer instanceof SerinError ? undefined : (answer as LogsView).items[0];
  });
  expect(written).toMatchObject({ replica: "db-0", lines: [expect.stringContaining("v1 listens")] });
  expect(told.filter((kind) => kind === "command" || kind === "ended")).toEqual(["command", "ended"]);
});

const fileOf = (namespace: string, analysis = "{ enabled: false }"): string => `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: app, namespace: ${namespace} }
spec:
  workload: { deployment: { name: app } }
  traffic: { service: { name: app } }
  strategy: { canary: { steps: [{ weight: 25%, gate: look }] } }
  analysis: ${analysis}
  progressDeadline: 1m
`;

/** A pod as a controller's would be. */
const podOf = (name: string): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { containers: [{ name: "controller", image: "inprocess:1" }] },
});

test("of two controllers one answers, the other says which; it goes on where that one ended", async (context) => {
  const [cluster, namespace] = [sharedCluster(), await shop(context)];
  await namespace.apply([podOf("one"), podOf("two")]);
  const of = (name: string): ReturnType<typeof reachedOf> => {
    const env = { POD_NAME: name, POD_NAMESPACE: namespace.name };
    return reachedOf(context, { cluster, namespace, name, env });
  };
  const marked = (name: string): Promise<unknown> =>
    namespace.until(`Pod/${name}`, ({ metadata }) => metadata.labels?.["serin.dev/leads"] === "true");
  const one = await of("one");
  await leads(one.client);
  await marked("one");
  const two = await of("two");
  const whose = await until("it knows who leads", async () => {
    const standing = await refusal(two.client.whoami());
    const { code: is, found = "" } = standing instanceof SerinError ? standing.trouble : { code: String(standing) };
    return /^the controller one-\d+ leads$/u.test(found) ? is : undefined;
  });
  expect(whose).toBe("SERIN_NOT_LEADING");
  expect((await fetch(`${two.url}/v1/login`)).status).toBe(503);

  const service = `app.${namespace.name}`;
  const text = fileOf(namespace.name);
  const planned = await one.client.planFile(text, "/");
  expect(planned).toMatchObject({ ok: true, plan: { service, strategy: "canary" } });
  const applied = await one.client.apply({ text, origin: "/", ...by });
  expect(applied).toMatchObject({ service });
  expect(applied.text).toContain("is made: Deployment app (3 replicas");
  await ended(namespace, 1, "promoted");
  expect(await refusal(one.client.apply({ text, origin: "/", expected: 0, ...by }))).toBeInstanceOf(Stale);
  for (const wrong of [
    fileOf("elsewhere"),
    fileOf(
      namespace.name,
      "{ judge: kayenta, config: /var/run/secrets/kubernetes.io/serviceaccount/token, lifetime: 1h, interval: 10m }",
    ),
  ])
    expect(await refused(one.client.apply({ text: wrong, origin: "/", ...by }))).toBe("SERIN_BAD_FILE");
  const scaled = await refusal(one.client.command(service, { kind: "scale", replicas: 5, ...by }));
  expect((scaled as SerinError).trouble.next).toBe(
    `kubectl --namespace ${namespace.name} scale deployment/app --replicas=5`,
  );
  await namespace.apply(demoDeployment("v2", { replicas: 3 }));
  await rolloutNow(namespace, ({ status }) => status?.phase === "Waiting");

  await one.controller.kill();
  await leads(two.client);
  await marked("two");
  await two.client.command(service, { kind: "promote", ...by });
  await ended(namespace, 2, "promoted");
  await two.client.command(service, { kind: "undo", to: "app/1", ...by });
  await ended(namespace, 3, "promoted");
  const { spec } = await namespace.get<Deployment>("Deployment/app");
  expect(spec.template.spec.containers[0]?.image).toBe("demo:v1");
  await two.client.remove(service, by);
  expect(await namespace.find("serin.dev/v1/Rollout/app")).toBeUndefined();
  expect((await namespace.rolledOut("app")).spec.paused).toBeUndefined();
  expect(await two.client.list()).toEqual([]);
});

test("roles and four eyes hold for Rollouts that kubectl applies, with the rights of the installation", async (context) => {
  const [cluster, namespace] = [sharedCluster(), await shop(context)];
  const [ann, eve, root] = [newToken(), newToken(), newToken()];
  const access = join(await stateOf(cluster), "access.yaml");
  await writeFile(
    access,
    `tokens:
  - { actor: ann, sha256: ${ann.sha256} }
  - { actor: eve, sha256: ${eve.sha256} }
  - { actor: root, sha256: ${root.sha256} }
grants:
  - { who: { actors: [ann] }, role: approve, environments: production }
  - { who: { actors: [ann] }, role: operate, environments: ${namespace.name} }
  - { who: { actors: [eve] }, role: view }
  - { who: { actors: [root] }, role: administer }
fourEyes:
  - { environments: production, approvals: 1 }
`,
  );
  const [kubeconfig, port] = [await installedAccount(cluster, "--dashboard"), await freePort()];
  const state = await stateOf(cluster);
  const flags = ["--listen", `127.0.0.1:${port}`, "--access", access];
  await controllerOf(context, { cluster, namespace, kubeconfig, leaseNamespace: "serin-system", state, flags });
  const as = ({ token }: ReturnType<typeof newToken>): Client => connect({ url: `http://127.0.0.1:${port}`, token });
  await leads(as(ann));
  const service = `app.${namespace.name}`;
  const rollout = rolloutOf({ canary: { steps: [{ weight: "25%", hold: "1s" }] } }) as { readonly metadata: object };
  const metadata = { ...rollout.metadata, labels: { environment: "production" } };
  await namespace.apply({ ...rollout, metadata });
  await ended(namespace, 1, "promoted");
  await namespace.apply(demoDeployment("v2", { replicas: 3 }));
  await rolloutNow(namespace, ({ status }) => /has 0 of 1 approvals/u.test(status?.why ?? ""));
  // A note has any name in it.
  expect(await command(namespace, { id: "1", kind: "promote", actor: "ann", reason: "" })).toContain(
    "does not show who",
  );
  const promote = { kind: "promote", reason: "seen", actor: "ann" } as const;
  expect(await refused(as(eve).command(service, { ...promote, actor: "eve" }))).toBe("SERIN_FORBIDDEN");
  expect(await refused(as(eve).logs(service))).toBe("SERIN_FORBIDDEN");
  expect((await as(root).logs(service)).items.length).toBeGreaterThan(3);
  expect((await as(ann).command(service, promote)).text).toContain("goes on");
  await ended(namespace, 2, "promoted");
  // What is not there yet is in the environment that its file names.
  const other = fileOf(namespace.name).replaceAll("name: app", "name: other");
  await namespace.apply([demoService("other"), demoDeployment("v1", { name: "other", replicas: 1 })]);
  expect((await as(ann).apply({ text: other, origin: "/", reason: "", actor: "ann" })).text).toContain("is made");
  expect(await refused(as(ann).remove(service, { reason: "", actor: "ann" }))).toBe("SERIN_FORBIDDEN");
  await as(root).remove(service, { reason: "over", actor: "root" });
  // Without the right there is no log, and the refusal says what is missing.
  await cluster.objects.delete("ClusterRoleBinding/serin-controller-dashboard");
  const unread = await until("the right is gone", async () => {
    const answer = await refusal(as(root).logs(`other.${namespace.name}`));
    return answer instanceof SerinError ? answer.trouble : undefined;
  });
  expect(unread).toMatchObject({ code: "SERIN_NO_LOG", found: expect.stringContaining("may not get pods/log") });
  const log = await readFile(join(cluster.dir, `serin-${namespace.name}-a.log`), "utf8");
  const entries = log.split("\n").filter((line) => line.includes('"event":"audit"'));
  const told = entries.map((line) => JSON.parse((JSON.parse(line) as { readonly entry: string }).entry) as AuditEntry);
  expect(told).toContainEqual(expect.objectContaining({ kind: "asked", actor: "ann", what: "promote", service }));
  expect(told).toContainEqual(expect.objectContaining({ kind: "refused", actor: "eve", what: "promote" }));
});
