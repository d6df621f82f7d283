// Which template is asked for, where Serin holds another one in its place?
import * as z from "zod";
import type { Revision } from "../../core/world.ts";
import type { Adoptable, PodTemplate } from "./client/objects.ts";
import { TEMPLATE } from "./names.ts";
import { bare, isDeployment, revisionOfTemplate, type DeploymentTemplate } from "./revision.ts";

/** What the note says: the revision that was written in its place, and the template that was asked for. */
const Held = z.object({ written: z.string(), asked: z.custom<PodTemplate>(isTemplate) });

/** Or that somebody has brought that one again, which has this revision. */
const Note = z.union([Held, z.object({ brought: z.string() })]);

function isTemplate(value: unknown): boolean {
  return typeof value === "object" && value !== null && "spec" in value;
}

function noteOn({ metadata }: Pick<Adoptable, "metadata">): z.output<typeof Note> | undefined {
  const text = metadata.annotations?.[TEMPLATE];
  if (text === undefined) return undefined;
  const read = Note.safeParse(jsonOf(text));
  return read.success ? read.data : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The template that is asked for while Serin's stands there. Another one than Serin has written is somebody's wish. */
export function heldFrom(adoptable: Adoptable): Revision<DeploymentTemplate> | undefined {
  const note = noteOn(adoptable);
  if (note === undefined || !("written" in note)) return undefined;
  const isOurs = note.written === revisionOfTemplate(adoptable.spec.template).id;
  return isOurs ? revisionOfTemplate(note.asked) : undefined;
}

/** The template that its owner has asked for last, whatever Serin holds in its place for the time being. */
export function templateAskedOf(adoptable: Adoptable): PodTemplate {
  return heldFrom(adoptable)?.template.pod ?? adoptable.spec.template;
}

/** Whether somebody has brought the template again in whose place Serin held another one. */
export function isBroughtAgain(adoptable: Adoptable): boolean {
  const note = noteOn(adoptable);
  if (note === undefined) return false;
  const { id } = revisionOfTemplate(adoptable.spec.template);
  if ("brought" in note) return note.brought === id;
  return note.written !== id && revisionOfTemplate(note.asked).id === id;
}

/**
 * What the note shall be, given the template that is there now. Once somebody has had a word, Serin's template coming again is their
 * wish, and no longer one that stands in for another.
 */
export function noteFor(adoptable: Adoptable): string | undefined {
  if (heldFrom(adoptable)) return adoptable.metadata.annotations?.[TEMPLATE];
  return isBroughtAgain(adoptable)
    ? JSON.stringify({ brought: revisionOfTemplate(adoptable.spec.template).id })
    : undefined;
}

/** The same object with a revision's template, and with a note of the one that is asked for, where that is another one. */
export function withTemplate<S extends Adoptable>(adoptable: S, { id, template }: Revision): S {
  if (!isDeployment(template)) throw new Error(`revision ${id} is no pod template`);
  const asked = bare(templateAskedOf(adoptable));
  const { [TEMPLATE]: _note, ...annotations } = adoptable.metadata.annotations ?? {};
  const isAsked = revisionOfTemplate(asked).id === id;
  const note = isAsked ? {} : { [TEMPLATE]: JSON.stringify({ written: id, asked }) };
  return {
    ...adoptable,
    metadata: { ...adoptable.metadata, annotations: { ...annotations, ...note } },
    spec: { ...adoptable.spec, template: bare(template.pod) },
  };
}
