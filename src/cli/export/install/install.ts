// How does Serin get into a cluster?
import { InvalidArgumentError, Option, type Command } from "commander";
import { stringify } from "yaml";
import { SerinError } from "../../../core/issues.ts";
import { version } from "../../version.ts";
import type { Exporter } from "../exporter.ts";
import { chartOf } from "./chart.ts";
import { documentOf, fileOf, type InstallAsked } from "./object.ts";
import { partsOf } from "./parts.ts";

const FORMATS = ["yaml", "helm", "kustomize"] as const;

interface Options extends Pick<InstallAsked, "image" | "namespace" | "namespaces"> {
  readonly format: (typeof FORMATS)[number];
  readonly out?: string;
  readonly secrets?: boolean;
  readonly dashboard?: boolean;
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;

function namespace(text: string): string {
  if (!LABEL.test(text)) throw new InvalidArgumentError("A namespace is 1 to 63 of a-z, 0-9 and -.");
  return text;
}

const namespaces = (text: string): readonly string[] => [...new Set(text.split(",").map(namespace))];

function image(text: string): string {
  if (!/^[\w./:@-]+$/u.test(text)) throw new InvalidArgumentError("An image is NAME:TAG or NAME@DIGEST.");
  return text;
}

/** What stands beside the files, so that kustomize takes them as a base. */
function kustomization(names: readonly string[]): string {
  const about =
    "# Another namespace: export again with --namespace. The policies name the controller's account in a text.\n";
  const base = { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources: names };
  return about + stringify(base);
}

function filesOf(format: Options["format"], asked: InstallAsked): Readonly<Record<string, string>> {
  if (format === "helm") return chartOf(asked);
  const parts = partsOf(asked);
  if (format === "yaml") return { "serin.yaml": fileOf(parts.flatMap(({ objects }) => objects)) };
  const files = parts.map(({ name, objects }) => [`${name}.yaml`, fileOf(objects)] as const);
  return { "kustomization.yaml": kustomization(files.map(([name]) => name)), ...Object.fromEntries(files) };
}

export const install: Exporter<Options> = {
  name: "install",
  description: "what a Kubernetes cluster needs to run Serin, for kubectl apply -f -",
  alone: true,
  options: (command: Command) =>
    command
      .addOption(new Option("--format <format>", "one file, a chart or a base").choices(FORMATS).default("yaml"))
      .option("--out <dir>", "write files into this folder instead")
      .option("--image <image>", "the image of the controller", image, `serin:${version()}`)
      .option("--namespace <name>", "where the controller runs", namespace, "serin-system")
      .option("--namespaces <names>", "look after Rollouts of these alone: a,b (default: all)", namespaces, [])
      .option("--secrets", "let the controller read Secrets, so that a changed one is a new revision")
      .option("--dashboard", "serve the dashboard and the API, with the Secrets serin-access and serin-tls"),
  make: ({ options: { format, out, secrets = false, dashboard = false, ...rest } }) => {
    const asked: InstallAsked = {
      image: rest.image,
      namespace: rest.namespace,
      namespaces: rest.namespaces,
      secrets,
      dashboard,
      version: version(),
    };
    if (out === undefined && format !== "yaml") throw noFolder(format);
    const documents = partsOf(asked).flatMap(({ objects }) => objects.map(documentOf));
    const about = ["serin export install | kubectl apply -f - does it, and again with a newer Serin."];
    return {
      as: "yaml",
      about: out === undefined ? about : [],
      documents,
      ...(out !== undefined && { folder: { path: out, files: filesOf(format, asked) } }),
    };
  },
};

function noFolder(format: string): SerinError {
  return new SerinError({
    code: "SERIN_BAD_OPTION",
    what: `--format ${format} without --out`,
    found: "it is several files",
    now: "nothing was exported",
    next: `name a folder: serin export install --format ${format} --out serin`,
    exitCode: 2,
  });
}
