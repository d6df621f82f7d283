// How do Prometheus and an Alertmanager say which alerts fire?
import { z } from "zod";
import type { Alert, Labels } from "../../core/stats/alert.ts";

/** Whose interface is asked. */
export type AlertApi = "prometheus" | "alertmanager";

/** What an answer says, or what was found instead, in words that follow an address. */
type Said = { readonly ok: true; readonly alerts: readonly Alert[] } | { readonly ok: false; readonly why: string };

interface Door {
  readonly path: string;
  readonly query: string;
  /** Whose answer this should be, in words. */
  readonly whose: string;
  readonly said: (json: unknown) => Said;
}

/** Alerts can come without a name from others than Prometheus. They fire all the same. */
const NAMELESS = "an alert without alertname";

const labels = z.record(z.string(), z.string());
const moment = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .pipe(z.number());

/**
 * Other states are refused, not passed over: whoever has other words for "firing" would seem to have no alerts.
 * `activeAt` is when the rule's condition began to hold, so it includes the rule's `for`.
 */
const PROMETHEUS = z.object({
  status: z.literal("success"),
  // Those who ask several servers for one answer warn when one of them gave none.
  warnings: z.array(z.string()).nullish(),
  data: z.object({
    alerts: z.array(z.object({ labels, state: z.enum(["firing", "pending", "inactive"]), activeAt: moment })),
  }),
});

const ALERTMANAGER = z.array(z.object({ labels, startsAt: moment }));

export const DOORS: Readonly<Record<AlertApi, Door>> = {
  prometheus: { path: "/api/v1/alerts", query: "", whose: "a Prometheus", said: saidByPrometheus },
  alertmanager: {
    path: "/api/v2/alerts",
    query: "?active=true&silenced=false&inhibited=false",
    whose: "an Alertmanager",
    said: saidByAlertmanager,
  },
};

function saidByPrometheus(json: unknown): Said {
  const read = PROMETHEUS.safeParse(json, { reportInput: true });
  if (!read.success) return { ok: false, why: otherShape("prometheus", read.error) };
  const [warning] = read.data.warnings ?? [];
  if (warning !== undefined) {
    return { ok: false, why: `warned that alerts may be missing: ${JSON.stringify(warning.slice(0, 120))}` };
  }
  const firing = read.data.data.alerts.filter(({ state }) => state === "firing");
  return { ok: true, alerts: firing.map((one) => alertOf(one.labels, one.activeAt)) };
}

function saidByAlertmanager(json: unknown): Said {
  const read = ALERTMANAGER.safeParse(json, { reportInput: true });
  if (!read.success) return { ok: false, why: otherShape("alertmanager", read.error) };
  return { ok: true, alerts: read.data.map((one) => alertOf(one.labels, one.startsAt)) };
}

/** A label that is empty is one that is not there. */
function alertOf({ alertname = "", ...rest }: Labels, sinceMs: number): Alert {
  return { name: alertname === "" ? NAMELESS : alertname, labels: rest, sinceMs };
}

/** Names the first place that is not as it should be, with what stands there if that is short enough to be read. */
function otherShape(api: AlertApi, { issues }: z.ZodError): string {
  const [first] = issues;
  const at = first === undefined || first.path.length === 0 ? "" : `at ${first.path.join(".")}: `;
  const found = typeof first?.input === "string" ? `; found ${JSON.stringify(first.input.slice(0, 80))}` : "";
  return `answered, but not as ${DOORS[api].whose} does: ${at}${first?.message ?? "not understood"}${found}`;
}
