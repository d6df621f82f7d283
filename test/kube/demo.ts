// What do tests roll out, and who asks it?
import { Agent, type OutgoingHttpHeaders } from "node:http";
import type { TestContext } from "vitest";
import { clientsOn, type Clients } from "../e2e/harness.ts";

interface Demo {
  /** Default `app`. */
  readonly name?: string;
  /** Default 3. */
  readonly replicas?: number;
  /** Default `demo`; its tag is the version. */
  readonly image?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** More of the container. */
  readonly container?: object;
  /** More of the Deployment's spec. */
  readonly spec?: object;
}

/** The demo service of one version as a Deployment. */
export function demoDeployment(version: string, demo: Demo = {}) {
  const { name = "app", replicas = 3, image = "demo", env = {}, container = {}, spec = {} } = demo;
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: "app",
              image: `${image}:${version}`,
              ports: [{ name: "http", containerPort: 8080 }],
              readinessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 1 },
              env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
              ...container,
            },
          ],
        },
      },
      ...spec,
    },
  };
}

/** The same as a StatefulSet. */
export function demoStatefulSet(version: string, { spec, ...demo }: Demo = {}) {
  const deployment = demoDeployment(version, demo);
  const { name } = deployment.metadata;
  return { ...deployment, kind: "StatefulSet", spec: { ...deployment.spec, serviceName: name, ...spec } };
}

/** The same as a DaemonSet, on nodes that have a label. */
export function demoDaemonSet(version: string, { spec, ...demo }: Demo = {}, nodeSelector: object = {}) {
  const deployment = demoDeployment(version, demo);
  const { replicas: _replicas, template, ...rest } = deployment.spec;
  const onNodes = { ...template, spec: { ...template.spec, nodeSelector } };
  return { ...deployment, kind: "DaemonSet", spec: { ...rest, template: onNodes, ...spec } };
}

/** A Service in front of it. */
export function demoService(name = "app"): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: "http" }] },
  };
}

interface Load {
  /** Default 4. */
  readonly count?: number;
  /** Of each, between two requests; default 10. */
  readonly pauseMs?: number;
  readonly headers?: OutgoingHttpHeaders;
}

/** In a Rollout: its versions are compared by the failures that their pods tell of. */
export const JUDGED = {
  analysis: {
    warmup: "0s",
    metrics: [
      {
        kind: "share",
        name: "errors",
        bad: 'http_requests_total{status=~"5.."}',
        total: "http_requests_total",
        margin: "5%",
      },
    ],
  },
  workload: { deployment: { name: "app", metrics: { every: "500ms" } } },
};

/** Clients of a Service, each request on a connection of its own, so that all pods are asked. They end with the test. */
export function load(
  context: TestContext,
  address: string,
  { count = 4, pauseMs = 10, headers = {} }: Load = {},
): Clients {
  const seen = clientsOn(new Agent({ keepAlive: false }), address, { count, pauseMs, headers });
  context.onTestFinished(() => seen.stop());
  return seen;
}
