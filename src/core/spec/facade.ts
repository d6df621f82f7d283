// What may the file of a façade say: what is there already, and which of its paths move to something new?
import * as z from "zod";
import type { Calendar } from "../calendar.ts";
import type { Condition } from "../match.ts";
import type { NotifySpec } from "../outbox/message.ts";
import type { Ms } from "../units.ts";
import { AnalysisSchema } from "./analysis.ts";
import { CalendarSchema } from "./calendar.ts";
import { HooksSchema } from "./hooks.ts";
import { MatchListSchema } from "./matches.ts";
import { NotifySchema } from "./notify.ts";
import { shown } from "./reading.ts";
import { analysisOf, API_VERSION, checkTogether, MetadataSchema, ProgressDeadline, type Rollout } from "./rollout.ts";
import { rule, type Report } from "./rule.ts";
import { StrategySchema } from "./strategy.ts";
import { TrafficSchema, type TrafficSpec } from "./traffic.ts";
import { UrlsSchema, WorkloadSchema, type EndpointsSpec } from "./workload.ts";

/** One way to the new world: the requests that it takes, and how what answers them comes to its users. */
interface FacadeRoute {
  readonly name: string;
  readonly when: readonly (readonly Condition[])[];
  readonly spec: Pick<Rollout["spec"], "workload" | "strategy" | "analysis" | "progressDeadlineMs" | "hooks">;
}

/** A façade, as its file asks for it: in front of what is there, and of what takes its place route by route. */
export interface Facade {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: "Facade";
  readonly metadata: Rollout["metadata"];
  readonly spec: {
    readonly traffic: TrafficSpec;
    /** What answers whatever no new version answers. */
    readonly legacy: EndpointsSpec;
    readonly order: "one-by-one" | "together";
    readonly progressDeadlineMs: Ms;
    /** When routes may go on, and who is told of what happens to them. */
    readonly calendar?: Calendar | undefined;
    readonly notify: readonly NotifySpec[];
    /** In the order in which they move, and in which their matches are asked. */
    readonly routes: readonly FacadeRoute[];
  };
}

/** More are not moved by hand. */
const MOST_ROUTES = 100;

const ROUTE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/u;

const routeFields = z.strictObject({
  name: z
    .string()
    .regex(ROUTE_NAME, {
      error: ({ input }) =>
        `found ${shown(input)}, the name of a route is 1 to 40 of a-z, 0-9 and -, and begins and ends with a letter or digit`,
    })
    .describe("Its name. The service behind it is called after the façade and the route: shop-cart."),
  match: MatchListSchema.describe("Its requests: those of which all conditions of any entry hold."),
  workload: WorkloadSchema.describe("What shall answer them."),
  strategy: StrategySchema.optional().describe("How it comes to its users. Default: the façade's strategy."),
  analysis: AnalysisSchema.optional().describe("What is compared with legacy. Default: the façade's analysis."),
  hooks: HooksSchema.default([]).describe("What is called on its way."),
  progressDeadline: ProgressDeadline,
});

const specFields = z.strictObject({
  traffic: TrafficSchema.describe("Where requests come in."),
  legacy: UrlsSchema.describe("Somebody else's service that answers today. Serin starts and ends nothing of it."),
  order: z
    .enum(["one-by-one", "together"])
    .default("one-by-one")
    .describe("Whether a route waits until the one before it has moved."),
  strategy: StrategySchema.optional().describe("How a route without a strategy of its own moves."),
  analysis: AnalysisSchema.optional().describe("What is compared for a route without an analysis of its own."),
  calendar: CalendarSchema.optional().describe("When routes may go on. The way back may be taken always."),
  notify: NotifySchema.default([]).describe("Who is told of what happens to a route."),
  routes: z
    .array(routeFields)
    .min(1)
    .max(MOST_ROUTES)
    .describe("Which requests move, in this order. The first route whose match holds takes a request."),
});

type SpecFields = z.output<typeof specFields>;

function checkRoutes({ routes, strategy, analysis, traffic }: SpecFields, report: Report): void {
  const names = routes.map(({ name }) => name);
  routes.forEach((route, index) => {
    const at = ["routes", index] as const;
    if (names.indexOf(route.name) < index)
      report([...at, "name"], "duplicate", `found ${shown(route.name)} again, a route's name stands only once`);
    if (route.match.length === 0)
      report([...at, "match"], "wrong-value", "found an empty list, at least one entry must be in it");
    const how = route.strategy ?? strategy;
    if (!how) return report([...at], "missing-field", "strategy must be here, or in spec for all routes");
    const fields = { ...route, strategy: how, analysis: route.analysis ?? analysis, traffic };
    return checkTogether(fields, (path, code, message) => report([...at, ...path], code, message));
  });
}

const Spec = rule(specFields, checkRoutes, ["strategy", "analysis", "routes", "traffic"]).transform(
  ({ routes, strategy, analysis, ...rest }): Facade["spec"] => ({
    ...rest,
    progressDeadlineMs: ProgressDeadline.parse(undefined),
    routes: routes.map((route): FacadeRoute => {
      const how = route.strategy ?? strategy;
      if (!how) throw new Error(`route ${route.name} has no strategy`);
      const compared = analysisOf(route.analysis ?? analysis);
      const { name, match: when, workload, hooks, progressDeadline: progressDeadlineMs } = route;
      return { name, when, spec: { workload, strategy: how, analysis: compared, hooks, progressDeadlineMs } };
    }),
  }),
);

/** Longest name of a façade: with a dash and a route's name it is still a service's name. */
const LONGEST_NAME = 22;

const fields = z.strictObject({
  apiVersion: z.literal(API_VERSION).describe("Version of this format."),
  kind: z.literal("Facade").describe("Kind of this document."),
  metadata: MetadataSchema.describe("Which façade this is. The service of all other requests has its name."),
  spec: Spec.describe("What is asked for."),
});

export const FacadeSchema: z.ZodType<Facade> = rule(
  fields,
  ({ metadata: { name } }, report) => {
    if (name.length <= LONGEST_NAME) return;
    const message = `found ${shown(name)}, the name of a façade has at most ${LONGEST_NAME} letters: routes' services are called after it`;
    report(["metadata", "name"], "wrong-value", message);
  },
  ["metadata"],
);
