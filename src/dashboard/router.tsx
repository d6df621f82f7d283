// Which address shows what?
import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { Audit } from "./views/audit.tsx";
import { Decisions } from "./views/decisions.tsx";
import { Fleet } from "./views/fleet.tsx";
import { readFleetSearch } from "./views/fleet-rows.ts";
import { Group } from "./views/group.tsx";
import { Groups } from "./views/groups.tsx";
import { History } from "./views/history.tsx";
import { Overview } from "./views/overview.tsx";
import { PlanPage } from "./views/plan-page.tsx";
import { PlanTab } from "./views/plan-tab.tsx";
import { Replicas } from "./views/replicas.tsx";
import { ReportPage } from "./views/report.tsx";
import { Revisions } from "./views/revisions.tsx";
import { NotThere, Shell } from "./views/shell.tsx";
import { Service } from "./views/service.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: NotThere });
const fleet = createRoute({ getParentRoute: () => root, path: "/", component: Fleet, validateSearch: readFleetSearch });
const service = createRoute({ getParentRoute: () => root, path: "/services/$name", component: Service });
const groups = createRoute({ getParentRoute: () => root, path: "/groups", component: Groups });
const group = createRoute({ getParentRoute: () => root, path: "/groups/$kind/$name", component: Group });
const plan = createRoute({ getParentRoute: () => root, path: "/plan", component: PlanPage });
const audit = createRoute({ getParentRoute: () => root, path: "/audit", component: Audit });

const tree = root.addChildren([
  fleet,
  service.addChildren([
    createRoute({ getParentRoute: () => service, path: "/", component: Overview }),
    createRoute({ getParentRoute: () => service, path: "/decisions", component: Decisions }),
    createRoute({ getParentRoute: () => service, path: "/revisions", component: Revisions }),
    createRoute({ getParentRoute: () => service, path: "/replicas", component: Replicas }),
    createRoute({ getParentRoute: () => service, path: "/plan", component: PlanTab }),
    createRoute({ getParentRoute: () => service, path: "/history", component: History }),
    createRoute({ getParentRoute: () => service, path: "/rollouts/$number", component: ReportPage }),
  ]),
  groups,
  group,
  plan,
  audit,
]);

export const makeRouter = () => createRouter({ routeTree: tree, scrollRestoration: true });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
