// Which shapes does the api add?
import type { RolloutView, ServiceView } from "../../api/contract.ts";
import type { Verdict } from "../../core/stats/plan.ts";

export interface ServiceSummary extends Pick<
  ServiceView,
  "service" | "namespace" | "version" | "health" | "stable" | "address" | "troubles"
> {
  readonly ready: number;
  readonly wanted: number;
  readonly weights: ServiceView["wanted"];
  readonly perSecond?: number | undefined;
  readonly attention?:
    | { readonly for: "down" | "person" | "back" | "trouble" | "rolled-back" | "paused"; readonly text: string }
    | undefined;
  readonly rollout?:
    | (Pick<
        RolloutView,
        | "number"
        | "strategy"
        | "candidate"
        | "phase"
        | "cursor"
        | "startedMs"
        | "endedMs"
        | "waiting"
        | "paused"
        | "goesBackBecause"
        | "outcome"
        | "why"
      > & { readonly steps: number; readonly verdict?: Pick<Verdict, "kind" | "sure" | "text"> | undefined })
    | undefined;
  readonly queued?: string | undefined;
}

export interface ServicesPage {
  readonly items: readonly ServiceSummary[];
  readonly next?: string | undefined;
  readonly total: number;
  readonly position?: string | undefined;
}

export interface RevisionView {
  readonly id: string;
  readonly is: readonly string[];
  readonly rollouts: readonly number[];
  readonly kind: "processes" | "endpoints" | "deployment";
  readonly image?: readonly string[] | undefined;
  readonly command?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly files?: readonly { readonly path: string; readonly sha256: string }[] | undefined;
  readonly addresses?: readonly string[] | undefined;
  readonly differs?: readonly string[] | undefined;
  readonly quarantined?: string | undefined;
}

export interface Whoami {
  readonly actor?: string | undefined;
  readonly roles: readonly { readonly role: string; readonly services: string; readonly environments: string }[];
  readonly login: "none" | "token" | "oidc";
  readonly csrf?: string | undefined;
}

export interface PlanView {
  readonly service: string;
  readonly strategy: string;
  readonly text: readonly string[];
  readonly steps: readonly { readonly op: string; readonly sentence: string }[];
  readonly forecast?:
    | {
        readonly traffic: string;
        readonly steps: readonly (readonly string[])[];
        readonly bad: readonly (readonly string[])[];
        readonly good: readonly string[];
        readonly unforecast: readonly string[];
        readonly advice: readonly string[];
      }
    | undefined;
}

export interface PlannedView {
  readonly ok: boolean;
  readonly issues: readonly {
    readonly line: number;
    readonly column: number;
    readonly path: string;
    readonly code: string;
    readonly message: string;
  }[];
  readonly plan?: PlanView | undefined;
  readonly group?: { readonly group: string; readonly text: readonly string[] } | undefined;
}
