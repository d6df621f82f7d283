// Does `serin discover` find a service's page, know it, and propose what a rollout file may say?
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ENDPOINTS_ABILITIES } from "../../src/adapters/endpoints/abilities.ts";
import { PROCESS_ABILITIES } from "../../src/adapters/process/abilities.ts";
import { PROXY_ABILITIES } from "../../src/adapters/proxy/abilities.ts";
import { discoverCommand } from "../../src/cli/discover.ts";
import { compile } from "../../src/core/plan/compile.ts";
import { parseRollout } from "../../src/core/spec/parse.ts";

const folder = new URL("../corpus/expositions/", import.meta.url);
const servers = new Set<Server>();

afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  servers.clear();
});

interface Page {
  readonly text: string;
  readonly type?: string;
  readonly status?: number;
}

/** A service that has these pages and no other; its host and port. */
async function serving(pages: Readonly<Record<string, Page>>): Promise<string> {
  const server = createServer((request, response) => {
    const {
      text,
      type = "text/plain; version=0.0.4",
      status = 200,
    } = pages[request.url ?? ""] ?? { text: "", status: 404 };
    response.writeHead(status, { "content-type": type }).end(text);
  });
  servers.add(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function discovered(url: string, json = false): Promise<string> {
  let said = "";
  const io = { out: (text: string) => void (said += text), err: () => undefined, color: false, live: false };
  expect(await discoverCommand(url, { io, json, signal: AbortSignal.timeout(20_000) })).toBe(0);
  return said;
}

const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  envoy: ["envoy"],
  "go.openmetrics": ["go"],
  "hikaricp-caffeine": [],
  "jvm.openmetrics": ["jvm"],
  micronaut: ["micronaut"],
  nginx: ["nginx"],
  node: ["node"],
  "quarkus-micrometer.openmetrics": ["quarkus"],
  "quarkus-smallrye": ["quarkus-smallrye"],
  spring35: ["spring-boot"],
  spring40: ["spring-boot"],
  "spring40.openmetrics": ["spring-boot"],
};

test("every saved page has its framework here", () => {
  const names = readdirSync(folder).map((file) => file.replace(/\.txt$/u, ""));
  expect(new Set(names)).toEqual(new Set(Object.keys(KNOWN)));
});

test.each(Object.entries(KNOWN))(
  "%s: it is %j, and what is proposed is a right rollout file",
  async (name, frameworks) => {
    const text = readFileSync(new URL(`${name}.txt`, folder), "utf8");
    const page = { text, ...(name.endsWith(".openmetrics") ? { type: OPENMETRICS } : {}) };
    const host = await serving({ "/metrics": page });
    const found = JSON.parse(await discovered(`http://${host}/metrics`, true)) as {
      readonly frameworks: readonly { readonly name: string }[];
      readonly metrics: readonly unknown[];
      readonly analysis: string;
    };
    expect(found.frameworks.map((one) => one.name)).toEqual(frameworks);
    const spec = parseRollout(`apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [shop], replicas: 4, metrics: { path: /metrics } } }
  traffic: { proxy: { listen: 8080 } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 1m }] } }
${found.analysis.replaceAll(/^/gmu, "  ")}
`);
    if (!spec.ok) throw new Error(JSON.stringify(spec.issues));
    expect(spec.rollout.spec.analysis?.metrics).toHaveLength(2 + found.metrics.length);
    const abilities = { router: PROXY_ABILITIES, workload: PROCESS_ABILITIES };
    expect(compile(spec.rollout, { abilities, stable: true, direct: false })).toMatchObject({ ok: true });
    expect(frameworks.length === 0 || found.metrics.length >= 3).toBe(true);
  },
);

test("the usual places are tried, and pages with queries are read where they are", async () => {
  const page = { text: "# TYPE nginx_up gauge\nnginx_up 1\n" };
  const elsewhere = { "/metrics": { text: "<html>", type: "text/html" }, "/q/metrics": page, "/m?a=b": page };
  const host = await serving(elsewhere);
  expect(await discovered(host)).toContain(`# http://${host}/q/metrics: nothing that is known.`);
  expect(await discovered(`http://${host}/m?a=b`)).toContain(`# http://${host}/m?a=b: `);
});

test.each<[string, string, Readonly<Record<string, Page>>]>([
  [
    "",
    "GET /metrics answered with text/html, not with text/plain",
    { "/metrics": { text: "<html>", type: "text/html" } },
  ],
  ["/x", "GET /x answered 404", {}],
  ["/x", 'GET /x: line 1: found "is well"; a value is a number', { "/x": { text: "All is well\n" } }],
  ["/x", "GET /x: a page without a single series", { "/x": { text: "# said\n" } }],
  ["/x", "the last line is # EOF", { "/x": { text: "a 1\n", type: OPENMETRICS } }],
  [
    "/x",
    "answered with OpenMetrics 2.0.0",
    { "/x": { text: "# EOF\n", type: "application/openmetrics-text; version=2.0.0" } },
  ],
])("no page at %j: %s", async (path, found, pages) => {
  const host = await serving(pages);
  const trouble = { code: "SERIN_NO_PAGE", found: expect.stringContaining(found) };
  await expect(discovered(`http://${host}${path}`)).rejects.toMatchObject({ trouble });
});

test("nobody there, and what is no address", async () => {
  const host = await serving({});
  const [server] = servers;
  await new Promise((resolve) => server?.close(resolve));
  const [, port] = host.split(":");
  const trouble = { code: "SERIN_NO_PAGE", found: `nothing listens on port ${port} of 127.0.0.1` };
  await expect(discovered(host)).rejects.toMatchObject({ trouble });
  const bad = { code: "SERIN_BAD_URL", exitCode: 2 };
  await expect(discovered("https://127.0.0.1:1")).rejects.toMatchObject({ trouble: bad });
  await expect(discovered("http://me:secret@127.0.0.1:1")).rejects.toMatchObject({
    trouble: { ...bad, found: "http://…@127.0.0.1:1" },
  });
});

test("addresses that somebody else runs tell what their page tells, too", () => {
  const text = (metrics: string): string => `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { urls: ["http://127.0.0.1:9000"]${metrics} }
  traffic: { proxy: { listen: 8080 } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 1m }] } }
  analysis: { metrics: [{ preset: go:errors }] }
`;
  const planned = (metrics: string) => {
    const parsed = parseRollout(text(metrics));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
    const abilities = { router: PROXY_ABILITIES, workload: ENDPOINTS_ABILITIES };
    return compile(parsed.rollout, { abilities, stable: true, direct: false });
  };
  expect(planned(', metrics: { path: "/m?a=b" }')).toMatchObject({ ok: true });
  const message = expect.stringContaining("add metrics: { path: /metrics } to spec.workload");
  expect(planned("")).toMatchObject({ ok: false, issues: [{ message }, { message }] });
});
