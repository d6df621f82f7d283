// Does a source of figures tell a secret that its server tells back?
import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createVendor } from "../../src/adapters/figures/vendor.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { parseFile } from "../../src/core/spec/parse.ts";
import { VENDORS, type VendorKind, type VendorSpec } from "../../src/core/spec/vendors.ts";
import { ms } from "../../src/core/units.ts";

let server: Server;
let url: string;
const secrets: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const told = Object.values(request.headers).filter((value) => secrets.some((one) => String(value).includes(one)));
    const basic = (request.headers.authorization ?? "").replace(/^Basic /u, "");
    response.statusCode = 403;
    response.end(JSON.stringify({ message: `no ${told.join(" ")} ${Buffer.from(basic, "base64").toString()}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function secret(): string {
  const value = `sEcRet/${randomBytes(12).toString("base64")}`;
  secrets.push(value);
  process.env[`TEST_FIGURE_${secrets.length}`] = value;
  return `{ env: TEST_FIGURE_${secrets.length} }`;
}

/** The fields of each vendor that name a secret. */
const FIELDS: Readonly<Record<VendorKind, () => string>> = {
  datadog: () => `{ url: "${url}", apiKey: ${secret()}, appKey: ${secret()} }`,
  cloudwatch: () =>
    `{ url: "${url}", region: eu-central-1, accessKeyId: ${secret()}, secretAccessKey: ${secret()}, sessionToken: ${secret()} }`,
  influxdb: () => `{ url: "${url}", org: shop, token: ${secret()}, headers: { x-more: ${secret()} } }`,
  graphite: () => `{ url: "${url}", basic: { user: ${secret()}, password: ${secret()} } }`,
  newrelic: () => `{ url: "${url}", account: 1, apiKey: ${secret()} }`,
  dynatrace: () => `{ url: "${url}", token: ${secret()} }`,
  googleCloud: () => `{ url: "${url}", project: shop, bearer: ${secret()} }`,
  splunk: () => `{ url: "${url}", bearer: ${secret()} }`,
  json: () => `{ url: "${url}", bearer: ${secret()} }`,
  command: () => `{ command: [sh, -c, "echo $TOKEN >&2; exit 3"], env: { TOKEN: ${secret()} } }`,
};

const QUERIES: Partial<Record<VendorKind, string>> = {
  cloudwatch: "SELECT AVG(Load) FROM Shop WHERE role = 'canary'",
  influxdb: "from(bucket: 's') |> range(start: {{from}}, stop: {{to}}) |> filter(fn: (r) => r.role == 'canary')",
  json: "$.canary",
  newrelic: "SELECT average(d) FROM T WHERE role = 'canary'",
};

function specOf(kind: VendorKind): VendorSpec {
  const parsed = parseFile<unknown>(FIELDS[kind](), {
    schema: VENDORS[kind],
    called: "a source",
    example: "has fields",
  });
  if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join("; "));
  return parsed.value as VendorSpec;
}

const KINDS = Object.keys(VENDORS) as readonly VendorKind[];

test.each(KINDS)("%s does not", async (kind) => {
  const source = createVendor(specOf(kind), { clock: systemClock() });
  const query = QUERIES[kind] ?? "up";
  const asked = { query, fromMs: ms(1_700_000_000_000), toMs: ms(1_700_000_060_000), as: "level" } as const;
  const [figure] = await source.ask([asked], { signal: new AbortController().signal });
  source.close?.();
  const why = figure?.ok === false ? figure.why : "";
  expect(why).toMatch(/\*\*\*/u);
  for (const value of secrets) expect(why).not.toContain(value);
});
