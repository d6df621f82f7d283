// Where is read which alerts fire?
import type { Alert } from "../core/stats/alert.ts";
import type { Call, Observed } from "./observed.ts";

/** Somebody else who watches the service and raises alerts: Prometheus, an Alertmanager. */
export interface AlertSource {
  /** Names it in texts: its address. */
  readonly name: string;
  /** The alerts that fire now. One that reads more rarely than it is asked answers what it read last. */
  read(call: Call): Promise<Observed<readonly Alert[]>>;
}
