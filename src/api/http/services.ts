// How are services looked at and told what to do over HTTP?
import { SerinError } from "../../core/issues.ts";
import { isGroupName } from "../../core/group/state.ts";
import type { Desk } from "../desk.ts";
import * as calls from "../schemas/calls.ts";
import { Stale } from "../stale.ts";
import { answered, on, permit, type ActsOf, type App } from "./call.ts";
import { unlessKnown } from "./etag.ts";
import * as routes from "./routes.ts";

/** So many of the decisions since are told with a refusal. */
const MOST_CHANGES = 100;

/** What there is to see. */
export function addLooks(app: App, desk: Desk): void {
  on(app, routes.services, (c) =>
    answered(
      c,
      calls.servicesPage,
      desk.page(c.req.valid("query"), (name) => c.get("caller").may("view", name)),
    ),
  );
  on(app, routes.service, async (c) => {
    const { name } = c.req.valid("param");
    permit(c, "view", name);
    const view = await desk.get(name);
    return unlessKnown(c, { ...view, nowMs: 0 }) ?? answered(c, calls.service, view);
  });
  on(app, routes.records, async (c) => {
    const { name } = c.req.valid("param");
    const { after, limit } = c.req.valid("query");
    permit(c, "view", name);
    return answered(c, calls.records, await desk.records(name, after, limit));
  });
  on(app, routes.revisions, (c) => {
    const { name } = c.req.valid("param");
    permit(c, "view", name);
    return answered(c, calls.revisions, { items: desk.revisions(name) });
  });
  on(app, routes.logs, async (c) => {
    const { name } = c.req.valid("param");
    // A service may write what not everybody who looks at its rollouts shall read.
    permit(c, "operate", name);
    return answered(c, calls.logs, await desk.logs(name, c.req.valid("query")));
  });
  on(app, routes.plan, (c) => {
    const { name } = c.req.valid("param");
    permit(c, "view", name);
    return answered(c, calls.plan, desk.plan(name));
  });
}

/** What changes something. */
export function addCommands(app: App, desk: Desk, acts: ActsOf): void {
  on(app, routes.command, async (c) => {
    const { name } = c.req.valid("param");
    const request = c.req.valid("json");
    const { expected } = request;
    return answered(c, calls.reply, await withChanges(desk, { name, expected }, () => acts(c).command(name, request)));
  });
  on(app, routes.remove, async (c) => {
    const { name } = c.req.valid("param");
    const request = c.req.valid("query");
    await withChanges(desk, { name, expected: request.expected }, () => acts(c).remove(name, request));
    return c.body(null, 204);
  });
}

/** A refusal of what was decided on an old view tells what has changed since. */
export async function withChanges<T>(
  desk: Desk,
  { name, expected = 0 }: { readonly name: string; readonly expected?: number | undefined },
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof SerinError) || error.trouble.code !== "SERIN_STALE") throw error;
    const changes = await desk.records(name, expected, MOST_CHANGES);
    const { version } = await (isGroupName(name) ? desk.group(name) : desk.get(name));
    throw new Stale(error.trouble, { changes, version });
  }
}
