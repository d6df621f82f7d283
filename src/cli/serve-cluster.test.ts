// Does a controller take what the installation starts it with?
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { serveClusterCommand } from "./serve-cluster.ts";

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  spawnSync(process.execPath, ["src/cli/main.ts", ...args], {
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, ...env },
  });

interface Workload {
  readonly kind: string;
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly args: string[] }[] } };
  };
}

test.each([[[]], [["--namespaces", "shop,cart"]]])("installed with %j", (asked) => {
  const documents = parseAllDocuments(run(["export", "install", ...asked]).stdout).map(
    (document) => document.toJS() as Workload | null,
  );
  const args = documents.find((object) => object?.kind === "Deployment")?.spec.template.spec.containers[0]?.args ?? [];
  expect(args.slice(0, 2)).toEqual(["serve", "--kubernetes"]);
  // All of them are understood: what is missing is the cluster.
  const { status, stderr, stdout } = run([...args, "--json"], { KUBECONFIG: "/nowhere" });
  expect(stdout + stderr).toContain("SERIN_NO_CLUSTER");
  expect(status).toBe(2);
});

test.each([
  [{ events: "127.0.0.1:0" }, "--events is not of clusters"],
  [{ eventsOrigin: ["https://shop.example"] }, "--events-origin is not of clusters"],
])("what it would not do is refused, and not left out: %j", async (given, what) => {
  const io = { out: () => {}, err: () => {}, color: false, live: false };
  const context = { io, json: true, state: "/nowhere", signal: AbortSignal.abort() };
  const served = serveClusterCommand({ lease: "15s", kubeconfig: "/nowhere", ...given }, context);
  await expect(served).rejects.toMatchObject({ trouble: { code: "SERIN_BAD_OPTION", what, exitCode: 2 } });
});
