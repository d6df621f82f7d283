// Which service of a cluster is a file about, and may the controller take it?
import { serviceOf } from "../../adapters/kubernetes/service-name.ts";
import type { Issue } from "../../core/issues.ts";
import { pathText } from "../../core/spec/fields.ts";
import { parseDocument } from "../../core/spec/parse.ts";
import { KIND, type Rollout } from "../../core/spec/rollout.ts";
import { environmentIn, type Place as ServicePlace, type PlacesResult } from "../access/places.ts";
import { notARollout } from "../local.ts";
import { planRollout, type Planned } from "../planning.ts";
import { liveAdoptee } from "./apply.ts";
import type { Place, Reach } from "./reach.ts";

type Metadata = Rollout["metadata"];

/** The environment of a Rollout: its label, else its namespace. */
export const environmentOf = (metadata: Metadata): string => environmentIn(metadata);

/** What the service of a Rollout is called, and its environment. */
export function placeIn(metadata: Metadata): ServicePlace {
  return { service: serviceOf({ metadata }), environment: environmentOf(metadata) };
}

/** Files as they are read by the controller of a cluster, or of some namespaces. */
export interface ClusterFiles {
  /** `checkout.prod`. */
  readonly nameOf: (metadata: Metadata) => string;
  readonly placesIn: (text: string) => Promise<PlacesResult>;
  /** The service of a file that was found to be right. Throws a SerinError for any other. */
  readonly need: (text: string) => { readonly name: string };
  readonly plan: (text: string) => Promise<Planned>;
}

type Read = { readonly ok: true; readonly place: Place; readonly rollout: Rollout } | Wrong;
type Wrong = { readonly ok: false; readonly issues: readonly Issue[] };

/** `only` are the namespaces that are looked after; all of them without any. */
export function filesOf(only: readonly string[], reach: Reach): ClusterFiles {
  const namespaceOf = ({ namespace }: Metadata): string | undefined =>
    namespace ?? (only.length === 1 ? only[0] : undefined);
  const nameOf = (metadata: Metadata): string => `${metadata.name}.${namespaceOf(metadata) ?? "default"}`;
  const read = (text: string): Read => {
    const parsed = parseDocument(text);
    if (!parsed.ok) return parsed;
    const { document, at } = parsed;
    const wrong = (path: string, code: Issue["code"], message: string): Wrong => ({
      ok: false,
      issues: [{ ...at(path), path, code, message }],
    });
    // Whatever a file names beside itself would be read where the controller runs, by its rights.
    if (document.kind !== KIND) return wrong("kind", "unsupported", `${document.kind} is not of clusters`);
    if (typeof document.spec.analysis?.kayenta?.config === "string")
      return wrong("spec.analysis.config", "unsupported", NO_FILES);
    const [note] = ownNotes(document.metadata);
    if (note !== undefined) return wrong(note, "unsupported", OWN_NOTES);
    const namespace = namespaceOf(document.metadata);
    if (namespace === undefined)
      return wrong("metadata", "missing-field", "metadata.namespace says where it is: nothing else does");
    if (only.length > 0 && !only.includes(namespace)) {
      const message = `found ${namespace}, this controller looks after ${only.join(", ")}`;
      return wrong("metadata.namespace", "unsupported", message);
    }
    return { ok: true, place: { name: document.metadata.name, namespace }, rollout: document };
  };
  return {
    nameOf,
    placesIn: async (text) => {
      const found = read(text);
      if (!found.ok) return found;
      const { name, namespace } = found.place;
      const environment = environmentOf({ ...found.rollout.metadata, namespace });
      return { ok: true, places: [{ service: `${name}.${namespace}`, environment, namespace }] };
    },
    need: (text) => {
      const found = read(text);
      if (!found.ok) throw notARollout(found.issues);
      return { name: `${found.place.name}.${found.place.namespace}` };
    },
    plan: async (text) => {
      const found = read(text);
      if (!found.ok) return found;
      const { namespace } = found.place;
      const planned = await planRollout(
        text,
        "/",
        async (rollout) => (await liveAdoptee(reach, rollout, namespace)).sized,
      );
      if (!planned.ok) return planned;
      const { rollout } = planned;
      return { ...planned, rollout: { ...rollout, metadata: { ...rollout.metadata, name: nameOf(rollout.metadata) } } };
    },
  };
}

/** Where a file has notes of the names that a controller obeys: whoever may apply may not therefore write what others would. */
function ownNotes(metadata: Metadata): readonly string[] {
  return (["annotations", "labels"] as const).flatMap((field) =>
    Object.keys(metadata[field] ?? {})
      .filter((name) => name.startsWith("serin.dev/"))
      .map((name) => pathText(["metadata", field, name])),
  );
}

const OWN_NOTES =
  "names that begin with serin.dev/ are the controller's own: take it out, and ask for what it would ask for";
const NO_FILES = "a file is not read where the controller runs: put its content here";
