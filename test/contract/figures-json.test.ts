// Is the right number found on a page of JSON?
import { figuresContract } from "../../src/ports/figures.contract.ts";
import { must } from "./figures/front.ts";
import { COUNT, FROM, KEY, LEVEL, placeOf, SECRET, TO } from "./figures/place.ts";

const PAGE = {
  roles: [
    { role: "canary", latency: LEVEL, errors: String(COUNT), big: "1e999" },
    { role: "stable", latency: 5, errors: "3" },
  ],
  nothing: null,
  yes: true,
  map: {},
};

figuresContract("JSON over HTTP", () =>
  placeOf({
    kind: "json",
    fields: (url) => ({ url: `${url}/stats?from={{from}}&to={{to}}&length={{interval}}`, bearer: KEY }),
    answer: ({ method, url, headers }) => {
      must("request", [method, url], ["GET", `/stats?from=${FROM}&to=${TO}&length=${TO - FROM}`]);
      must("token", headers.authorization, `Bearer ${SECRET}`);
      return { body: JSON.stringify(PAGE) };
    },
    level: "$.roles[?@.role == 'canary'].latency",
    count: "$.roles[?@.role == 'canary'].errors",
    odd: {
      empty: { query: "$.roles[?@.role == 'nobody'].errors", why: /^has no data at "\$\.roles/u },
      several: { query: "$..errors", why: /^answered 2 values at "\$\.\.errors" where one was asked for$/u },
      null: { query: "$.nothing", why: /^answered null, which is no number$/u },
      yes: { query: "$.yes", why: /^answered true, which is no number$/u },
      map: { query: "$.map", why: /^answered \{\}, which is no number$/u },
      endless: { query: "$.roles[0].big", why: /^answered Infinity$/u },
      wrong: { query: "$.roles[", why: /^has a query that is no JSONPath: unclosed/u },
    },
  }),
);
