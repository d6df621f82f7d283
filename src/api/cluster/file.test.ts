// Is a file taken for the Rollout that it is, and nothing of the controller's own machine read for it?
import { expect, test } from "vitest";
import { Rehearser } from "../rehearsing.ts";
import { filesOf } from "./file.ts";
import type { Reach } from "./reach.ts";

/** Files are told apart before anything is asked of the cluster. */
const nobody = {} as Reach;

const fileOf = (metadata: string, analysis = "{ enabled: false }"): string => `apiVersion: serin.dev/v1
kind: Rollout
metadata: ${metadata}
spec:
  workload: { deployment: { name: shop } }
  traffic: { service: { name: shop } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 1m }] } }
  analysis: ${analysis}
`;

test.each([
  { metadata: "{ name: shop, namespace: prod }", is: "shop.prod prod" },
  { metadata: "{ name: shop, namespace: prod, labels: { environment: live } }", is: "shop.prod live" },
  { only: ["prod"], metadata: "{ name: shop }", is: "shop.prod prod" },
  { only: ["dev", "prod"], metadata: "{ name: shop, namespace: prod }", is: "shop.prod prod" },
])("$metadata is $is", async ({ only = [], metadata, is }) => {
  const [service, environment] = is.split(" ");
  const found = await filesOf(only, nobody).placesIn(fileOf(metadata));
  expect(found).toEqual({ ok: true, places: [{ service, environment, namespace: "prod" }] });
});

const KAYENTA = "{ judge: kayenta, config: /etc/passwd, lifetime: 1h, interval: 10m }";

test.each([
  { text: fileOf("{ name: shop }"), path: "metadata", message: "metadata.namespace says where it is" },
  { only: ["dev", "prod"], text: fileOf("{ name: shop }"), path: "metadata", message: "namespace says where it is" },
  {
    only: ["prod"],
    text: fileOf("{ name: a, namespace: dev }"),
    path: "metadata.namespace",
    message: "looks after prod",
  },
  {
    text: fileOf("{ name: shop, namespace: prod }", KAYENTA),
    path: "spec.analysis.config",
    message: "put its content here",
  },
  {
    text: fileOf(`{ name: shop, namespace: prod, annotations: { a: b, serin.dev/command: '{}' } }`),
    path: 'metadata.annotations["serin.dev/command"]',
    message: "names that begin with serin.dev/ are the controller's own",
  },
  {
    text: fileOf("{ name: shop, namespace: prod, labels: { serin.dev/rollout: shop } }"),
    path: 'metadata.labels["serin.dev/rollout"]',
    message: "serin.dev/ are the controller's own:",
  },
])("$message", async ({ only = [], text, path, message }) => {
  const found = await filesOf(only, nobody).placesIn(text);
  const [issue] = found.ok ? [] : found.issues;
  expect(issue).toMatchObject({ path, message: expect.stringContaining(message) });
  expect(() => filesOf(only, nobody).need(text)).toThrow("the rollout file has mistakes");
});

test("it is planned and rehearsed by the name of its service, with the pods that its Deployment has", async () => {
  const deployment = { metadata: { name: "shop" }, spec: { replicas: 3 } };
  const reach = { client: { get: async () => deployment }, call: () => ({}) } as unknown as Reach;
  const { plan } = filesOf([], reach);
  const text = fileOf("{ name: shop, namespace: prod }");
  const planned = await plan(text);
  expect(planned).toMatchObject({ ok: true, rollout: { spec: { workload: { deployment: { replicas: 3 } } } } });
  const asked = { text, origin: "/", scenario: "good", runs: 2 };
  const whoever = { read: plan, usually: () => undefined, signal: new AbortController().signal };
  const { rehearsal } = await new Rehearser().rehearse(asked, whoever);
  expect(rehearsal).toMatchObject({
    service: "shop.prod",
    scenarios: [{ name: "good", endings: [{ ending: "promoted", runs: 2 }] }],
  });
});
