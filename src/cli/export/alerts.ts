// When should somebody be called, and what are they told?
import type { AtHand } from "./at-hand.ts";
import { JOB } from "./prometheus-scrape.ts";
import { matchers } from "./select.ts";

/** One alert of Prometheus. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: "critical" | "warning" | "info" };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string };
}

interface Told {
  readonly severity: Alert["labels"]["severity"];
  readonly summary: string;
  /** What it means, and what the traffic does meanwhile. */
  readonly description: string;
  /** What to do, in order. */
  readonly runbook: string;
}

function alert(name: string, { expr, lasts }: { readonly expr: string; readonly lasts?: string }, told: Told): Alert {
  const { severity, ...annotations } = told;
  return { alert: name, expr, ...(lasts === undefined ? {} : { for: lasts }), labels: { severity }, annotations };
}

const SERVICE = "{{ $labels.service }}";

/** Of the controller itself. */
const CONTROLLER_ALERTS: readonly Alert[] = [
  alert(
    "SerinControllerDown",
    { expr: `up{job="${JOB}"} == 0 or absent(up{job="${JOB}"})`, lasts: "2m" },
    {
      severity: "critical",
      summary: "No Serin controller answers",
      description:
        "Nobody watches the rollouts: traffic stays at its last split, and a canary that turns bad stays where it is.",
      runbook:
        "Start the controller again with serin serve on the same state; it goes on where it was. Look at the end of its log for why it ended.",
    },
  ),
  alert(
    "SerinDecisionLagHigh",
    { expr: "serin:decision_lag_seconds:p99 > 2", lasts: "5m" },
    {
      severity: "warning",
      summary: "Serin decides late",
      description:
        "One look in a hundred is decided {{ $value | humanizeDuration }} after it was due: a bad canary is taken back that much later.",
      runbook:
        "Compare serin:port_call_seconds:p99 by part: a slow part is named there. If all are fast, the controller has too little CPU: look at process_cpu_seconds_total and nodejs_eventloop_lag_p99_seconds.",
    },
  ),
];

/** Of what every service needs. */
function serviceAlerts(at: AtHand): readonly Alert[] {
  const wanted = `serin_service_share_wanted_ratio${matchers(at)}`;
  const reported = `serin_service_share_reported_ratio${matchers(at)}`;
  const trouble = `serin_service_trouble${matchers(at, 'part="router"')}`;
  return [
    alert(
      "SerinJournalNotWritten",
      { expr: `serin_service_trouble${matchers(at, 'part="journal"')} == 1`, lasts: "30s" },
      {
        severity: "critical",
        summary: `Decisions on ${SERVICE} cannot be written down`,
        description:
          "The rollout goes no further; a canary that is worse still loses its traffic. Commands other than abort are refused.",
        runbook: `Look at the trouble with serin get ${SERVICE}. Mostly the disk of the state's folder is full or read-only: make room. Nothing needs to be started anew.`,
      },
    ),
    alert(
      "SerinRouterNotApplied",
      { expr: `abs(${wanted} - ${reported}) > 0.0001 or ${trouble} == 1`, lasts: "2m" },
      {
        severity: "warning",
        summary: `The router of ${SERVICE} does not do what Serin wants`,
        description:
          "The shares that it reports are not the wanted ones, or it refuses the route. The rollout waits; the last route stays in force.",
        runbook: `serin get ${SERVICE} shows wanted and reported shares and the router's own words. Mend what it names; Serin tries again by itself.`,
      },
    ),
    alert(
      "SerinRouterUnreadable",
      { expr: `serin_service_router_connected${matchers(at)} == 0`, lasts: "2m" },
      {
        severity: "warning",
        summary: `What carries the traffic of ${SERVICE} cannot be read`,
        description:
          "Serin does not know where requests go, so nothing goes forward. Requests follow the last route as long as the router runs.",
        runbook: `See whether the router runs and answers Serin; serin get ${SERVICE} has the reason.`,
      },
    ),
    alert(
      "SerinServiceDown",
      { expr: `serin_service_health${matchers(at, 'health="down"')} == 1`, lasts: "1m" },
      {
        severity: "critical",
        summary: `${SERVICE} answers nobody`,
        description: "No replica of any role that gets requests is ready.",
        runbook: `serin get ${SERVICE} says why replicas are not ready. If it began with a rollout: serin abort ${SERVICE}, or serin undo ${SERVICE}.`,
      },
    ),
    alert(
      "SerinMessagesNotDelivered",
      { expr: `time() - serin_service_outbox_oldest_due_timestamp_seconds${matchers(at)} > 600`, lasts: "1m" },
      {
        severity: "warning",
        summary: `Messages about ${SERVICE} do not get out`,
        description:
          "The oldest has been due for {{ $value | humanizeDuration }}. A rollout waits only for hooks; notifications come late.",
        runbook: "Look in the log for the message's name and what its receiver answered.",
      },
    ),
  ];
}

/** A judgement may take so long before somebody should know, where no file says. */
const UNDECIDED_SECONDS = 3_600;

const since = (at: AtHand): string => `time() - serin_rollout_step_started_timestamp_seconds${matchers(at)}`;
const waiting = (at: AtHand, what: string): string => `serin_rollout_waiting${matchers(at, `for=~"${what}"`)}`;

/** Of how far a rollout gets. */
function progressAlerts(at: AtHand): readonly Alert[] {
  const usualMs = at.longestJudgeMs ?? UNDECIDED_SECONDS * 1_000;
  const undecided = Math.max(UNDECIDED_SECONDS / 2, Math.ceil(usualMs / 1_000));
  return [
    alert(
      "SerinRolledBack",
      { expr: `time() - serin_rollout_ended_timestamp_seconds${matchers(at, 'outcome="rolled-back"')} < 3600` },
      {
        severity: "warning",
        summary: `A rollout of ${SERVICE} was rolled back`,
        description:
          "Stable has all of the traffic again; the version that was rolled back does not start again by itself.",
        runbook: `serin explain ${SERVICE} shows every decision with its figures. Mend the version and apply it, or start it again with serin retry ${SERVICE}.`,
      },
    ),
    alert(
      "SerinRolloutStuck",
      { expr: `(${since(at)} > 900) and on (service) ${waiting(at, "replicas|router|hook")}`, lasts: "1m" },
      {
        severity: "warning",
        summary: `The rollout of ${SERVICE} does not get on`,
        description:
          "Its step has waited for replicas, the router or a hook for {{ $value | humanizeDuration }}. Shares stay as they are.",
        runbook: `serin get ${SERVICE} says what is waited for and why. If it cannot be mended soon: serin abort ${SERVICE}.`,
      },
    ),
    alert(
      "SerinRolloutUndecided",
      { expr: `(${since(at)} > ${undecided}) and on (service) ${waiting(at, "evidence")}`, lasts: "1m" },
      {
        severity: "warning",
        summary: `The rollout of ${SERVICE} has been undecided for long`,
        description:
          "Its judgement has taken {{ $value | humanizeDuration }} and shows neither that the canary is worse nor that it is no worse.",
        runbook: `serin_rollout_metric_needed_requests says how many requests are missing, by metric. With too little traffic raise the share or the margin (serin plan shows what it costs); or decide: serin promote ${SERVICE}, serin abort ${SERVICE}.`,
      },
    ),
  ];
}

/** Of what a rollout needs to get on. */
function needAlerts(at: AtHand): readonly Alert[] {
  return [
    alert(
      "SerinRolloutNeedsPerson",
      { expr: waiting(at, "person"), lasts: "1h" },
      {
        severity: "info",
        summary: `The rollout of ${SERVICE} waits for a person`,
        description: "Nobody has answered for an hour. Shares stay as they are.",
        runbook: `serin get ${SERVICE}, then serin promote ${SERVICE} or serin abort ${SERVICE}.`,
      },
    ),
    alert(
      "SerinEvidenceMissing",
      { expr: `serin_rollout_blind${matchers(at)} == 1`, lasts: "1m" },
      {
        severity: "warning",
        summary: `The evidence on ${SERVICE} cannot be read`,
        description:
          "The rollout goes no further: no evidence is never a pass. The canary keeps its share, and a bad one is not noticed.",
        runbook: `serin get ${SERVICE} names the source that cannot be read. Mend it, or give the canary's traffic back: serin abort ${SERVICE}.`,
      },
    ),
    alert(
      "SerinNoRequests",
      {
        expr:
          `(sum by (service) (increase(serin_rollout_evidence_requests_total${matchers(at, 'role="canary"')}[10m])) == 0)` +
          ` and on (service) (serin_service_share_wanted_ratio${matchers(at, 'role="canary"')} > 0)`,
        lasts: "5m",
      },
      {
        severity: "info",
        summary: `No request reaches the canary of ${SERVICE}`,
        description: "It has a share, and none of its requests was counted for ten minutes: nothing can be judged.",
        runbook:
          "See whether the service has traffic at all. If it has and the canary gets none, compare shares wanted, reported and measured.",
      },
    ),
  ];
}

/** Every alert for the rollouts at hand. */
export function alertsFor(at: AtHand): readonly Alert[] {
  return [...CONTROLLER_ALERTS, ...serviceAlerts(at), ...progressAlerts(at), ...needAlerts(at)];
}
