// How is a rollout file rehearsed over HTTP?
import { mayPlan } from "../access/acts.ts";
import type { Desk } from "../desk.ts";
import * as calls from "../schemas/calls.ts";
import { answered, on, type App } from "./call.ts";
import * as routes from "./routes.ts";

/** For whoever may operate what the file is about, as a plan is: it reads files that the text names, and takes the machine's time. */
export function addRehearsals(app: App, desk: Pick<Desk, "rehearse">): void {
  on(app, routes.rehearseFile, async (c) => {
    const request = c.req.valid("json");
    const { text, origin } = request;
    await mayPlan(c.get("caller"), { text, origin }, { what: "rehearse" });
    // A caller that goes away takes its rehearsal along.
    return answered(c, calls.rehearsedFile, await desk.rehearse(request, c.req.raw.signal));
  });
}
