// Can the image be built from what is here, and is in it what runs?
//
// No engine builds it here: its instructions are read, and what they do is done beside.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, root), "utf8");
const manifest = JSON.parse(read("package.json")) as {
  readonly version: string;
  readonly files: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

interface Instruction {
  readonly word: string;
  readonly rest: string;
}

const instructions: readonly Instruction[] = read("Dockerfile")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => ({ word: line.split(" ")[0] ?? "", rest: line.slice(line.indexOf(" ") + 1) }));

const all = (word: string): readonly string[] =>
  instructions.filter((one) => one.word === word).map(({ rest }) => rest);

/** What is taken from the folder that it is built in. */
const copied = all("COPY")
  .filter((rest) => !rest.startsWith("--from"))
  .flatMap((rest) => rest.split(" ").slice(0, -1));

test("what is copied is there, and nothing keeps it out", () => {
  const kept = read(".dockerignore").match(/(?<=^!).+$/gmu) ?? [];
  expect(copied.length).toBeGreaterThan(4);
  expect(copied.filter((name) => !existsSync(new URL(name, root)))).toEqual([]);
  expect([...new Set(copied)].toSorted()).toEqual([...kept].toSorted());
});

test("the Node is the one that everything is tested with", () => {
  expect(all("ARG")).toEqual([`NODE=${manifest.devDependencies["node"]}`]);
  expect(all("FROM").map((rest) => rest.split(" ")[0])).toEqual(["node:${NODE}-slim", "node:${NODE}-slim"]);
});

test("scripts that are run are there", () => {
  const run = [...read("Dockerfile").matchAll(/npm run ([\w:-]+)/gu)].map(([, name]) => name ?? "");
  expect(run).toEqual(["build"]);
  expect(run.filter((name) => manifest.scripts[name] === undefined)).toEqual([]);
});

test("it runs as somebody, by number, and starts the command", () => {
  expect(all("USER")).toEqual(["65532:65532"]);
  const [, entry = ""] = JSON.parse(all("ENTRYPOINT")[0] ?? "[]") as readonly string[];
  expect(existsSync(new URL(entry, root))).toBe(true);
});

test("in it is what the package consists of, and the build answers as the source does", { timeout: 300_000 }, () => {
  const last = read("Dockerfile").split("FROM").at(-1) ?? "";
  const parts = manifest.files.filter((name) => !name.startsWith("!"));
  expect(parts.filter((name) => !last.includes(` ./${name}\n`))).toEqual([]);
  const node = (...args: readonly string[]) =>
    spawnSync(process.execPath, args, { cwd: root, encoding: "utf8", maxBuffer: 2 ** 26 });
  expect(node("node_modules/typescript/bin/tsc", "-b", "src")).toMatchObject({ status: 0, stdout: "" });
  const packed = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8" });
  const [{ files }] = JSON.parse(packed.stdout) as readonly [{ readonly files: readonly { readonly path: string }[] }];
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(["bin/serin.mjs", "dist/cli/main.js", "schema/rollout.schema.json"]));
  expect(paths.filter((path) => /\.test\.|\.tests|tsbuildinfo|^src\//u.test(path))).toEqual([]);
  const built = node("dist/cli/main.js", "export", "install");
  expect(built.stderr).toBe("");
  expect(built.stdout).toBe(node("src/cli/main.ts", "export", "install").stdout);
  expect(built.stdout).toContain(`image: serin:${manifest.version}`);
});
