// Are the parts of Kubernetes found where they were put, and is what cannot be built named?
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { kubeDefinitions, kubePart, kubePrograms } from "./kube-parts.ts";

const VARIABLES = ["ETCD_BIN", "KUBE_APISERVER_BIN", "KUBE_CONTROLLER_MANAGER_BIN", "KUBECTL_BIN"];

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-kube-parts-"));
  vi.stubEnv("SERIN_PARTS", dir);
  for (const variable of VARIABLES) vi.stubEnv(variable, undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

function install(...args: readonly string[]): string {
  // An empty folder is all that it finds programs in.
  const empty = mkdtempSync(join(dir, "empty-"));
  const env = { ...process.env, PATH: empty };
  const script = join(import.meta.dirname, "kube-parts.ts");
  const { stderr, status } = spawnSync(process.execPath, [script, ...args], { env, encoding: "utf8" });
  rmSync(empty, { recursive: true });
  expect(status).toBe(0);
  return stderr;
}

test("a control plane is there when all of its programs are", () => {
  const names = ["etcd-3.6.5/etcd", "kube-apiserver-1.35.4/kube-apiserver", "kubectl-1.35.4/kubectl"];
  for (const name of names) {
    mkdirSync(join(dir, name, ".."));
    writeFileSync(join(dir, name), "");
  }
  expect(kubePart("etcd")).toBe(join(dir, "etcd-3.6.5/etcd"));
  expect(kubePrograms()).toBeUndefined();
  vi.stubEnv("KUBE_CONTROLLER_MANAGER_BIN", "/opt/controllers");
  expect(kubePrograms()).toEqual({
    etcd: join(dir, names[0] ?? ""),
    apiServer: join(dir, names[1] ?? ""),
    controllerManager: "/opt/controllers",
    kubectl: join(dir, names[2] ?? ""),
  });
  expect(kubePart("istiod")).toBeUndefined();
  expect(kubeDefinitions("istio")).toBeUndefined();
});

test("without Go the wait ends at once, with what to do; nothing half is left behind", () => {
  const told = install();
  expect(told).toContain("not built: etcd, kube-apiserver, kube-controller-manager, kubectl, contour: go is not there");
  expect(told).toContain("install Go");
  expect(readdirSync(dir)).toEqual([]);
});

test("a part that nobody knows is refused, with those that there are", () => {
  expect(install("linkerd")).toContain("no part linkerd: istiod, flagger, argo");
  expect(existsSync(join(dir, "linkerd"))).toBe(false);
});
