// How do tests run the real Envoy?
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { envoyBinary } from "../../tools/parts.ts";

export const HAS_ENVOY = envoyBinary() !== undefined;

export interface EnvoyOptions {
  readonly xdsPort: number;
  readonly protocol: "delta" | "state-of-the-world";
  readonly id?: string;
  readonly fleet?: string;
  /** Names of the runtime resources that it takes. */
  readonly runtime?: readonly string[];
  /** How often it sends its metrics to the control plane; never without. */
  readonly metricsEverySeconds?: number;
  readonly concurrency?: number;
  /** Files for a channel that both sides prove themselves on. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

const XDS = "serin";

function transportSocket({ ca, cert, key }: NonNullable<EnvoyOptions["tls"]>): unknown {
  const certificates = [{ certificate_chain: { filename: cert }, private_key: { filename: key } }];
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      sni: "localhost",
      common_tls_context: { tls_certificates: certificates, validation_context: { trusted_ca: { filename: ca } } },
    },
  };
}

function bootstrap(options: EnvoyOptions): unknown {
  const { xdsPort, protocol, id = "one", fleet = "edge", runtime = [], metricsEverySeconds: every } = options;
  const grpc = { envoy_grpc: { cluster_name: XDS } };
  const source = { ads: {}, resource_api_version: "V3" };
  const socket = { socket_address: { address: "127.0.0.1", port_value: xdsPort } };
  const http2 = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  const sink = {
    name: "envoy.stat_sinks.metrics_service",
    typed_config: {
      "@type": "type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig",
      transport_api_version: "V3",
      grpc_service: grpc,
      emit_tags_as_labels: true,
    },
  };
  return {
    node: { id, cluster: fleet, locality: { region: "eu", zone: "eu-1" } },
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } },
    dynamic_resources: {
      ads_config: {
        api_type: protocol === "delta" ? "DELTA_GRPC" : "GRPC",
        transport_api_version: "V3",
        grpc_services: [grpc],
      },
      cds_config: source,
      lds_config: source,
    },
    layered_runtime: { layers: runtime.map((name) => ({ name, rtds_layer: { name, rtds_config: source } })) },
    ...(every === undefined ? {} : { stats_sinks: [sink], stats_flush_interval: `${every}s` }),
    static_resources: {
      clusters: [
        {
          name: XDS,
          connect_timeout: "1s",
          ...(options.tls ? { transport_socket: transportSocket(options.tls) } : {}),
          load_assignment: { cluster_name: XDS, endpoints: [{ lb_endpoints: [{ endpoint: { address: socket } }] }] },
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": http2,
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        },
      ],
    },
  };
}

/** One Envoy, in a process of its own, with what it writes in a folder of its own. */
export class RealEnvoy {
  /** The static cluster that leads to the control plane. */
  static readonly controlPlane = XDS;
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #dir: string;

  constructor(options: EnvoyOptions) {
    this.#dir = mkdtempSync(join(tmpdir(), "serin-envoy-"));
    const config = join(this.#dir, "bootstrap.json");
    writeFileSync(config, JSON.stringify(bootstrap(options)));
    const log = openSync(join(this.#dir, "log"), "w");
    const args = ["-c", config, "--concurrency", String(options.concurrency ?? 1), "-l", "warning"];
    const admin = ["--disable-hot-restart", "--admin-address-path", join(this.#dir, "admin")];
    this.#process = spawn(envoyBinary() ?? "", [...args, ...admin], { stdio: ["ignore", log, log] });
    if (this.#process.pid === undefined) throw new Error("Envoy does not start");
    this.pid = this.#process.pid;
  }

  get log(): string {
    return readFileSync(join(this.#dir, "log"), "utf8");
  }

  /** What its administration interface answers. */
  async admin(path: string): Promise<string> {
    const file = join(this.#dir, "admin");
    const end = Date.now() + 20_000;
    while (!existsSync(file) && Date.now() < end) await after(20);
    const address = readFileSync(file, "utf8");
    return (await fetch(`http://${address.trim()}${path}`)).text();
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.kill()) await once(this.#process, "exit");
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
