// Do renewed certificates come into use as a pair, and is trouble told when it lasts?
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EnvoySchema } from "../../core/spec/envoy.ts";
import { ms } from "../../core/units.ts";
import { readSecrets, Watched } from "./certificates.ts";

let dir: string;
const file = (name: string): string => join(dir, name);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "serin-pairs-"));
  for (const name of ["one", "two"]) {
    const files = ["-keyout", file(`${name}.key`), "-out", file(`${name}.crt`)];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", `/CN=${name}`];
    execFileSync("openssl", ["req", "-x509", "-nodes", ...curve, ...files], { stdio: "ignore" });
  }
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const use = (kind: "crt" | "key", name: string): void => copyFileSync(file(`${name}.${kind}`), file(`used.${kind}`));

function scene() {
  use("crt", "one");
  use("key", "one");
  const spec = EnvoySchema.parse({ listen: 8080, tls: { cert: file("used.crt"), key: file("used.key") } });
  const watched = new Watched(spec, ms(0));
  let renewed = 0;
  const look = (atMs: number) =>
    watched.look(ms(atMs), () => {
      readSecrets(spec);
      renewed += 1;
    });
  return { spec, watched, look, renewed: () => renewed };
}

test("files that stay are not read again; a new pair is, once", () => {
  const { look, renewed } = scene();
  look(2_000);
  expect(renewed()).toBe(0);
  use("crt", "two");
  use("key", "two");
  look(3_000);
  expect(renewed()).toBe(0);
  look(4_000);
  look(6_000);
  expect(renewed()).toBe(1);
});

test("half a pair waits for the other, and is told when that does not come", () => {
  const { look, renewed, spec } = scene();
  use("crt", "two");
  expect(look(2_000)).toBeUndefined();
  expect(() => readSecrets(spec)).toThrow("do not belong together");
  expect(look(12_000)).toBeUndefined();
  expect(look(14_000)).toContain("do not belong together");
  use("key", "two");
  expect([look(16_000), renewed()]).toEqual([undefined, 1]);
});

test("a file that cannot be read at first is tried again", () => {
  const { look, renewed, watched } = scene();
  watched.failed("gone", ms(0));
  expect(look(1_000)).toBeUndefined();
  expect([look(2_000), renewed()]).toEqual([undefined, 1]);
});

test("what is missing or no certificate is named", () => {
  const spec = EnvoySchema.parse({ listen: 8080, tls: { cert: file("none.crt"), key: file("one.key") } });
  expect(() => readSecrets(spec)).toThrow(file("none.crt"));
  const swapped = EnvoySchema.parse({ listen: 8080, tls: { cert: file("one.key"), key: file("one.crt") } });
  expect(() => readSecrets(swapped)).toThrow(file("one.key"));
});
