// What does the proxy itself answer?

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  417: "Expectation Failed",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** How an answer of the proxy's own is sent. */
interface Manner {
  readonly close: boolean;
  /** To a HEAD request: the same, without the body. */
  readonly toHead: boolean;
}

/** A whole answer that says no more than its status. */
export function refusal(status: number, manner: Manner): string {
  const phrase = `${status} ${REASONS[status] ?? "Error"}`;
  const fields = [
    `HTTP/1.1 ${phrase}`,
    "Content-Type: text/plain",
    `Content-Length: ${phrase.length + 1}`,
    ...(status === 503 ? ["Retry-After: 1"] : []),
    ...(manner.close ? ["Connection: close"] : []),
  ];
  return `${fields.join("\r\n")}\r\n\r\n${manner.toHead ? "" : `${phrase}\n`}`;
}
