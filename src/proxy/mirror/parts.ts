// What does the head of a message say, part by part?

/** A request's head, taken apart; of an answer's, the target is its status. */
export interface HeadParts {
  readonly method: string;
  /** With its query. */
  readonly target: string;
  /** Names as they came. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Takes apart a head that the proxy has already accepted. */
export function partsOf(head: string): HeadParts {
  const [line = "", ...lines] = head.split("\r\n").filter((text) => text !== "");
  const [method = "", target = ""] = line.split(" ");
  const fields = lines.map((text) => {
    const colon = text.indexOf(":");
    return [text.slice(0, colon), text.slice(colon + 1).trim()] as const;
  });
  return { method, target, fields };
}
