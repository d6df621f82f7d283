// What does `serin import` print, write and refuse?
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SerinError } from "../core/issues.ts";
import { parseRollout } from "../core/spec/parse.ts";
import { importCommand, type ImportOptions } from "./import.ts";

const GOOD = `apiVersion: flagger.app/v1beta1
kind: Canary
metadata: { name: shop }
spec:
  provider: istio
  targetRef: { kind: Deployment, name: shop }
  service: { port: 80 }
  analysis: { interval: 1m, threshold: 2, stepWeight: 20 }
`;
const LOSSY = GOOD.replace("kind: Deployment", "kind: Service");

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-import-"));
  await writeFile(join(folder, "good.yaml"), GOOD);
  await writeFile(join(folder, "lossy.yaml"), LOSSY);
  await writeFile(join(folder, "wrong.yaml"), GOOD.replace("stepWeight", "stepwait"));
  await writeFile(join(folder, "other.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n");
});
afterAll(() => rm(folder, { recursive: true }));

async function said(names: readonly string[], options: Omit<Partial<ImportOptions>, "files"> = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const io = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text), color: false };
  const files = names.map((name) => (name === "-" ? name : join(folder, name)));
  const code = await importCommand({ json: false, ...options, files }, io);
  return { code, out: out.join("\n"), err: err.join("\n").replaceAll(`${folder}/`, "") };
}

test("a rollout to standard output, remarks beside it", async () => {
  const { code, out, err } = await said(["good.yaml"]);
  expect(code).toBe(0);
  expect(parseRollout(out).ok).toBe(true);
  expect(err).toContain(
    "good.yaml:8:29 spec.analysis.threshold  changes meaning: Flagger rolls back at 2 failed checks",
  );
});

test("what has no equivalent is refused, and nothing is written", async () => {
  const target = join(folder, "refused");
  const { code, out, err } = await said(["lossy.yaml"], { out: target });
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain(
    "lossy.yaml:6:16 spec.targetRef.kind  no equivalent: Serin adopts Deployments, StatefulSets and DaemonSets, and no Service. Instead: use a Deployment",
  );
  expect(err).toContain("Nothing was written: 1 field has no equivalent. --lenient leaves them out.");
  await expect(readdir(target)).rejects.toThrow("ENOENT");
});

test("lenient leaves it out; a folder is never written over", async () => {
  const target = join(folder, "made");
  const { code, out } = await said(["lossy.yaml"], { out: target, lenient: true });
  expect([code, out]).toEqual([0, join(target, "shop.rollout.yaml")]);
  const text = await readFile(join(target, "shop.rollout.yaml"), "utf8");
  expect(parseRollout(text).ok).toBe(true);
  const again = await said(["good.yaml"], { out: target }).catch((error: unknown) => error);
  expect(again).toBeInstanceOf(SerinError);
  expect((again as SerinError).trouble).toMatchObject({ code: "SERIN_FILE_EXISTS", exitCode: 2 });
  expect(await readFile(join(target, "shop.rollout.yaml"), "utf8")).toBe(text);
});

test("what is wrong is refused whatever is asked", async () => {
  const { code, out, err } = await said(["wrong.yaml"], { lenient: true });
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain("wrong.yaml:8:43 spec.analysis.stepwait  wrong: found stepwait, no such field");
});

test("what was written and cannot be done is named", async () => {
  await writeFile(
    join(folder, "odd.yaml"),
    `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: shop }
spec:
  replicas: 10
  template: { metadata: { labels: { app: shop } } }
  selector: { matchLabels: { app: shop } }
  strategy:
    canary:
      stableService: shop
      trafficRouting: { istio: { virtualService: { name: shop } } }
      steps: [{ setWeight: 60 }, { setCanaryScale: { replicas: 1 } }]
`,
  );
  const { code, err } = await said(["odd.yaml"]);
  expect(code).toBe(2);
  expect(err).toMatch(
    /^shop\.rollout\.yaml:\d+:\d+ spec\.strategy\.\S+ {2}no equivalent: what was written here cannot be done: /mu,
  );
});

test("as JSON", async () => {
  const good = JSON.parse((await said(["good.yaml"], { json: true })).out) as Record<string, unknown>;
  expect(good).toMatchObject({ ok: true, documents: [{ name: "shop.rollout.yaml" }] });
  const lossy = JSON.parse((await said(["lossy.yaml"], { json: true })).out) as { remarks: { level: string }[] };
  expect(lossy).toMatchObject({ ok: false, documents: [] });
  expect(lossy.remarks.filter(({ level }) => level === "none")).toHaveLength(1);
});

test("standard input", async () => {
  const kept = Object.getOwnPropertyDescriptor(process, "stdin");
  Object.defineProperty(process, "stdin", { value: Readable.from([GOOD]), configurable: true });
  try {
    const { code, err } = await said(["-"]);
    expect(code).toBe(0);
    expect(err).toContain("-:8:29 spec.analysis.threshold");
  } finally {
    if (kept) Object.defineProperty(process, "stdin", kept);
  }
});

test.each([
  [["other.yaml"], "SERIN_NOTHING_TO_IMPORT"],
  [["none.yaml"], "SERIN_UNREADABLE"],
])("%s cannot be imported", async (names, code) => {
  await expect(said(names)).rejects.toMatchObject({ trouble: { code, exitCode: 2 } });
});
