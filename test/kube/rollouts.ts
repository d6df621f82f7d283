// Which rollout files are there, said as a cluster could be asked?
import { readdirSync, readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { parseRollout } from "../../src/core/spec/parse.ts";

interface Document {
  readonly spec: {
    readonly workload?: Readonly<Record<string, unknown>> | null;
    readonly traffic?: Readonly<Record<string, unknown>> | null;
  };
}

interface ClusterRollout {
  /** The file that it comes from. */
  readonly file: string;
  readonly object: object;
  /** What Serin finds wrong in it: `code path`. */
  readonly issues: readonly string[];
  /** Whether it starts a program, or reads a file, where the controller runs. */
  readonly ofMachine: boolean;
}

const root = new URL("../../", import.meta.url);

/** Rollout files by their names: those of the examples, that of the page, and those with a golden answer. */
function files(): readonly (readonly [file: string, text: string])[] {
  const read = (file: string) => readFileSync(new URL(file, root), "utf8");
  const names = (folder: string, end: string) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(end));
  const examples = names("examples/", ".yaml").map((name) => `examples/${name}`);
  const golden = names("test/golden/", ".txt").filter((name) => !name.includes("/"));
  const page = "docs/kubernetes-install.md";
  const onPage = [...read(page).matchAll(/^```yaml\n(.*?)^```$/gmsu)].map(([, text = ""]) => [page, text] as const);
  return [
    ...onPage,
    ...examples.map((file) => [file, read(file)] as const),
    ...golden.map((name) => [name, read(`test/golden/${name}`).split("\n----------\n")[0] ?? ""] as const),
  ];
}

function isRollout(value: unknown): value is Document {
  if (typeof value !== "object" || value === null) return false;
  const { kind, spec } = value as { readonly kind?: unknown; readonly spec?: unknown };
  return kind === "Rollout" && typeof spec === "object" && spec !== null;
}

function documentIn(text: string): unknown {
  try {
    return parse(text, { merge: true });
  } catch {
    // A file that is no YAML says nothing that a cluster could be asked.
    return undefined;
  }
}

/** What runs on machines runs as a Deployment; the rest stays as it is. */
function inCluster({ spec, ...rest }: Document, name: string): object {
  const { workload, traffic } = spec;
  const { proxy, ...others } = traffic ?? {};
  return {
    ...rest,
    metadata: { name },
    spec: {
      ...spec,
      workload: workload?.["deployment"] ? workload : { deployment: { name: "shop" } },
      traffic: proxy === undefined ? traffic : { ...others, service: { name: "shop" } },
    },
  };
}

function isOfMachine(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { command, file, config } = value as Readonly<Record<string, unknown>>;
  if (command !== undefined || typeof file === "string" || typeof config === "string") return true;
  // A candidate's command, and a Job's, is run in a pod.
  return Object.entries(value).some(([field, part]) => field !== "candidates" && field !== "job" && isOfMachine(part));
}

/** Every rollout file whose rollout can be said for a cluster. */
export function clusterRollouts(): readonly ClusterRollout[] {
  return files().flatMap(([file, text]) => {
    const document = documentIn(text);
    if (!isRollout(document)) return [];
    const name = file
      .replaceAll(/[^a-z0-9]+/gu, "-")
      .slice(0, 60)
      .replace(/-$/u, "");
    const object = inCluster(document, name);
    const parsed = parseRollout(stringify(object, { aliasDuplicateObjects: false }));
    const issues = parsed.ok ? [] : parsed.issues.map(({ code, path }) => `${code} ${path}`);
    return [{ file, object, issues, ofMachine: isOfMachine(object) }];
  });
}
