// Is the template that somebody asks for still known where Serin's stands?
import { expect, test } from "vitest";
import type { Adoptable } from "./client/objects.ts";
import { heldFrom, isBroughtAgain, noteFor, templateAskedOf, withTemplate } from "./held.ts";
import { revisionOfTemplate } from "./revision.ts";

const templateOf = (image: string) => ({
  metadata: { labels: { app: "app" } },
  spec: { containers: [{ name: "app", image }] },
});
const [one, two, three] = ["one", "two", "three"].map((image) => revisionOfTemplate(templateOf(image)));
const asking: Adoptable = { metadata: { name: "app" }, spec: { selector: {}, template: templateOf("two") } };
if (!one || !two || !three) throw new Error("three revisions");

test("what is asked for is what is there, or what Serin has put aside", () => {
  expect(heldFrom(asking)).toBeUndefined();
  const held = withTemplate(asking, one);
  expect(revisionOfTemplate(held.spec.template).id).toBe(one.id);
  expect(heldFrom(held)).toEqual(two);
  expect(templateAskedOf(held)).toEqual(templateOf("two"));
  expect(withTemplate(held, three)).toMatchObject({ spec: { template: templateOf("three") } });
  expect(heldFrom(withTemplate(held, three))).toEqual(two);
  expect(withTemplate(held, two)).toEqual({ ...asking, metadata: { name: "app", annotations: {} } });
});

test("another template than Serin's is somebody's wish", () => {
  const held = withTemplate(asking, one);
  const changed = { ...held, spec: { ...held.spec, template: templateOf("three") } };
  expect(heldFrom(changed)).toBeUndefined();
  expect(templateAskedOf(changed)).toEqual(templateOf("three"));
  expect(isBroughtAgain(changed)).toBe(false);
  expect(isBroughtAgain({ ...held, spec: asking.spec })).toBe(true);
  expect([asking, held].map(isBroughtAgain)).toEqual([false, false]);
});

test("a note that nobody can read says nothing", () => {
  for (const note of ["", "{}", '{"written":1}', '{"written":"x","asked":null}']) {
    const noted = { ...asking, metadata: { name: "app", annotations: { "serin.dev/template": note } } };
    expect(templateAskedOf(noted)).toEqual(templateOf("two"));
  }
});

test("a template that comes after somebody's word is theirs, also where it is the one that Serin had written", () => {
  const held = withTemplate(asking, one);
  const noted = (image: string, note: string | undefined): Adoptable => ({
    metadata: { name: "app", annotations: note === undefined ? {} : { "serin.dev/template": note } },
    spec: { selector: {}, template: templateOf(image) },
  });
  const own = held.metadata.annotations?.["serin.dev/template"];
  expect(noteFor(held)).toBe(own);
  expect(noteFor(noted("three", own))).toBeUndefined();
  const brought = noteFor(noted("two", own));
  const again = noted("two", brought);
  expect([isBroughtAgain(again), heldFrom(again), noteFor(again)]).toEqual([true, undefined, brought]);
  const reverted = noted("one", brought);
  expect([isBroughtAgain(reverted), heldFrom(reverted), noteFor(reverted)]).toEqual([false, undefined, undefined]);
  expect(noteFor(asking)).toBeUndefined();
});
