// How does a program talk to a controller in another process?
import { messageOf, SerinError, type Trouble } from "../core/issues.ts";
import type { Link } from "./contract.ts";
import type { Door } from "./server.ts";

/** Longest wait for an answer; taking a service down waits for its replicas to drain. */
const ANSWER_MS = 120_000;

/** Speaks with the controller behind a door. Refusals come back as the SerinErrors that they are there. */
export function connect(door: Door): Link {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const headers = { authorization: `Bearer ${door.token}`, "content-type": "application/json" };
    const init = { method, headers, signal: AbortSignal.timeout(ANSWER_MS) };
    const response = await reach(
      `${door.url}${path}`,
      body === undefined ? init : { ...init, body: JSON.stringify(body) },
    );
    if (response.status === 204) return undefined as T;
    const answer = await response.json().then(
      (json) => json as T & { trouble?: Trouble },
      () => undefined,
    );
    if (response.ok && answer !== undefined) return answer;
    throw answer?.trouble
      ? new SerinError(answer.trouble)
      : noAnswer(`${door.url} answers ${response.status}, in words of another program`);
  };
  const at = (service: string): string => `/v1/services/${encodeURIComponent(service)}`;
  return {
    list: () => call("GET", "/v1/services"),
    get: (service) => call("GET", at(service)),
    groups: () => call("GET", "/v1/groups"),
    group: (name) => call("GET", `/v1/groups/${encodeURIComponent(name)}`),
    apply: (request) => call("POST", "/v1/apply", request),
    command: (service, request) => call("POST", `${at(service)}/commands`, request),
    records: (service, after, limit) => call("GET", `${at(service)}/records?after=${after}&limit=${limit}`),
    remove: (service) => call("DELETE", at(service)),
    close: () => Promise.resolve(),
  };
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw noAnswer(messageOf(cause), error);
  }
}

function noAnswer(found: string, cause?: unknown): SerinError {
  return new SerinError(
    {
      code: "SERIN_NO_ANSWER",
      what: "the controller does not answer",
      found,
      now: "traffic stays at the last split",
      next: "start it again with: serin serve",
    },
    { cause },
  );
}
