// Does a file that says nothing get the proxy's own defaults?
import { expect, test } from "vitest";
import { parseRollout } from "../../src/core/spec/parse.ts";
import { PROXY_DEFAULTS, type ProxyConfig } from "../../src/proxy/config.ts";

test("the defaults of the file are those of the proxy", () => {
  const parsed = parseRollout(`
apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [shop] } }
  traffic: { proxy: { listen: 8080 } }
  strategy: { recreate: {} }
`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  const proxy: ProxyConfig | undefined = parsed.rollout.spec.traffic.proxy;
  expect(proxy).toEqual({ host: "127.0.0.1", port: 8080, ...PROXY_DEFAULTS });
});
