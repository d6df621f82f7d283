// How does CloudWatch answer, where what stands in for it has no such answers?
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
import { FROM, KEY, MINUTE, POINTS, TO, type Vendor } from "./place.ts";
import { must, type Reply } from "./front.ts";

interface Asked {
  readonly MetricDataQueries: readonly {
    readonly Id: string;
    readonly Expression?: string;
    readonly MetricStat?: object;
  }[];
  readonly StartTime: number;
  readonly EndTime: number;
  readonly NextToken?: string;
}

const there = POINTS.filter(([, value]) => value !== null);
const points = (part = there): Pick<Result, "Timestamps" | "Values"> => ({
  Timestamps: part.map(([at]) => at / 1_000),
  Values: part.map(([, value]) => value),
});
const complete = { Label: "x", StatusCode: "Complete" };

interface Result {
  readonly Label: string;
  readonly Timestamps: readonly number[];
  readonly Values: readonly (number | null)[];
  readonly StatusCode: string;
  readonly Messages?: readonly object[];
}

/** Results of each expression. */
const RESULTS: Readonly<Record<string, readonly Result[]>> = {
  "SELECT AVG(Latency) FROM Shop": [{ ...complete, ...points() }],
  "SELECT SUM(Errors) FROM Shop": [{ ...complete, ...points() }],
  "SEARCH('{Shop,role} Errors', 'Sum')": [
    { ...complete, Label: "canary", ...points() },
    { ...complete, Label: "stable", ...points() },
  ],
  "SELECT SUM(Nothing) FROM Shop": [{ ...complete, Timestamps: [], Values: [] }],
  "SELECT SUM(Part) FROM Shop": [{ ...complete, ...points(), StatusCode: "PartialData" }],
  "SELECT SUM(Secret) FROM Shop": [{ ...complete, Timestamps: [], Values: [], StatusCode: "Forbidden" }],
  "m1/0": [
    {
      ...complete,
      ...points(),
      Messages: [{ Code: "ArithmeticError", Value: "One or more data-points have been dropped" }],
    },
  ],
};

const refused = (type: string, message: string): Reply => ({
  status: 400,
  type: "application/x-amz-json-1.0",
  body: JSON.stringify({ __type: `com.amazonaws.cloudwatch#${type}`, message }),
});

export const CLOUDWATCH: Vendor = {
  kind: "cloudwatch",
  fields: (url) => ({
    url,
    region: "eu-central-1",
    accessKeyId: { env: "FIGURES_TEST_ID" },
    secretAccessKey: KEY,
    sessionToken: KEY,
  }),
  level: "SELECT AVG(Latency) FROM Shop",
  count: "SELECT SUM(Errors) FROM Shop",
  garbage: /^answered in a form of its own: "/u,
  odd: {
    empty: { query: "SELECT SUM(Nothing) FROM Shop", why: /^has no data for the interval$/u },
    several: { query: "SEARCH('{Shop,role} Errors', 'Sum')", why: /^answered 2 series where one was asked for$/u },
    part: { query: "SELECT SUM(Part) FROM Shop", why: /^has only a part of the data$/u },
    secret: { query: "SELECT SUM(Secret) FROM Shop", why: /^says Forbidden$/u },
    message: { query: "m1/0", why: /^says ArithmeticError: "One or more data-points have been dropped"$/u },
    wrong: {
      query: "nonsense((",
      why: /^answered 400: "ValidationException: Error in expression 'q\d+': Unexpected token"$/u,
    },
  },
  answer: ({ method, path, headers, body }) => {
    must("method and path", [method, path], ["POST", "/"]);
    must("operation", headers["x-amz-target"], "GraniteServiceVersion20100801.GetMetricData");
    const signed =
      /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE\/\d{8}\/eu-central-1\/monitoring\/aws4_request, SignedHeaders=/u;
    must("signature", signed.test(headers.authorization ?? ""), true);
    const { MetricDataQueries: queries, StartTime, EndTime, NextToken } = JSON.parse(body) as Asked;
    must("interval", [StartTime, EndTime], [FROM / 1_000, (TO + MINUTE) / 1_000]);
    const wrong = queries.find(({ Expression }) => Expression?.startsWith("nonsense"));
    if (wrong) return refused("ValidationException", `Error in expression '${wrong.Id}': Unexpected token`);
    const results = queries.flatMap(({ Id, Expression = "" }) =>
      (RESULTS[Expression] ?? []).map((result) => ({ Id, result })),
    );
    // Two pages: the first has the beginning of what the second goes on with.
    const page = NextToken === undefined ? { NextToken: "more" } : {};
    const half = <T>(list: readonly T[]): readonly T[] => (NextToken === undefined ? list.slice(0, 2) : list.slice(2));
    const MetricDataResults = results.map(({ Id, result: { Label, Timestamps, Values, StatusCode, Messages } }) => ({
      Id,
      Label,
      Messages,
      StatusCode: NextToken === undefined ? "PartialData" : StatusCode,
      Timestamps: half(Timestamps),
      Values: half(Values),
    }));
    return { type: "application/x-amz-json-1.0", body: JSON.stringify({ MetricDataResults, ...page }) };
  },
};
