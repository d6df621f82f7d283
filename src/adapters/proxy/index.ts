// How does the engine drive the built-in proxy?
import { resolve } from "node:path";
import type { Comparison } from "../../core/comparison.ts";
import type { Counters } from "../../core/evidence.ts";
import type { Section } from "../../core/split.ts";
import type { Clock } from "../../ports/clock.ts";
import { ABSENT, seen, unreadable, type Call, type Observed } from "../../ports/observed.ts";
import type { Carried, Metrics, Router } from "../../ports/router.ts";
import type { ProxyConfig } from "../../proxy/config.ts";
import { find, inquire, type Found, type Inquired, type Question } from "../../proxy/control-client.ts";
import { fingerprint, type Settings } from "../../proxy/settings.ts";
import { forget, type Control } from "../../proxy/store.ts";
import { PROXY_ABILITIES } from "./abilities.ts";
import { checkSettings } from "./check.ts";
import { endProxy } from "./end.ts";
import { dropSection } from "./drop.ts";
import { launch } from "./launch.ts";
import { partOf, type Part } from "./section.ts";
import { refused, silent } from "./troubles.ts";

export interface ProxyAdapterOptions {
  /** The service, for texts and logs. */
  readonly name: string;
  /** Private folder of this proxy; made with mode 0700. */
  readonly dir: string;
  readonly config: ProxyConfig;
  readonly clock: Clock;
  /** Only these requests of the proxy are this service's; others that share the folder and settings have the rest. */
  readonly section?: Section | undefined;
}

/** Longest time for one answer of the control API; the caller's signal may end it before. */
const ANSWER_MS = 5_000;

/** The built-in proxy as a router and as a source of evidence: a process of its own, which outlives this one. */
export function createProxyAdapter(options: ProxyAdapterOptions): Router & Metrics {
  const settings = settingsOf(options);
  const { section, clock } = options;
  const part = partOf(section);
  const look = (call: Call): Promise<Found> => find(settings.dir, inTime(call));
  return {
    kind: "proxy",
    can: PROXY_ABILITIES,
    apply: async (route, call) => {
      const trouble = await makeItRun(settings, call).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      const question = { method: "PUT", path: "/route", body: part.outward(route), signal: inTime(call) } as const;
      const asked = await askLast(settings.dir, question);
      // One with other settings that could not hand over goes on, and follows the route.
      if (trouble) throw trouble.error;
      if (asked.kind !== "answered") throw silent(settings, asked.kind === "silent" ? asked.why : "it ended just now");
      if (asked.answer.status !== 200) throw refused(settings, asked.answer);
    },
    observe: async (call) => carried(await look(call), part),
    remove: async (call) => {
      if (section) return dropSection(section.name, settings, inTime(call));
      const found = await look(call);
      if (found.kind === "silent") throw silent(settings, found.why);
      if (found.kind === "running") await endProxy(found.control, { settings, clock, call });
      forget(settings.dir);
    },
    read: async (call): Promise<Observed<Counters>> => {
      const asked = await inquire(settings.dir, { method: "GET", path: "/counters", signal: inTime(call) });
      if (asked.kind === "none") return ABSENT;
      if (asked.kind === "silent") return unreadable(asked.why);
      const { status, body } = asked.answer;
      return status === 200
        ? seen(part.countersIn(body as Counters))
        : unreadable(`the proxy answers ${status} to /counters`);
    },
    comparison: async (call): Promise<Observed<Comparison>> => {
      const path = section ? `/comparison/${encodeURIComponent(section.name)}` : "/comparison";
      const asked = await inquire(settings.dir, { method: "GET", path, signal: inTime(call) });
      if (asked.kind === "none") return ABSENT;
      if (asked.kind === "silent") return unreadable(asked.why);
      const { status, body } = asked.answer;
      if (status === 404) return ABSENT;
      return status === 200 ? seen(body as Comparison) : unreadable(`the proxy answers ${status} to ${path}`);
    },
  };
}

/** A proxy that has just handed over takes no changes; its successor does. */
async function askLast(dir: string, question: Question): Promise<Inquired> {
  const asked = await inquire(dir, question);
  return asked.kind === "answered" && asked.answer.status === 409 ? inquire(dir, question) : asked;
}

/** Refuses what this proxy could never do here; changes nothing. */
export function checkProxy(options: Omit<ProxyAdapterOptions, "clock">): Promise<void> {
  return checkSettings(settingsOf(options));
}

/** Paths are made absolute: the proxy does not share this process' working directory. */
function settingsOf({ name, dir, config }: Omit<ProxyAdapterOptions, "clock">): Settings {
  const tls = config.tls && { cert: resolve(config.tls.cert), key: resolve(config.tls.key) };
  return { ...config, tls, name, dir: resolve(dir) };
}

function inTime(call: Call): AbortSignal {
  return AbortSignal.any([call.signal, AbortSignal.timeout(ANSWER_MS)]);
}

/** Finds the proxy with these settings, or starts it. Whoever else starts it at the same time, one comes up. */
async function makeItRun(settings: Settings, call: Call): Promise<Control> {
  const wanted = fingerprint(settings);
  const found = await find(settings.dir, inTime(call));
  if (found.kind === "silent") throw silent(settings, found.why);
  if (found.kind === "running" && found.control.config === wanted && !found.state.draining) return found.control;
  await launch(settings, call.signal);
  const started = await find(settings.dir, inTime(call));
  if (started.kind === "running") return started.control;
  throw silent(settings, started.kind === "silent" ? started.why : "it ended soon after its start");
}

function carried(found: Found, part: Part): Observed<Carried> {
  if (found.kind === "silent") return unreadable(found.why);
  const route = found.kind === "running" ? part.routeIn(found.state) : undefined;
  if (found.kind === "none" || !route) return ABSENT;
  const { address, preview, workers } = found.state;
  if (workers.alive === 0) return unreadable("no worker of the proxy listens at this moment");
  return seen({
    split: route.split,
    busy: part.busyIn(found.state),
    address,
    ...(preview !== undefined && { preview }),
  });
}
