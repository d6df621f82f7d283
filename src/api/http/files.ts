// How are rollout files applied, or looked at before, over HTTP?
import { parseDocument } from "../../core/spec/parse.ts";
import type { Desk } from "../desk.ts";
import * as calls from "../schemas/calls.ts";
import { actorOf, answered, on, permit, type App } from "./call.ts";
import * as routes from "./routes.ts";
import { withChanges } from "./services.ts";

/** Files that are applied or planned. */
export function addFiles(app: App, desk: Desk): void {
  on(app, routes.apply, async (c) => {
    const { actor, ...request } = c.req.valid("json");
    const name = nameIn(request.text);
    permit(c, "operate", name);
    const asked = { ...request, actor: actorOf(c, actor) };
    return answered(
      c,
      calls.reply,
      await withChanges(desk, { name, expected: asked.expected }, () => desk.apply(asked)),
    );
  });
  on(app, routes.planFile, async (c) => {
    const { text, origin } = c.req.valid("json");
    // It reads files that the text names.
    permit(c, "operate", nameIn(text));
    return answered(c, calls.planned, await desk.planFile(text, origin));
  });
}

/** The service or group that a file is of; nothing of a file with mistakes, which is refused later. */
function nameIn(text: string): string {
  const parsed = parseDocument(text);
  if (!parsed.ok) return "";
  const { kind, metadata } = parsed.document;
  return kind === "Rollout" ? metadata.name : `${kind.toLowerCase()}/${metadata.name}`;
}
