// What does the status of a pod say?
import type { ContainerState, ContainerStatus, Pod } from "../objects.ts";
import { now } from "./container.ts";
import type { Placement } from "./environment.ts";

/** What is known of a pod at this moment. */
export interface Known {
  readonly pod: Pod;
  readonly placement: Placement;
  readonly startTime: string;
  readonly isStopping: boolean;
  readonly isInitialized: boolean;
  readonly init: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
}

function phaseOf({ pod, isStopping, isInitialized, init, containers }: Known): string {
  const isFinal = (pod.spec.restartPolicy ?? "Always") !== "Always" || isStopping;
  const failed = (state: ContainerState): boolean => (state.terminated?.exitCode ?? 0) !== 0;
  if (isFinal && !isInitialized && init.some(({ state }) => failed(state))) return "Failed";
  if (isFinal && containers.every(({ state }) => state.terminated)) {
    return containers.some(({ state }) => failed(state)) ? "Failed" : "Succeeded";
  }
  const hasRun = containers.some(({ state, lastState }) => state.running ?? lastState.terminated);
  return hasRun ? "Running" : "Pending";
}

/** Conditions keep the time at which they last changed. */
export class Conditions {
  readonly #since = new Map<string, { status: string; at: string }>();

  of(known: Known): readonly object[] {
    const { pod, containers, isInitialized } = known;
    const areReady = containers.every(({ ready }) => ready);
    const told = pod.status?.conditions ?? [];
    const isOpen = (gate: string): boolean => told.some(({ type, status }) => type === gate && status === "True");
    const areOpen = (pod.spec.readinessGates ?? []).every(({ conditionType }) => isOpen(conditionType));
    return [
      this.#condition("PodReadyToStartContainers", true, ""),
      this.#condition("Initialized", isInitialized, "ContainersNotInitialized"),
      this.#condition("ContainersReady", areReady, "ContainersNotReady"),
      this.#condition("Ready", areReady && areOpen, areReady ? "ReadinessGatesNotReady" : "ContainersNotReady"),
    ];
  }

  #condition(type: string, isTrue: boolean, reason: string): object {
    const status = isTrue ? "True" : "False";
    const was = this.#since.get(type);
    const since = was?.status === status ? was : { status, at: now() };
    this.#since.set(type, since);
    return { type, status, lastTransitionTime: since.at, ...(!isTrue && { reason }) };
  }
}

/** The status subresource's whole content, for a strategic merge. */
export function statusOf(known: Known, conditions: Conditions): object {
  const { podIP, hostIP } = known.placement;
  return {
    phase: phaseOf(known),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: known.startTime,
    conditions: conditions.of(known),
    ...(known.init.length > 0 && { initContainerStatuses: known.init }),
    containerStatuses: known.containers,
  };
}
