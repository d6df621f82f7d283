// Does what is installed fit into a cluster, and is it the same in every format?
import { Validator, type Schema } from "@cfworker/json-schema";
import { Command } from "commander";
import { expect, test } from "vitest";
import { parse, parseAllDocuments, type Document } from "yaml";
import { version } from "../../version.ts";
import { chartOf } from "./chart.ts";
import { definition } from "./definition.ts";
import { install } from "./install.ts";
import { fileOf, type InstallAsked, type KubeObject } from "./object.ts";
import { partsOf } from "./parts.ts";

const ASKED: InstallAsked = {
  image: "serin:1",
  namespace: "serin-system",
  namespaces: [],
  secrets: false,
  dashboard: false,
  version: version(),
};

/** What is exported for these options. */
async function made(...args: readonly string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  install.options?.(command);
  command.parse(args, { from: "user" });
  const atHand = { services: [], units: [], rollouts: [] };
  return await install.make({ atHand, options: command.opts() });
}

async function objects(...args: readonly string[]): Promise<readonly KubeObject[]> {
  return (await made(...args)).documents.map((document) => (document as Document).toJS() as KubeObject);
}

interface Role extends KubeObject {
  readonly rules: readonly { readonly resources: readonly string[] }[];
}

const rolesIn = (all: readonly KubeObject[]): readonly Role[] =>
  all.filter(({ kind }) => kind.endsWith("Role")) as Role[];

/** What `kubectl apply` may note on an object, in bytes; the object itself is in the note. */
const LONGEST_NOTE = 262_144;

test("kubectl apply has room to note the definition", () => {
  const { length } = JSON.stringify(definition(ASKED).object);
  console.log(`the definition of Rollouts has ${length} bytes of ${LONGEST_NOTE}`);
  expect(length).toBeLessThan(LONGEST_NOTE * 0.75);
});

test.each([
  [["--namespace", "Team_A"], "A namespace is"],
  [["--namespaces", "a,,b"], "A namespace is"],
  [["--image", "a b"], "An image is"],
  [["--format", "tar"], "Allowed choices"],
  [["--format", "helm"], "is several files"],
])("%j is refused", async (args, said) => {
  await expect(made(...args)).rejects.toThrow(said);
});

test("YAML says the same as the objects, and why each permission is there", async () => {
  const text = fileOf(partsOf(ASKED).flatMap((part) => part.objects));
  const read = parseAllDocuments(text, { version: "1.1" }).map((document) => document.toJS() as unknown);
  expect(read).toEqual(partsOf(ASKED).flatMap((part) => part.objects.map(({ object }) => object)));
  const lines = text.split("\n");
  const rules = lines.flatMap((line, at) => (line.startsWith("  - apiGroups:") ? [lines[at - 1] ?? ""] : []));
  expect(rules.length).toBeGreaterThan(14);
  expect(rules.filter((before) => !before.startsWith("  # "))).toEqual([]);
});

test("the controller may do nothing with Secrets unless it is asked for, and everything by names", async () => {
  const plain = rolesIn(await objects());
  expect(plain.flatMap(({ rules }) => rules.flatMap(({ resources }) => resources))).not.toContain("secrets");
  expect(JSON.stringify(plain)).not.toContain('"*"');
  expect(JSON.stringify(rolesIn(await objects("--secrets")))).toContain('"secrets"');
});

test("the dashboard, its rights and its Secrets are there when they are asked for", async () => {
  expect(JSON.stringify(await objects())).not.toMatch(/pods\/log|7070|serin-tls/u);
  const all = await objects("--dashboard", "--namespaces", "a,b");
  const places = all.filter(({ metadata: { name } }) => /dashboard|mark/u.test(name));
  expect(places.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`)).toEqual([
    "Role a",
    "RoleBinding a",
    "Role b",
    "RoleBinding b",
    "Role serin-system",
    "RoleBinding serin-system",
    "Service serin-system",
  ]);
  expect(JSON.stringify(all.find(({ kind }) => kind === "Deployment"))).toContain(
    '"--listen","0.0.0.0:7070","--access","/etc/serin/access/access.yaml","--tls-cert","/etc/serin/tls/tls.crt"',
  );
});

test("a controller of some namespaces has no rights in others", async () => {
  const all = await objects("--namespace", "team-a", "--namespaces", "a,b");
  const own = all.filter(
    ({ kind, metadata: { name } }) => kind.includes("Role") && name.startsWith("serin-controller"),
  );
  const places = own.map(({ kind, metadata: { namespace } }) => `${kind} ${namespace}`);
  expect(places.filter((place) => place.startsWith("Cluster"))).toEqual([]);
  expect(places.filter((place) => place.startsWith("Role "))).toEqual(["Role a", "Role b", "Role team-a"]);
  const text = JSON.stringify(all);
  expect(text).toContain('"--namespaces","a,b"');
  expect(text).toContain("system:serviceaccount:team-a:serin-controller");
  expect(text).toContain("serin-brake-team-a");
  expect(text).not.toContain("serin-system");
});

test("a base names its files, and a chart has no mark left and ends what it begins", async () => {
  const { folder: base } = await made("--format", "kustomize", "--out", "somewhere");
  const names = (parse(base?.files["kustomization.yaml"] ?? "") as { readonly resources: readonly string[] }).resources;
  expect(Object.keys(base?.files ?? {}).toSorted()).toEqual(["kustomization.yaml", ...names].toSorted());

  const chart = chartOf(ASKED);
  const templates = Object.entries(chart).filter(([name]) => name.startsWith("templates/"));
  expect(templates.length).toBe(4);
  for (const [, text] of templates) {
    expect(text).not.toMatch(/mark-|MARK/u);
    const begun = text.match(/\{\{-? (?:if|with|range) /gu) ?? [];
    expect(text.match(/\{\{-? end \}\}/gu)?.length ?? 0).toBe(begun.length);
  }
});

test("a chart's values fit their schema, and it allows no others", () => {
  const chart = chartOf({ ...ASKED, namespaces: ["a"] });
  const validator = new Validator(JSON.parse(chart["values.schema.json"] ?? "") as Schema, "7");
  const values = parse(chart["values.yaml"] ?? "") as object;
  expect(values).toMatchObject({ image: "serin:1", namespaces: ["a"], secrets: false, policies: true });
  expect(validator.validate(values)).toMatchObject({ valid: true });
  expect(validator.validate({ ...values, namespace: "a" })).toMatchObject({ valid: false });
  const used = new Set(Object.values(chart).flatMap((text) => text.match(/(?<=\$\.Values\.)\w+/gu) ?? []));
  expect([...used].toSorted()).toEqual(Object.keys(values).toSorted());
});
