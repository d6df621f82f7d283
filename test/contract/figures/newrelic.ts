// How does New Relic answer?
// https://docs.newrelic.com/docs/apis/nerdgraph/examples/nerdgraph-nrql-tutorial/
import { FROM, INSIDE, KEY, SECRET, TO, type Vendor } from "./place.ts";
import { must } from "./front.ts";

type Rows = readonly Readonly<Record<string, unknown>>[];

const ROWS: Readonly<Record<string, Rows>> = {
  "SELECT average(duration) FROM Transaction WHERE role = 'canary' TIMESERIES": INSIDE.map(([at, value]) => ({
    beginTimeSeconds: at / 1_000 - 60,
    endTimeSeconds: at / 1_000,
    "average.duration": value,
  })),
  "SELECT count(*) FROM Transaction WHERE error IS true": [{ count: 12 }],
  "SELECT percentile(duration, 95) FROM Transaction": [{ "percentile.duration": { "95": 0.25 } }],
  "SELECT latest(x) FROM Nothing": [],
  "SELECT count(*) FROM Transaction FACET role": [
    { facet: "canary", count: 1, role: "canary" },
    { facet: "stable", count: 2, role: "stable" },
  ],
  "SELECT count(*), average(duration) FROM Transaction": [{ count: 1, "average.duration": 2 }],
  "SELECT average(missing) FROM Transaction": [{ "average.missing": null }],
};
const WRONG = "SELECT FROM Transaction";

interface Asked {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export const NEWRELIC: Vendor = {
  kind: "newrelic",
  fields: (url) => ({ url, account: 4_711, apiKey: KEY }),
  level: "SELECT average(duration) FROM Transaction WHERE role = 'canary' TIMESERIES",
  count: "SELECT count(*) FROM Transaction WHERE error IS true",
  odd: {
    empty: { query: "SELECT latest(x) FROM Nothing", why: /^has no data for the interval$/u },
    several: {
      query: "SELECT count(*) FROM Transaction FACET role",
      why: /^answered 2 series where one was asked for$/u,
    },
    values: {
      query: "SELECT count(*), average(duration) FROM Transaction",
      why: /^answered 2 values \(count, average\.duration\) where one was asked for$/u,
    },
    null: { query: "SELECT average(missing) FROM Transaction", why: /^answered null, which is no number$/u },
    wrong: { query: WRONG, why: /^answered "NRQL Syntax Error: unexpected 'FROM'"$/u },
    time: { query: "SELECT count(*) FROM Transaction SINCE 1 day ago", why: /^has SINCE in its query/u },
  },
  answer: ({ method, path, headers, body }) => {
    must("method and path", [method, path], ["POST", "/graphql"]);
    must("key", headers["api-key"], SECRET);
    const { query, variables } = JSON.parse(body) as Asked;
    must("account", variables["account"], 4_711);
    must(
      "one line",
      /^query \(\$account: Int!, .*\) \{ actor \{ account\(id: \$account\) \{ .* \} \} \}$/u.test(query),
      true,
    );
    const names = [...query.matchAll(/(q\d+): nrql\(query: \$\1, timeout: \d+\) \{ results \}/gu)].map(
      ([, name = ""]) => name,
    );
    const tail = ` SINCE ${FROM + 1} UNTIL ${TO + 1}`;
    const asked = names.map((name) => String(variables[name]));
    must(
      "interval",
      asked.every((text) => text.endsWith(tail)),
      true,
    );
    const errors = asked.flatMap((text, index) =>
      text.startsWith(WRONG)
        ? [{ message: "NRQL Syntax Error: unexpected 'FROM'", path: ["actor", "account", names[index], "results"] }]
        : [],
    );
    const fields = asked.map((text, index) => {
      const results = ROWS[text.slice(0, -tail.length).trim()];
      return [names[index] ?? "", results ? { results } : null] as const;
    });
    const data = { actor: { account: Object.fromEntries(fields) } };
    return { body: JSON.stringify({ data, ...(errors.length > 0 && { errors }) }) };
  },
};

/** What one number can look like besides. */
export const PERCENTILE = "SELECT percentile(duration, 95) FROM Transaction";
