// What do rules and cohorts see of a request that came by HTTP/2?
import type { IncomingHttpHeaders } from "node:http2";
import type { Asked } from "../sight.ts";

/** A head as Node gives it: in a form that is easy to read, and as it came, name after value. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly raw: readonly string[];
}

export function askedOf({ headers, raw }: Received): Asked {
  return {
    verb: headers[":method"] ?? "",
    target: headers[":path"] ?? "",
    cookies: headers.cookie,
    field: (name) => {
      if (name === "host") return [headers[":authority"] || headers.host || ""];
      // Node joins what came twice; here each value counts by itself.
      return raw.filter((_, at) => at % 2 === 1 && raw[at - 1] === name);
    },
  };
}
