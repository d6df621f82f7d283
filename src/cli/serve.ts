// How does a controller run for a long time?
import { eventsOptions, type TypedEvents } from "./events-options.ts";
import { hostController } from "./home.ts";
import type { Context } from "./io.ts";
import { clockTime } from "./paint.ts";

/** Runs the controller until it is asked to end. Traffic and replicas outlive it. */
export async function serveCommand(options: TypedEvents, { io, json, state, signal }: Context): Promise<number> {
  const events = eventsOptions(options);
  const say = (event: { readonly service?: string; readonly text: string }): void => {
    if (json) io.out(JSON.stringify({ atMs: Date.now(), ...event }));
    else io.out(`${clockTime(Date.now())}  ${event.service ? `${event.service}  ` : ""}${event.text}`);
  };
  const link = await hostController(state, {
    events,
    tell: (event) => {
      const { service } = event;
      if (event.kind === "decided") for (const text of event.texts) say({ service, text });
      else if (event.kind === "trouble") say({ service, text: `${event.part}: ${event.why}` });
      else say({ service, text: `${event.part} works again` });
    },
  });
  const services = await link.list();
  say({
    text: `serving ${state}: ${services.length} ${services.length === 1 ? "service" : "services"}; commands: serin --state ${state} get`,
  });
  if (link.eventsUrl !== undefined) say({ text: `taking events of users at ${link.eventsUrl}` });
  await ended(signal);
  say({ text: "ending; traffic and replicas go on" });
  await link.close();
  return 0;
}

function ended(signal: AbortSignal): Promise<void> {
  // The open port keeps the process alive meanwhile.
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
