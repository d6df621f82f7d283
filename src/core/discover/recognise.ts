// Whose metrics page is this?
import type { Page } from "../exposition/parse.ts";
import { readSelector, selects } from "../exposition/selector.ts";
import { FRAMEWORKS, FRAMEWORK_NAMES, type FrameworkName } from "../spec/frameworks/catalogue.ts";
import type { Framework } from "../spec/frameworks/shape.ts";

/** What a page was recognised by. */
export interface Recognised {
  readonly name: FrameworkName;
  readonly title: string;
}

/** A framework whose figures stand on the page too, and another's that say why they are not taken. */
export interface Hidden extends Recognised {
  readonly by: string;
}

/** Whether a page has a series of this selector. */
function has(page: Page, text: string): boolean {
  const read = readSelector(text);
  if (!read.ok) throw new Error(`${text}: ${read.why}`);
  const { selector } = read;
  return (page.samples.get(selector.metric) ?? []).some(({ labels }) => selects(selector, labels));
}

/** Every framework whose signs stand on a page. One that another hides says less than that, or is about something else. */
export function recognise(page: Page): {
  readonly frameworks: readonly Recognised[];
  readonly hidden: readonly Hidden[];
} {
  const found = FRAMEWORK_NAMES.filter((name) => {
    const framework: Framework = FRAMEWORKS[name];
    return framework.has.every((sign) => has(page, sign)) && !framework.lacks?.some((sign) => has(page, sign));
  });
  const named = found.map((name) => {
    const by = found.find((other) => FRAMEWORKS[other].hides?.includes(name));
    return { name, title: FRAMEWORKS[name].title, by: by && FRAMEWORKS[by].title };
  });
  return {
    frameworks: named.filter(({ by }) => by === undefined).map(({ name, title }) => ({ name, title })),
    hidden: named.flatMap(({ name, title, by }) => (by === undefined ? [] : [{ name, title, by }])),
  };
}
