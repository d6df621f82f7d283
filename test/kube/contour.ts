// How does a real Gateway stand in front of the pods of a test?
import { mkdtemp } from "node:fs/promises";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import type { TestContext } from "vitest";
import { envoyBinary } from "../../tools/parts.ts";
import { kubePart } from "../../tools/kube-parts.ts";
import { until } from "../e2e/harness.ts";
import { freePort } from "../proxy/parts.ts";
import type { Cluster, Namespace } from "./cluster.ts";
import { daemonOf } from "./daemon.ts";
import { define } from "./definitions.ts";

/** Why there can be no Contour here. */
export function whyNoContour(): string | undefined {
  if (kubePart("contour") === undefined) return "Contour was not built: node tools/kube-parts.ts contour";
  return envoyBinary() === undefined ? "there is no Envoy: node tools/parts.ts" : undefined;
}

/** The Gateway, in the class of its own that this Contour looks after. */
async function applyGateway(context: TestContext, cluster: Cluster, { shop, port }: { shop: Namespace; port: number }) {
  await cluster.objects.apply({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "GatewayClass",
    metadata: { name: shop.name },
    spec: { controllerName: "projectcontour.io/gateway-controller" },
  });
  context.onTestFinished(() => cluster.objects.delete(`gateway.networking.k8s.io/v1/GatewayClass/${shop.name}`));
  // Its Envoy listens at a port so much higher than the one that the Gateway says.
  const listeners = [
    { name: "http", protocol: "HTTP", port: port - 8_000, allowedRoutes: { namespaces: { from: "Same" } } },
  ];
  await shop.apply({
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "Gateway",
    metadata: { name: "public" },
    spec: { gatewayClassName: shop.name, listeners },
  });
}

/** What Contour is told besides where its files are. */
async function flags(xds: number, health: number): Promise<readonly string[]> {
  const [http = 0, debug = 0, stats = 0] = await Promise.all(Array.from({ length: 3 }, freePort));
  return [
    ...AT(xds),
    "--insecure",
    "--disable-leader-election",
    ...["tlsroutes", "tcproutes", "backendtlspolicies"].map((kind) => `--disable-feature=${kind}`),
    ...["health", "http", "debug-http", "stats", "envoy-service-http", "envoy-service-https"].map(
      (name) => `--${name}-address=127.0.0.1`,
    ),
    `--health-port=${health}`,
    `--http-port=${http}`,
    `--debug-http-port=${debug}`,
    `--stats-port=${stats}`,
  ];
}

const AT = (xds: number): readonly string[] => ["--xds-address=127.0.0.1", `--xds-port=${xds}`];

/** A Gateway of Contour's with an Envoy, in a namespace. Answers with its address; both end with the test. */
export async function openContour(context: TestContext, cluster: Cluster, shop: Namespace): Promise<string> {
  const [contour, envoy] = [kubePart("contour"), envoyBinary()];
  if (contour === undefined || envoy === undefined) throw new Error(whyNoContour());
  await define(cluster, "contour");
  const dir = await mkdtemp(join(tmpdir(), "serin-contour-"));
  const [xds = 0, health = 0, port = 0] = await Promise.all(Array.from({ length: 3 }, freePort));
  await applyGateway(context, cluster, { shop, port });
  const [config, bootstrap] = [join(dir, "contour.yaml"), join(dir, "envoy.json")];
  writeFileSync(config, `gateway: { gatewayRef: { namespace: ${shop.name}, name: public } }\n`);
  const admin = `--admin-address=${join(dir, "admin.sock")}`;
  await promisify(execFile)(contour, ["bootstrap", bootstrap, ...AT(xds), admin, "--namespace", shop.name]);
  // Another one's routes are refused by it.
  const files = [`--kubeconfig=${cluster.kubeconfig}`, `--config-path=${config}`, `--watch-namespaces=${shop.name}`];
  const logged = (name: string): string => join(cluster.dir, `${name}-${shop.name}.log`);
  const serve = [contour, "serve", ...files, ...(await flags(xds, health))] as const;
  const asked = ["-c", bootstrap, "--service-cluster", "contour", "--service-node", "one", "--use-dynamic-base-id"];
  const parts = [
    daemonOf(context, { name: "contour", command: serve, log: logged("contour") }),
    daemonOf(context, { name: "envoy", command: [envoy, ...asked], log: logged("envoy") }),
  ];
  await until("Contour is well", async () => {
    for (const part of parts) part.assertRuns();
    return fetch(`http://127.0.0.1:${health}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return `http://127.0.0.1:${port}`;
}
