// Are programs found where they were put, and is what cannot be fetched named?
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { envoyBinary } from "./parts.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-parts-"));
  vi.stubEnv("SERIN_PARTS", dir);
  vi.stubEnv("ENVOY_BIN", undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

test("what was not fetched is not there; what was is found, in its version", () => {
  expect(envoyBinary()).toBeUndefined();
  mkdirSync(join(dir, "envoy-1.40.0"));
  writeFileSync(join(dir, "envoy-1.40.0", "envoy"), "");
  expect(envoyBinary()).toBe(join(dir, "envoy-1.40.0", "envoy"));
});

test("a program that is given is taken instead", () => {
  vi.stubEnv("ENVOY_BIN", "/opt/envoy");
  expect(envoyBinary()).toBe("/opt/envoy");
});

test("without Python the wait ends at once, with what to do; nothing half is left behind", () => {
  const env = { ...process.env, PATH: dir };
  const { stderr, status } = spawnSync(process.execPath, [join(import.meta.dirname, "parts.ts")], {
    env,
    encoding: "utf8",
  });
  expect(status).toBe(0);
  expect(stderr).toContain("not fetched: envoy: python3 is not there; tests that need it are skipped");
  expect(stderr).toContain("ENVOY_BIN");
  expect(readdirSync(dir)).toEqual([]);
});
