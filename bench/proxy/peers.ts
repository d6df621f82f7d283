// How is each proxy of the comparison started?
import { spawn, type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { envoyBinary, installParts } from "../../tools/parts.ts";

/** Where the proxies listen, and the upstream's two ports: nine of ten requests for the first. */
export const PROXY_PORT = 18_100;
export const STABLE_PORT = 18_101;
export const CANARY_PORT = 18_102;

/** Core of the proxies; the load generator and the upstream share the other one. */
const PROXY_CORE = "0";
export const LOAD_CORE = "1";

export interface Peer {
  readonly name: string;
  /** Command line, given a directory for its files. */
  readonly command: (dir: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const here = (file: string): string => join(import.meta.dirname, file);
const put = (dir: string, name: string, text: string): string => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};

const nginxHead = (dir: string): string => `daemon off; worker_processes 1; pid ${dir}/pid; error_log stderr crit;
events { worker_connections 8192; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 75s; client_max_body_size 0;
client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};`;

/** Answers for all of them: 3 bytes, 1 kB, 64 kB, and a body taken. */
export function upstreamCommand(dir: string): readonly string[] {
  writeFileSync(join(dir, "k1"), "x".repeat(1_024));
  writeFileSync(join(dir, "k64"), "x".repeat(65_536));
  const server = (port: number): string => `server { listen 127.0.0.1:${port} backlog=4096; root ${dir};
  location = /s { return 200 "ok\\n"; } location = /post { return 200 "ok\\n"; } }`;
  const text = `${nginxHead(dir)} sendfile on; tcp_nodelay on; open_file_cache max=10;
  ${server(STABLE_PORT)} ${server(CANARY_PORT)} }`;
  return ["nginx", "-c", put(dir, "upstream.conf", text)];
}

function nginx(dir: string): readonly string[] {
  const text = `${nginxHead(dir)} proxy_request_buffering off;
  upstream stable { server 127.0.0.1:${STABLE_PORT}; keepalive 256; keepalive_requests 1000000000; }
  upstream canary { server 127.0.0.1:${CANARY_PORT}; keepalive 256; keepalive_requests 1000000000; }
  split_clients $request_id $pool { 10% canary; * stable; }
  server { listen 127.0.0.1:${PROXY_PORT} backlog=4096;
    location / { proxy_pass http://$pool; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host; } } }`;
  return ["nginx", "-c", put(dir, "proxy.conf", text)];
}

function haproxy(dir: string): readonly string[] {
  const text = `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  option http-keep-alive
  http-reuse always
frontend in
  bind 127.0.0.1:${PROXY_PORT} backlog 4096
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  use_backend canary if { rand(100) lt 10 }
  default_backend stable
backend stable
  server s 127.0.0.1:${STABLE_PORT}
backend canary
  server s 127.0.0.1:${CANARY_PORT}
`;
  return ["haproxy", "-db", "-f", put(dir, "haproxy.cfg", text)];
}

function envoyConfig(): unknown {
  const address = (port: number): unknown => ({ socket_address: { address: "127.0.0.1", port_value: port } });
  const cluster = (name: string, port: number): unknown => ({
    name,
    type: "STATIC",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
    },
    circuit_breakers: { thresholds: [{ max_connections: 8192, max_pending_requests: 8192, max_requests: 8192 }] },
  });
  const weighted = [
    { name: "stable", weight: 90 },
    { name: "canary", weight: 10 },
  ];
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "in",
    use_remote_address: true,
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route: { weighted_clusters: { clusters: weighted } } }],
        },
      ],
    },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  };
  const filter = { name: "envoy.filters.network.http_connection_manager", typed_config: manager };
  return {
    static_resources: {
      listeners: [{ address: address(PROXY_PORT), filter_chains: [{ filters: [filter] }] }],
      clusters: [cluster("stable", STABLE_PORT), cluster("canary", CANARY_PORT)],
    },
  };
}

/** Envoy from ENVOY_BIN, or the one that tests use, fetched once into the user's cache. */
function fetchedEnvoy(): string {
  installParts();
  const found = envoyBinary();
  if (found === undefined) throw new Error("there is no Envoy to compare with");
  return found;
}

const envoy = (dir: string): readonly string[] => {
  const file = put(dir, "envoy.json", JSON.stringify(envoyConfig()));
  return [fetchedEnvoy(), "-c", file, "--concurrency", "1", "-l", "error", "--disable-hot-restart"];
};

export const PEERS: readonly Peer[] = [
  { name: "nginx", command: nginx },
  { name: "haproxy", command: haproxy },
  { name: "envoy", command: envoy },
  { name: "serin", command: () => [process.execPath, here("serin.ts")] },
  { name: "serin, 2 workers", command: () => [process.execPath, here("serin.ts")], env: { WORKERS: "2" } },
  { name: "http-proxy-3", command: () => [process.execPath, here("library.ts")] },
];

/** Starts a command pinned to one core. */
export function pinned(
  core: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn("taskset", ["-c", core, ...command], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", process.env["BENCH_VERBOSE"] === undefined ? "ignore" : "inherit"],
    cwd: tmpdir(),
  });
}

export const startPeer = (peer: Peer, dir: string): ChildProcess => pinned(PROXY_CORE, peer.command(dir), peer.env);
