// What does CloudWatch answer?
import { CloudWatchClient, GetMetricDataCommand, type MetricDataResult } from "@aws-sdk/client-cloudwatch";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import { inBatches } from "./batches.ts";
import { isList, queriesOf } from "./cloudwatch-query.ts";
import { failed, figureOfSeries, widened } from "./figure.ts";
import { excerpt, once } from "./http.ts";
import { figureSource, NoFigure, type Parts, type Turn } from "./turn.ts";

type Spec = VendorSpecs["cloudwatch"];

/** GetMetricData takes so many. */
const MOST = 500;
/** A page has 100 800 points; who has more has asked for something else than a figure. */
const MOST_PAGES = 10;

export function createCloudWatch(spec: Spec, parts: Parts): FigureSource {
  // With what the SDK finds by itself, which it looks for once.
  let found: CloudWatchClient | undefined;
  const source = figureSource(spec, parts, async (asked, turn) => {
    const keys = await keysOf(spec, turn);
    const client = keys ? clientOf(spec, keys) : (found ??= clientOf(spec));
    try {
      const ask = (batch: readonly FigureAsked[]) => answersTo({ spec, client, turn }, batch);
      // Queries of a list have names of their own, which another list may have too.
      const lists = asked.filter(({ query }) => isList(query));
      const [single, listed] = await Promise.all([
        inBatches(
          asked.filter(({ query }) => !isList(query)),
          { turn, size: MOST, ask },
        ),
        inBatches(lists, { turn, size: 1, ask }),
      ]);
      const rest = { single: [...single], listed: [...listed] };
      return asked.flatMap(({ query }) => rest[isList(query) ? "listed" : "single"].shift() ?? []);
    } finally {
      if (keys) client.destroy();
    }
  });
  return { ...source, close: () => found?.destroy() };
}

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

async function keysOf(spec: Spec, { secrets }: Turn): Promise<Keys | undefined> {
  const { accessKeyId, secretAccessKey, sessionToken } = spec;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return {
    accessKeyId: await secrets.textOf(accessKeyId),
    secretAccessKey: await secrets.textOf(secretAccessKey),
    ...(sessionToken && { sessionToken: await secrets.textOf(sessionToken) }),
  };
}

interface Sent {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The SDK signs, finds credentials and tries again; what comes over the wire is limited as everywhere. */
function clientOf({ region, url }: Spec, credentials?: Keys): CloudWatchClient {
  return new CloudWatchClient({
    region,
    maxAttempts: 3,
    ...(url !== undefined && { endpoint: url }),
    ...(credentials && { credentials }),
    requestHandler: {
      metadata: { handlerProtocol: "http/1.1" },
      handle: async (wire: Sent, { abortSignal }: { readonly abortSignal?: unknown } = {}) => {
        const { protocol, hostname, port, path, headers, body } = wire;
        const address = `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`;
        const signal = abortSignal instanceof AbortSignal ? abortSignal : new AbortController().signal;
        const request = { url: address, method: "POST" as const, headers, body: body as string | Uint8Array };
        const { status, headers: own, bytes } = await once(request, signal);
        return { response: { statusCode: status, headers: Object.fromEntries(own), body: bytes } };
      },
    },
  });
}

interface Place {
  readonly spec: Spec;
  readonly client: CloudWatchClient;
  readonly turn: Turn;
}

async function answersTo(place: Place, batch: readonly FigureAsked[]): Promise<readonly Figure[]> {
  const { spec } = place;
  const queries = batch.map(({ query }, index) => queriesOf(query, { id: `q${index}`, stepMs: spec.stepMs }));
  const good = queries.flatMap((read) => (read.ok ? read.queries : []));
  const [first] = batch;
  const results = first && good.length > 0 ? await resultsOf(place, good, widened(first, spec.stepMs)) : [];
  return batch.map((asked, index) => {
    const read = queries[index];
    if (!read?.ok) return failed(read?.why ?? "was not asked");
    // All results of a list are its own: those of its queries that return data.
    return figureOfResults(isList(asked.query) ? results : results.filter(({ Id }) => Id === `q${index}`), asked);
  });
}

async function resultsOf(
  { client, turn }: Place,
  queries: readonly object[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<readonly MetricDataResult[]> {
  const results: MetricDataResult[] = [];
  let NextToken: string | undefined;
  for (let page = 1; page === 1 || NextToken !== undefined; page++) {
    if (page > MOST_PAGES) throw new NoFigure(`answered with more than ${MOST_PAGES} pages`, { isOfQuery: true });
    const command = new GetMetricDataCommand({
      MetricDataQueries: queries as never,
      StartTime: new Date(fromMs),
      EndTime: new Date(toMs),
      ...(NextToken !== undefined && { NextToken }),
    });
    const answer = await sent(client, command, turn);
    const [message] = answer.Messages ?? [];
    if (message) throw new NoFigure(`says ${message.Code}: ${excerpt(message.Value ?? "")}`, { isOfQuery: true });
    results.push(...(answer.MetricDataResults ?? []));
    NextToken = answer.NextToken;
  }
  return results;
}

async function sent(client: CloudWatchClient, command: GetMetricDataCommand, { signal }: Turn) {
  const off = Promise.withResolvers<never>();
  const abort = (): void => off.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    // The SDK does not look at the signal while it waits for its next try.
    return await Promise.race([client.send(command, { abortSignal: signal }), off.promise]);
  } catch (error) {
    throw refused(error);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** An error of the service has its status with it; others are those of the way there. */
function refused(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof NoFigure || !("$metadata" in error)) return error;
  const { httpStatusCode: status } = error.$metadata as { readonly httpStatusCode?: number };
  if (status === undefined) return error;
  if (status === 200) return new NoFigure(`answered in a form of its own: ${excerpt(error.message)}`);
  const words = error.name === "Error" || error.name === "" ? error.message : `${error.name}: ${error.message}`;
  return new NoFigure(`answered ${status}: ${excerpt(words)}`, { isOfQuery: status === 400 });
}

/** A result that goes over several pages comes in parts with one label; what the last part says of it holds. */
function figureOfResults(results: readonly MetricDataResult[], asked: FigureAsked): Figure {
  const series = [...Map.groupBy(results, ({ Id, Label }) => `${Id} ${Label}`).values()];
  for (const parts of series) {
    const { StatusCode, Messages = [] } = parts.at(-1) ?? {};
    const [message] = Messages;
    if (message) return failed(`says ${message.Code}: ${excerpt(message.Value ?? "")}`);
    if (StatusCode === "PartialData") return failed("has only a part of the data");
    if (StatusCode !== "Complete") return failed(`says ${StatusCode ?? "nothing of the state of the data"}`);
  }
  return figureOfSeries(
    series.map((parts) =>
      parts.flatMap(({ Timestamps = [], Values = [] }) =>
        Timestamps.map((at, index) => ({ atMs: at.getTime(), value: Values[index] })),
      ),
    ),
    asked,
  );
}
