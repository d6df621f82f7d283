import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkCommand } from "./check.ts";
import { planCommand } from "./plan.ts";

const GOOD = `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [shop] } }
  traffic: { proxy: { listen: 8080 } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 1m }] } }
`;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-check-"));
  await writeFile(join(folder, "good.yaml"), GOOD);
  await writeFile(join(folder, "bad.yaml"), GOOD.replace("10%", "105%"));
  await writeFile(join(folder, "bytes.yaml"), Uint8Array.of(0xff, 0xfe, 0x00));
});
afterAll(() => rm(folder, { recursive: true }));

async function said(command: typeof checkCommand, name: string, json: boolean) {
  let [out, err] = ["", ""];
  const io = { out: (text: string) => void (out += text), err: (text: string) => void (err += text), color: false };
  const code = await command({ file: join(folder, name), json }, io);
  return { code, out: out.replaceAll(folder, ""), err: err.replaceAll(folder, "") };
}

test("check: a right file", async () => {
  expect(await said(checkCommand, "good.yaml", false)).toEqual({
    code: 0,
    out: "/good.yaml is right: 6 steps. serin plan /good.yaml shows them.",
    err: "",
  });
  expect(JSON.parse((await said(checkCommand, "good.yaml", true)).out)).toEqual({ ok: true, issues: [] });
});

test("check: a wrong file", async () => {
  expect(await said(checkCommand, "bad.yaml", false)).toEqual({
    code: 2,
    out: "",
    err: "/bad.yaml:7:43 spec.strategy.canary.steps[0].weight  found 105%, a weight is from 0.0001% to 100%",
  });
  const { code, out } = await said(checkCommand, "bad.yaml", true);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toEqual({
    ok: false,
    issues: [
      {
        line: 7,
        column: 43,
        path: "spec.strategy.canary.steps[0].weight",
        code: "wrong-value",
        message: "found 105%, a weight is from 0.0001% to 100%",
      },
    ],
  });
});

test("check: a file that cannot be read", async () => {
  expect((await said(checkCommand, "none.yaml", false)).err).toBe("/none.yaml:1:1  there is no such file");
  expect((await said(checkCommand, ".", false)).err).toContain(":1:1  found a folder");
  expect((await said(checkCommand, "bytes.yaml", false)).err).toBe("/bytes.yaml:1:1  the file is not UTF-8 text");
});

test("plan: the steps in sentences", async () => {
  const { code, out } = await said(planCommand, "good.yaml", false);
  expect(code).toBe(0);
  expect(out).toContain("  2. Send 10% of the requests to the canary and 90% to stable.");
  const json = JSON.parse((await said(planCommand, "good.yaml", true)).out) as { program: { steps: unknown[] } };
  expect(json.program.steps[0]).toEqual({
    sentence: "Bring the canary to 1 ready replica.",
    op: "scale",
    role: "canary",
    size: 1,
  });
  expect((await said(planCommand, "bad.yaml", false)).code).toBe(2);
});
