// Are the files of façades and releases read as they are meant, and is every mistake named with its place?
import { describe, expect, test } from "vitest";
import { membersOf } from "./facade-members.ts";
import { parseDocument, parseRollout } from "./parse.ts";

const FACADE = `apiVersion: serin.dev/v1
kind: Facade
metadata: { name: shop }
spec:
  traffic: { proxy: { listen: 8080 } }
  legacy: { urls: ["http://127.0.0.1:9000", "http://[::1]:9001/"], ready: { path: /up } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 1m }] } }
  routes:
    - name: cart
      match: [{ path: /cart, method: [GET, POST] }]
      workload: { process: { command: [node, cart.js, 1.10], env: { A: 1.0 }, replicas: 3 } }
    - name: search
      match: [{ path: /search }, { header: { x-new: "1" } }]
      workload: { urls: ["http://search:80"] }
      strategy: { recreate: {} }
      analysis: { enabled: false }
`;

const RELEASE = `apiVersion: serin.dev/v1
kind: Release
metadata: { name: shop }
spec:
  members:
    - { name: catalog, file: catalog.yaml }
    - { name: checkout, file: checkout.yaml, needs: [catalog] }
  waves:
    - { members: [catalog], bake: 30m }
    - { members: [checkout] }
`;

/** Where and how: \`9:7 spec.x [code]: words\`. */
function mistakes(text: string): readonly string[] {
  const parsed = parseDocument(text);
  if (parsed.ok) return [];
  return parsed.issues.map(({ line, column, path, code, message }) => `${line}:${column} ${path} [${code}] ${message}`);
}

function facade() {
  const parsed = parseDocument(FACADE);
  if (!parsed.ok || parsed.document.kind !== "Facade") throw new Error(mistakes(FACADE).join("\n"));
  return parsed.document;
}

describe("a façade's file", () => {
  test("says what is there, and which requests go where", () => {
    const { spec } = facade();
    expect(spec).toMatchObject({
      order: "one-by-one",
      legacy: {
        addresses: [
          { host: "127.0.0.1", port: 9_000 },
          { host: "::1", port: 9_001 },
        ],
        ready: { kind: "http", path: "/up" },
      },
    });
    expect(spec.routes.map(({ name, when }) => [name, when.length])).toEqual([
      ["cart", 1],
      ["search", 2],
    ]);
  });

  test("makes one service of all other requests and one of each route, which share a proxy", () => {
    const [rest, cart, search] = membersOf(facade());
    expect([rest, cart, search].map((one) => one?.service)).toEqual(["shop", "shop-cart", "shop-search"]);
    expect(rest?.rollout.spec).toMatchObject({ workload: { endpoints: {} }, strategy: { kind: "canary" } });
    expect(rest?.rollout.spec.traffic.section).toBeUndefined();
    expect(cart?.rollout.spec.workload.process).toMatchObject({
      command: ["node", "cart.js", "1.10"],
      env: { A: "1.0" },
      replicas: 3,
    });
    expect(cart?.rollout.spec.traffic.section).toMatchObject({ of: "shop", name: "cart", order: 0 });
    expect(search?.rollout.spec).toMatchObject({ strategy: { kind: "recreate" }, traffic: { section: { order: 1 } } });
    expect(search?.rollout.spec.analysis).toBeUndefined();
  });

  test("names every mistake with its place", () => {
    expect(mistakes(FACADE.replace("http://127.0.0.1:9000", "https://shop/"))).toEqual([
      "6:20 spec.legacy.urls[0] [wrong-value] found https://shop/, a URL here is http://, a host and a port, such as http://127.0.0.1:9000",
    ]);
    expect(mistakes(FACADE.replace("name: search", "name: cart"))).toEqual([
      "12:13 spec.routes[1].name [duplicate] found cart again, a route's name stands only once",
    ]);
    expect(mistakes(FACADE.replace("[{ path: /cart, method: [GET, POST] }]", "[]"))).toEqual([
      "10:14 spec.routes[0].match [wrong-value] found an empty list, at least one entry must be in it",
    ]);
    expect(mistakes(FACADE.replace(/^ {2}strategy.*\n/mu, ""))).toEqual([
      "8:7 spec.routes[0] [missing-field] strategy must be here, or in spec for all routes",
    ]);
    expect(mistakes(FACADE.replace("      analysis: { enabled: false }\n", "      analysis: {}\n"))).toEqual([
      "16:17 spec.routes[1].analysis [conflict] recreate stops stable first, so there is nothing to compare: take the analysis out, or use rolling or canary",
    ]);
    expect(mistakes(FACADE.replace("workload: { urls", "workload: { process: { command: [x] }, urls"))).toEqual([
      "14:52 spec.routes[1].workload.urls [conflict] found beside process, only one of process, deployment, statefulSet, daemonSet or urls can be here",
    ]);
    expect(mistakes(FACADE.replace("legacy:", "legcy:"))).toEqual([
      "6:3 spec.legcy [unknown-field] found legcy, no such field: did you mean legacy?",
    ]);
    expect(mistakes(FACADE.replace("name: shop", "name: a-shop-with-a-very-long-name"))[0]).toContain(
      "the name of a façade has at most 22 letters",
    );
  });
});

describe("a release's file", () => {
  test("says who belongs together, and in which order", () => {
    const parsed = parseDocument(RELEASE);
    expect(parsed).toMatchObject({
      ok: true,
      document: {
        kind: "Release",
        spec: { promote: "together", onWorse: "takeBack", waves: [{ bakeMs: 1_800_000 }, { bakeMs: 0 }] },
      },
    });
    const bare = parseDocument(RELEASE.replace(/ {2}waves:[^]*$/u, ""));
    expect(bare).toMatchObject({ ok: true, document: { spec: { waves: [{ members: ["catalog", "checkout"] }] } } });
  });

  test("names every mistake with its place", () => {
    expect(mistakes(RELEASE.replace("needs: [catalog]", "needs: [catlog]"))).toEqual([
      "7:54 spec.members[1].needs[0] [wrong-value] found catlog, did you mean catalog?",
    ]);
    expect(mistakes(RELEASE.replace("catalog.yaml }", "catalog.yaml, needs: [checkout] }"))).toEqual([
      "6:5 spec.members [conflict] catalog and checkout need each other in a round: one of them must go first",
    ]);
    const swapped = RELEASE.replace("[catalog], bake", "[checkout], bake").replace(
      "- { members: [checkout] }",
      "- { members: [catalog] }",
    );
    expect(mistakes(swapped)).toEqual([
      "9:18 spec.waves[0].members [conflict] checkout needs catalog, which goes in a later wave",
    ]);
    expect(mistakes(RELEASE.replace("{ members: [checkout] }", "{ members: [catalog] }"))).toEqual([
      "9:5 spec.waves [missing-field] checkout must be in one of the waves",
      "10:19 spec.waves[1].members[0] [duplicate] found catalog again, a member goes in one wave",
    ]);
  });
});

describe("a kind", () => {
  test("that is mistyped is one mistake, and one that Serin does not read names those that it does", () => {
    expect(mistakes(RELEASE.replace("kind: Release", "kind: Relaese"))).toEqual([
      "2:7 kind [wrong-value] found Relaese, Release must be here",
    ]);
    expect(mistakes(RELEASE.replace("kind: Release", "kind: Deployment"))).toEqual([
      "2:7 kind [wrong-value] found Deployment of serin.dev/v1, Serin reads kind: Rollout, Facade or Release of serin.dev/v1",
    ]);
  });

  test("of a group is no rollout where one rollout is asked for", () => {
    const parsed = parseRollout(RELEASE);
    expect(parsed.ok ? [] : parsed.issues.map(({ message }) => message)).toEqual([
      "found Release of serin.dev/v1, kind: Rollout of serin.dev/v1 must be here",
    ]);
  });
});
