// How does a real Istio stand in front of the pods of a test?
import { writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { kubePart } from "../../tools/kube-parts.ts";
import { envoyBinary } from "../../tools/parts.ts";
import { until } from "../e2e/harness.ts";
import { freePort } from "../proxy/parts.ts";
import type { Cluster, Namespace } from "./cluster.ts";
import { daemonOf, type Daemon } from "./daemon.ts";
import { define } from "./definitions.ts";

/** Why there can be no Istio here. */
export function whyNoIstio(): string | undefined {
  if (kubePart("istiod") === undefined) return "istiod was not built: node tools/kube-parts.ts istiod";
  return envoyBinary() === undefined ? "there is no Envoy: node tools/parts.ts" : undefined;
}

/** By this Gateways know the Envoy. */
const LABELS = { istio: "gateway" };

/** It signs no certificates and changes no pods: its Envoy is none of Istio's own, and there are no sidecars. */
const SETTINGS = {
  ENABLE_CA_SERVER: "false",
  PILOT_CERT_PROVIDER: "none",
  INJECTION_WEBHOOK_CONFIG_NAME: "",
  VALIDATION_WEBHOOK_CONFIG_NAME: "",
  PILOT_ENABLE_METADATA_EXCHANGE: "false",
  PILOT_ENABLE_ALPN_FILTER: "false",
  PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER: "false",
};

interface Mesh {
  /** How long Istio waits for further changes before it tells its Envoys; 100ms without it. */
  readonly debounce?: string;
}

/** Where requests come in, and where the Envoy says what it does. */
interface Opened {
  readonly address: string;
  readonly admin: string;
}

/** Of the whole mesh, which is one namespace. */
function meshOf({ name }: Namespace): object {
  return {
    enableTracing: false,
    enablePrometheusMerge: false,
    enableAutoMtls: false,
    rootNamespace: name,
    discoverySelectors: [{ matchLabels: { "kubernetes.io/metadata.name": name } }],
  };
}

/** An Envoy that asks istiod for everything. */
function bootstrapOf({ name }: Namespace, { xds, admin }: { xds: number; admin: number }): object {
  const http2 = {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicit_http_config: { http2_protocol_options: {} },
  };
  const at = (port: number) => ({ socket_address: { address: "127.0.0.1", port_value: port } });
  const told = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" };
  return {
    node: {
      id: `router~127.0.0.1~gateway.${name}~${name}.svc.cluster.local`,
      cluster: `gateway.${name}`,
      metadata: { NAMESPACE: name, CLUSTER_ID: "Kubernetes", INSTANCE_IPS: "127.0.0.1", LABELS },
    },
    admin: { address: at(admin) },
    dynamic_resources: {
      lds_config: told,
      cds_config: told,
      ads_config: {
        api_type: "GRPC",
        transport_api_version: "V3",
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: "istiod" } }],
      },
    },
    static_resources: {
      clusters: [
        {
          name: "istiod",
          type: "STATIC",
          connect_timeout: "1s",
          typed_extension_protocol_options: { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": http2 },
          load_assignment: {
            cluster_name: "istiod",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: at(xds) } }] }],
          },
        },
      ],
    },
  };
}

/** A Gateway `public` of Istio's with an Envoy, in a namespace; both end with the test. */
export async function openIstio(
  context: TestContext,
  { cluster, shop, debounce = "100ms" }: Mesh & { readonly cluster: Cluster; readonly shop: Namespace },
): Promise<Opened> {
  const [istiod, envoy] = [kubePart("istiod"), envoyBinary()];
  if (istiod === undefined || envoy === undefined) throw new Error(whyNoIstio());
  await define(cluster, "istio");
  const dir = await mkdtemp(join(cluster.dir, "istio-"));
  const ports = await Promise.all(Array.from({ length: 5 }, freePort));
  const [xds = 0, http = 0, monitoring = 0, admin = 0, port = 0] = ports;
  const servers = [{ port: { number: port, name: "http", protocol: "HTTP" }, hosts: ["*"] }];
  await shop.apply({
    apiVersion: "networking.istio.io/v1",
    kind: "Gateway",
    metadata: { name: "public" },
    spec: { selector: LABELS, servers },
  });
  const [mesh, bootstrap] = [join(dir, "mesh.yaml"), join(dir, "envoy.json")];
  writeFileSync(mesh, JSON.stringify(meshOf(shop)));
  writeFileSync(bootstrap, JSON.stringify(bootstrapOf(shop, { xds, admin })));
  const settings = { ...SETTINGS, PILOT_DEBOUNCE_AFTER: debounce, POD_NAMESPACE: shop.name, POD_NAME: "istiod" };
  const flags = {
    kubeconfig: cluster.kubeconfig,
    meshConfig: mesh,
    httpAddr: `127.0.0.1:${http}`,
    grpcAddr: `127.0.0.1:${xds}`,
    monitoringAddr: `127.0.0.1:${monitoring}`,
    httpsAddr: "",
    secureGRPCAddr: "",
    ctrlz_port: "0",
  };
  // It keeps files where it stands.
  const within = ["-C", dir, ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)];
  const asked = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const start = (name: string, command: readonly [string, ...string[]]): Daemon =>
    daemonOf(context, { name, command, log: join(cluster.dir, `${name}-${shop.name}.log`) });
  const parts = [
    start("istiod", ["env", ...within, istiod, "discovery", ...asked]),
    start("envoy", [envoy, "-c", bootstrap, "--use-dynamic-base-id"]),
  ];
  await until("istiod is well", async () => {
    for (const part of parts) part.assertRuns();
    return fetch(`http://127.0.0.1:${http}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return { address: `http://127.0.0.1:${port}`, admin: `http://127.0.0.1:${admin}` };
}

/** The share that an Envoy gives to the canary, as it says itself; nothing while it gives all to one. */
export async function shareAt({ admin }: Opened): Promise<number | undefined> {
  const page = await (await fetch(`${admin}/config_dump?resource=dynamic_route_configs`)).text();
  const found = [...page.matchAll(/"name": "outbound\|80\|([^"]+)",\s+"weight": (\d+)/gu)];
  const sum = (some: typeof found): number => some.reduce((total, [, , number]) => total + Number(number), 0);
  return found.length === 0 ? undefined : sum(found.filter(([, name]) => name?.includes("canary"))) / sum(found);
}

/** Waits until an Envoy has forgotten all that was for single roles. */
export async function untilForgotten({ admin }: Opened): Promise<void> {
  await until("nothing of the roles is left", async () => {
    const page = await (await fetch(`${admin}/clusters`)).text();
    return !/[|-](?:stable|canary)[.|]/u.test(page);
  });
}
