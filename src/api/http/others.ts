// How are groups, the caller and whatever changes looked at over HTTP?
import { isGroupName } from "../../core/group/state.ts";
import { SerinError } from "../../core/issues.ts";
import type { Desk } from "../desk.ts";
import * as calls from "../schemas/calls.ts";
import { streamOf } from "../stream.ts";
import { answered, on, permit, type App } from "./call.ts";
import * as routes from "./routes.ts";
import { Refused } from "./problem.ts";

/** Streams at once: each holds a connection. */
const MOST_STREAMS = 1_000;

export function addGroups(app: App, desk: Desk): void {
  on(app, routes.groups, async (c) => {
    const groups = await desk.groups();
    return answered(
      c,
      calls.groups,
      groups.filter(({ group }) => c.get("caller").may("view", group)),
    );
  });
  on(app, routes.group, async (c) => {
    const { name } = c.req.valid("param");
    permit(c, "view", name);
    return answered(c, calls.group, await desk.group(name));
  });
}

export function addEvents(app: App, desk: Desk): void {
  let streams = 0;
  on(app, routes.events, async (c) => {
    const { service, after } = c.req.valid("query");
    const from = c.req.valid("header")["last-event-id"] ?? after;
    if (service !== undefined) {
      permit(c, "view", service);
      // Throws for one that is not there.
      await (isGroupName(service) ? desk.group(service) : desk.get(service));
    }
    if (streams >= MOST_STREAMS) throw new Refused(TOO_MANY, 503);
    streams += 1;
    const { sees, isOver } = c.get("caller");
    const stream = streamOf(desk.feed, {
      from,
      service,
      sees: ({ name, places }) => sees(name, places),
      isOver,
      ended: () => {
        streams -= 1;
      },
    });
    return c.body(stream, 200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
  });
}

const TOO_MANY = new SerinError({
  code: "SERIN_TOO_MANY_STREAMS",
  what: `${MOST_STREAMS} streams of events are open already`,
  next: "close some, or come again later",
}).trouble;

export function addWhoami(app: App): void {
  on(app, routes.whoami, (c) => {
    const caller = c.get("caller");
    const { service } = c.req.valid("query");
    const at = service === undefined ? undefined : caller.rightsAt(service);
    return answered(c, calls.whoami, { ...caller.whoami, at });
  });
}
