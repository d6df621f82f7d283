// Is a revision named by its content, and only by that?
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ms } from "../../core/units.ts";
import { canonicalJson, captureRevision, type ProcessRequest, revisionId } from "./revision.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-revision-"));
  writeFileSync(join(dir, "a.txt"), "näive\n");
  writeFileSync(join(dir, "b.bin"), Buffer.from([0, 255, 254, 10]));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

const request = (more: Partial<ProcessRequest> = {}): ProcessRequest => ({
  command: ["node", "shop.js"],
  env: { A: "1", B: "2" },
  cwd: dir,
  files: ["a.txt", "b.bin"],
  ready: { kind: "tcp" },
  readyTimeoutMs: ms(1_000),
  drainMs: ms(1_000),
  graceMs: ms(1_000),
  host: "127.0.0.1",
  ...more,
});
const idOf = async (more: Partial<ProcessRequest> = {}): Promise<string> => (await captureRevision(request(more))).id;

test("files are captured by content, text as text and bytes as bytes", async () => {
  const { id, template } = await captureRevision(request());
  expect(id).toMatch(/^[0-9a-f]{10}$/);
  expect(template.files).toEqual([
    { path: "a.txt", sha256: expect.any(String), encoding: "utf8", content: "näive\n" },
    { path: "b.bin", sha256: expect.any(String), encoding: "base64", content: "AP/+Cg==" },
  ]);
  expect(revisionId(JSON.parse(JSON.stringify(template)))).toBe(id);
});

test("command, folder, environment and files make another revision; treatment and order do not", async () => {
  const id = await idOf();
  expect(await idOf({ files: ["./b.bin", "a.txt", "a.txt"], env: { B: "2", A: "1" } })).toBe(id);
  expect(await idOf({ ready: { kind: "http", path: "/" }, drainMs: ms(5), host: "127.0.0.2" })).toBe(id);
  const others = await Promise.all([
    idOf({ command: ["node", "shop.js", ""] }),
    idOf({ command: ["shop.js", "node"] }),
    idOf({ env: { A: "1" } }),
    idOf({ files: ["a.txt"] }),
    idOf({ files: [], cwd: join(dir, "..") }),
    idOf({ files: [] }),
  ]);
  writeFileSync(join(dir, "a.txt"), "naive\n");
  expect(new Set([id, ...others, await idOf()]).size).toBe(8);
});

test("a file that is missing, no file, outside or too large is refused with its name and a remedy", async () => {
  mkdirSync(join(dir, "folder"));
  writeFileSync(join(dir, "large"), Buffer.alloc(9 * 1_048_576));
  writeFileSync(join(dir, "large2"), Buffer.alloc(9 * 1_048_576));
  const cases = [
    { files: ["none.txt"], code: "SERIN_FILE_UNREADABLE", text: /none\.txt.*\n.*does not exist/ },
    { files: ["folder"], code: "SERIN_FILE_UNREADABLE", text: /folder is not a file/ },
    { files: ["../other"], code: "SERIN_FILE_OUTSIDE", text: /\.\.\/other/ },
    { files: ["/etc/hostname"], code: "SERIN_FILE_OUTSIDE", text: /etc/ },
    { files: ["large", "large2"], code: "SERIN_FILES_TOO_LARGE", text: /1 MiB/ },
  ];
  for (const { files, code, text } of cases) {
    const refused: unknown = await captureRevision(request({ files })).catch((error: unknown) => error);
    expect(refused).toMatchObject({ trouble: { code, exitCode: 2, next: expect.any(String) } });
    expect(String(refused)).toMatch(text);
  }
});

test("equal values have equal texts", () => {
  expect(canonicalJson({ b: [{ y: 1, x: "é" }], a: null })).toBe('{"a":null,"b":[{"x":"é","y":1}]}');
});
