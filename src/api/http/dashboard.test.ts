// Are pages served that are there, for as long as they may be kept, and nothing else?
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Desk } from "../desk.ts";
import { openDoor, type OpenDoor } from "../server.ts";

let dir: string;
let door: OpenDoor;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "serin-pages-"));
  await writeFile(join(dir, "secret.txt"), "secret");
  door = await openDoor({} as Desk, { browser: true, pages: join(dir, "pages") });
});
afterEach(async () => {
  await door.close(async () => undefined);
  await rm(dir, { recursive: true, force: true });
});

const ask = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(`${door.url}${path}`, { headers });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

test("what is not built is said, and served once it is", async () => {
  expect(await ask("/")).toMatchObject({ status: 404, text: expect.stringContaining("npm run build") });
  await mkdir(join(dir, "pages/assets"), { recursive: true });
  await writeFile(join(dir, "pages/index.html"), "<!doctype html><title>Serin</title>");
  await writeFile(join(dir, "pages/assets/app-1a2b.js"), "export {};");
  const page = await ask("/");
  expect([page.status, page.text, page.headers.get("cache-control")]).toEqual([
    200,
    expect.stringContaining("<title>Serin"),
    "no-cache",
  ]);
  expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self'(?!.*unsafe)/u);
  const asset = await ask("/assets/app-1a2b.js");
  expect([asset.status, asset.headers.get("content-type"), asset.headers.get("cache-control")]).toEqual([
    200,
    "text/javascript; charset=utf-8",
    "public, max-age=31536000, immutable",
  ]);
  const again = await ask("/", { "if-none-match": page.headers.get("etag") ?? "" });
  expect(again.status).toBe(304);
  // A place within the dashboard, a file that is gone, a file beside it, and a call that there is not.
  expect((await ask("/services/shop")).text).toBe(page.text);
  expect((await ask("/assets/app-0000.js")).status).toBe(404);
  for (const path of ["/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt"])
    expect((await ask(path)).text).not.toContain("secret");
  expect((await ask("/v1/nothing")).headers.get("content-type")).toBe("application/problem+json");
});
