// In which form is the report of a rollout answered?
import { accepts } from "hono/accepts";
import { htmlOf } from "../../report/html.ts";
import { markdownOf } from "../../report/markdown.ts";
import type { Report } from "../../report/model.ts";
import { reportOf } from "../../report/report.ts";
import { POLICY } from "../../report/style.ts";
import type { ServiceView } from "../contract.ts";
import type { Desk } from "../desk.ts";
import { readRollout } from "../rollout-records.ts";
import * as calls from "../schemas/calls.ts";
import { answered, on, permit, type App, type Asked } from "./call.ts";
import { unlessKnown } from "./etag.ts";
import * as routes from "./routes.ts";

/** Its own style is all that the page may have; nobody frames it. */
const PAGE = `${POLICY}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;

type Form = (typeof calls.REPORT_FORMS)[number];

const TYPES: Readonly<Record<string, Form>> = {
  "application/json": "json",
  "text/html": "html",
  "text/markdown": "markdown",
};

const ANSWER: Readonly<Record<Form, (c: Asked, report: Report) => Response>> = {
  json: (c, report) => answered(c, calls.report, report),
  markdown: (c, report) => c.body(markdownOf(report), 200, { "content-type": "text/markdown; charset=utf-8" }),
  html: (c, report) =>
    c.body(htmlOf(report), 200, { "content-type": "text/html; charset=utf-8", "content-security-policy": PAGE }),
};

export function addReports(app: App, desk: Pick<Desk, "get" | "records">): void {
  on(app, routes.report, async (c) => {
    const { name, number } = c.req.valid("param");
    permit(c, "view", name);
    const view = await desk.get(name);
    const form = c.req.valid("query").format ?? formAsked(c);
    c.header("vary", "accept");
    const known = unlessKnown(c, [form, number, baseOf(view, number)]);
    if (known) return known;
    const records = await readRollout(desk, { service: name, number: String(number) }, view);
    return ANSWER[form](c, reportOf(records, view));
  });
}

/**
 * What a report rests on, without its decisions, which are many: each of them makes a new version. Of a rollout under way
 * it also says for how long; that alone is no news.
 */
function baseOf({ version, history, rollout }: ServiceView, number: number): unknown {
  return { version, history, rollout: rollout?.number === number ? rollout : rollout?.startedMs };
}

/** What the caller would rather have; JSON, as everywhere, when it names none of these. */
function formAsked(c: Asked): Form {
  const supports = Object.keys(TYPES);
  return TYPES[accepts(c, { header: "Accept", supports, default: "application/json" })] ?? "json";
}
