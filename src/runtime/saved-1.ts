// What did format 1 not know yet?
import { ms } from "../core/units.ts";

/** A part of a state whose layout is another format's: looked at by name only. */
type Part = Readonly<Record<string, unknown>>;

const part = (value: unknown): Part | undefined =>
  typeof value === "object" && value !== null ? (value as Part) : undefined;
const list = (value: unknown): readonly Part[] => (Array.isArray(value) ? (value as readonly Part[]) : []);

/** Metrics had no time of their own: their evidence counts as having begun with the rollout. */
const TOPS = { now: 0, low: 0, lowMs: ms(0), sinceMs: ms(0) };

function analysis(value: unknown): unknown {
  const known = part(value);
  if (!known) return value;
  const metrics = list(known["metrics"]).map((metric) => Object.assign({}, TOPS, metric));
  return {
    ...known,
    version: 2,
    elapsedMs: ms(0),
    pending: null,
    split: null,
    limit: null,
    alerts: [],
    kayenta: null,
    troubles: [],
    metrics,
  };
}

function verdict(value: unknown): unknown {
  const known = part(value);
  if (!known) return value;
  const metrics = list(known["metrics"]).map((metric) => Object.assign({ effect: "rollBack", mustShow: true }, metric));
  return { ...known, metrics };
}

/** Shares of requests were called `rate` in files, and `errors` in their plan. */
function spec(value: unknown): unknown {
  const whole = part(value);
  const inner = part(whole?.["spec"]);
  const asked = part(inner?.["analysis"]);
  if (!asked) return value;
  const metrics = list(asked["metrics"]).map((metric) =>
    metric["kind"] === "rate" ? Object.assign({}, metric, { kind: "errors" }) : metric,
  );
  return { ...whole, spec: { ...inner, analysis: { ...asked, metrics } } };
}

/** A state of format 1 as format 2 has it. */
export function from1(state: unknown): unknown {
  const known = part(state);
  if (!known) return state;
  const rollout = part(known["rollout"]);
  const brought = rollout && {
    ...rollout,
    ...("analysis" in rollout ? { analysis: analysis(rollout["analysis"]) } : {}),
    ...("verdict" in rollout ? { verdict: verdict(rollout["verdict"]) } : {}),
  };
  return { ...known, spec: spec(known["spec"]), ...(brought ? { rollout: brought } : {}) };
}
