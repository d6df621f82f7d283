// Does every import go through an open door? The house plan, checked.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";

interface Room {
  /** Rooms that it may import from, besides itself. A file's path names that file alone. */
  readonly may: readonly string[];
  /** Packages that it may import. */
  readonly npm: RegExp;
  readonly why: string;
}

const ANY = /./u;
const NODE = /^node:/u;

const ROOMS: Readonly<Record<string, Room>> = {
  core: { may: [], npm: /^(zod|yaml|json-p3)$/u, why: "core is arithmetic: same input, same program, same verdict" },
  ports: { may: ["core"], npm: /(?!)/u, why: "a port is a promise; it knows no vendor" },
  runtime: { may: ["core", "ports"], npm: NODE, why: "the runtime meets the world only through ports" },
  rehearse: {
    may: [
      "core",
      "ports",
      "runtime",
      "adapters/memory",
      "adapters/envoy/abilities.ts",
      "adapters/process/abilities.ts",
      "adapters/proxy/abilities.ts",
    ],
    npm: /^node:worker_threads$/u,
    why: "a rehearsal plays the real engine in a world of its own, and touches no other",
  },
  report: {
    may: ["core"],
    npm: /(?!)/u,
    why: "a report is the same text in a browser, at a terminal and in an answer: it needs nothing of any of them",
  },
  proxy: { may: ["core"], npm: ANY, why: "the data plane outlives the engine and knows nothing of it" },
  adapters: {
    // Secrets are read and kept untold in one way, whoever is asked with them.
    may: ["core", "ports", "adapters/secrets.ts"],
    npm: ANY,
    why: "an adapter knows one vendor and no other adapter",
  },
  telemetry: {
    may: ["core", "ports", "runtime"],
    npm: ANY,
    why: "whoever tells of the controller is told by it, and steers nothing",
  },
  operator: {
    may: ["core", "ports", "runtime", "telemetry", "adapters/registry.ts", "adapters/kubernetes", "adapters/system"],
    npm: ANY,
    why: "what a cluster asks for comes by its objects, as what a person asks for comes by the api",
  },
  api: {
    may: [
      "core",
      "ports",
      "runtime",
      "report",
      "rehearse",
      "adapters/registry.ts",
      "adapters/kubernetes",
      "adapters/secrets.ts",
    ],
    npm: ANY,
    why: "a surface composes; nothing composes it",
  },
  cli: {
    may: [
      "core",
      "ports",
      "runtime",
      "proxy/command.ts",
      "api",
      "report",
      "rehearse",
      "telemetry",
      "operator",
      "adapters/registry.ts",
      "adapters/envoy/export.ts",
      "adapters/sqlite",
      "adapters/system",
    ],
    npm: ANY,
    why: "every verb goes through the api, here or in another process",
  },
  dashboard: {
    // Types of the contract, the order of services, and the words and scales of reports: nothing of it needs more than a browser.
    may: ["core", "api/contract.ts", "api/order.ts", "report"],
    npm: /^(react|react-dom|react-dom\/client|@tanstack\/react-(query|router|virtual)|uplot)$/u,
    why: "the dashboard runs in a browser, which has no Node and sees a controller by its api alone",
  },
};

/** Doors that one file alone has, with the reason. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  // The registry names every adapter and fits them to what the runtime asks for.
  "adapters/registry.ts": ["adapters", "runtime/parts.ts"],
  // What both it and the file for Deployments rest on.
  "adapters/following.ts": ["runtime/parts.ts"],
  "adapters/deployments.ts": ["adapters", "runtime/parts.ts"],
  // Sources share their servers, secrets and questions; the registry asks here for those of a service.
  "adapters/sources.ts": ["adapters"],
  "adapters/proxy": ["proxy"],
};

const src = resolve("src");
const files = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/u.test(entry.name) && !/\.(test|contract)\.ts$/u.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name));

function imports(file: string): string[] {
  const { module } = parseSync(file, readFileSync(file, "utf8"));
  const dynamic = [...readFileSync(file, "utf8").matchAll(/import\("([^"]+)"\)/gu)].map(([, name = ""]) => name);
  return [
    ...module.staticImports.map((entry) => entry.moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.flatMap((entry) => entry.moduleRequest?.value ?? [])),
    ...dynamic,
  ];
}

function under(path: string, doors: readonly string[]): boolean {
  return doors.some((door) => path === door || path.startsWith(`${door}/`));
}

function violations(file: string): string[] {
  const from = relative(src, file);
  const [name = "", folder = ""] = from.split("/");
  const room = ROOMS[name];
  if (!room) return [`${from}: there is no room named "${name}"`];
  const own = name === "adapters" ? `adapters/${folder}` : name;
  const doors = [own, ...room.may, ...(DOORS[from] ?? []), ...(DOORS[own] ?? [])];
  return imports(file).flatMap((to) => {
    const line = `${from} → ${to}: ${room.why}`;
    if (!to.startsWith(".")) return room.npm.test(to) ? [] : [line];
    return under(relative(src, resolve(dirname(file), to)), doors) ? [] : [line];
  });
}

test("the house has files", () => {
  expect(files.length).toBeGreaterThan(30);
});

test("every import goes through an open door", () => {
  expect(files.flatMap(violations)).toEqual([]);
});

test("every door leads somewhere", () => {
  const doors = [
    ...Object.values(ROOMS).flatMap(({ may }) => may),
    ...Object.values(DOORS).flat(),
    ...Object.keys(DOORS),
  ];
  const known = files.map((file) => relative(src, file));
  expect(doors.filter((door) => !known.some((path) => under(path, [door])))).toEqual([]);
});

/** Written by tools/gen-envoy.ts. */
const GENERATED = resolve("src/adapters/envoy/protos");

test("every file says which question it answers, and none is too long", () => {
  const written = files.filter((file) => !under(file, [GENERATED]));
  const wrong = written.flatMap((file) => {
    const text = readFileSync(file, "utf8");
    const lines = text.split("\n").length - 1;
    const found: string[] = [];
    if (!/^\/\/ .*\?/u.test(text)) found.push(`${relative(src, file)}: opens without a question`);
    if (lines > 400) found.push(`${relative(src, file)}: ${lines} lines`);
    return found;
  });
  expect(wrong).toEqual([]);
});
