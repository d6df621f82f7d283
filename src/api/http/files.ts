// How are rollout files applied, or looked at before, over HTTP?
import { parseDocument } from "../../core/spec/parse.ts";
import type { Desk } from "../desk.ts";
import * as calls from "../schemas/calls.ts";
import { mayPlan } from "../access/acts.ts";
import type { Places } from "../access/caller.ts";
import { answered, on, type ActsOf, type App } from "./call.ts";
import * as routes from "./routes.ts";
import { withChanges } from "./services.ts";

/** Files that are applied or planned. */
export function addFiles(app: App, desk: Desk, acts: ActsOf): void {
  on(app, routes.apply, async (c) => {
    const request = c.req.valid("json");
    const at = { name: nameIn(request.text, desk.places), expected: request.expected };
    return answered(c, calls.reply, await withChanges(desk, at, () => acts(c).apply(request)));
  });
  on(app, routes.planFile, async (c) => {
    const { text, origin } = c.req.valid("json");
    // It reads files that the text names. Mistakes in them are a part of the answer.
    await mayPlan(c.get("caller"), { text, origin }, { what: "plan" });
    return answered(c, calls.planned, await desk.planFile(text, origin));
  });
}

/** The service or group that a file is of; nothing of a file with mistakes, which is refused later. */
function nameIn(text: string, { nameOf = ({ name }) => name }: Places): string {
  const parsed = parseDocument(text);
  if (!parsed.ok) return "";
  const { kind, metadata } = parsed.document;
  return kind === "Rollout" ? nameOf(metadata) : `${kind.toLowerCase()}/${metadata.name}`;
}
