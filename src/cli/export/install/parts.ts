// What is installed, in which files and in which order?
import { accessEverywhere, accessOfPeople, accessToLead, accessWithin } from "./access.ts";
import { controllerOf, namespaceOf } from "./controller.ts";
import { dashboardOf } from "./dashboard.ts";
import { definition } from "./definition.ts";
import type { InstallAsked, Noted } from "./object.ts";
import { policiesOf } from "./policies.ts";

/** Objects that belong together. */
interface Part {
  /** Name of its file, without `.yaml`. */
  readonly name: string;
  readonly objects: readonly Noted[];
}

/** The controller's roles: one for the cluster, or one in each namespace. */
function workAccess(asked: InstallAsked): readonly Noted[] {
  if (asked.namespaces.length === 0) return accessEverywhere(asked);
  return asked.namespaces.flatMap((namespace) => accessWithin(namespace, asked));
}

/** Everything, in the order in which it can be applied. */
export function partsOf(asked: InstallAsked): readonly Part[] {
  return [
    { name: "namespace", objects: [namespaceOf(asked)] },
    { name: "rollouts", objects: [definition(asked)] },
    { name: "access", objects: [...workAccess(asked), ...accessToLead(asked), ...accessOfPeople(asked)] },
    { name: "policies", objects: policiesOf(asked) },
    { name: "controller", objects: controllerOf(asked) },
    ...(asked.dashboard ? [{ name: "dashboard", objects: dashboardOf(asked) }] : []),
  ];
}
