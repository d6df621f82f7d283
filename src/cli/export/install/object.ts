// What is an object of a cluster here, and how does it look in a file?
import { Document, isCollection } from "yaml";

/** An object of a cluster, as it is applied. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Why something in an object is as it is; written above it. */
interface Note {
  readonly at: readonly (string | number)[];
  readonly why: string;
}

/** An object with the reasons for it. */
export interface Noted {
  readonly object: KubeObject;
  /** What the object is for. */
  readonly about: string;
  readonly notes?: readonly Note[];
}

/** What somebody wants to install. */
export interface InstallAsked {
  readonly image: string;
  /** Where the controller runs. */
  readonly namespace: string;
  /** The only ones whose Rollouts it looks after; all when there are none. */
  readonly namespaces: readonly string[];
  /** Whether it may read Secrets, to see that one has changed. */
  readonly secrets: boolean;
  /** Whether it serves the dashboard and the API to others. */
  readonly dashboard: boolean;
  readonly version: string;
}

/** The account that the controller has, and the name of its Deployment. */
export const CONTROLLER = "serin-controller";

const NAME = "app.kubernetes.io/name";
const COMPONENT = "app.kubernetes.io/component";

/** Labels by which the controller's pods are found. */
export const SELECTED = { [NAME]: "serin", [COMPONENT]: "controller" } as const;

/** Labels of everything that is installed. */
export function labelsOf({ version }: Pick<InstallAsked, "version">): Readonly<Record<string, string>> {
  return { [NAME]: "serin", "app.kubernetes.io/version": version };
}

/** Of one part of the installation, where the controller runs. */
export function headOf(asked: Pick<InstallAsked, "namespace" | "version">, name: string): KubeObject["metadata"] {
  return { name, namespace: asked.namespace, labels: { ...labelsOf(asked), ...SELECTED } };
}

/** What the API server calls the controller. */
export function controllerUser({ namespace }: Pick<InstallAsked, "namespace">): string {
  return `system:serviceaccount:${namespace}:${CONTROLLER}`;
}

const WIDTH = 116;

/** As YAML with its comments. In version 1.1, which kubectl reads: there `on` is not a text. */
export function documentOf({ object, about, notes = [] }: Noted): Document {
  const document = commented(new Document(object, { version: "1.1", aliasDuplicateObjects: false }), notes);
  // Above the object, not above the document: there a blank line follows.
  if (document.contents) document.contents.commentBefore = commentOf(about);
  return document;
}

/** Writes reasons into a document. */
export function commented<D extends Document>(document: D, notes: readonly Note[]): D {
  for (const { at, why } of notes) {
    const parent = at.length === 1 ? document.contents : document.getIn(at.slice(0, -1));
    const last = at.at(-1);
    const found = isCollection(parent)
      ? parent.items.find((item, index) => index === last || keyOf(item) === last)
      : undefined;
    if (typeof found !== "object" || found === null) throw new Error(`there is nothing at ${at.join(".")}`);
    const node = "key" in found ? found.key : found;
    (node as { commentBefore?: string }).commentBefore = commentOf(why);
  }
  return document;
}

function keyOf(item: unknown): unknown {
  const key = typeof item === "object" && item !== null && "key" in item ? item.key : undefined;
  return typeof key === "object" && key !== null && "value" in key ? key.value : undefined;
}

/** A comment in lines that fit beside each other. */
function commentOf(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > WIDTH) lines.push(` ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join("\n");
}

/** Objects as one file. */
export function fileOf(objects: readonly Noted[]): string {
  return objects.map((noted) => documentOf(noted).toString({ lineWidth: 0 })).join("---\n");
}
