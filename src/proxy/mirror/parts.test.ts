// Is a head taken apart as it came?
import { expect, test } from "vitest";
import { partsOf } from "./parts.ts";

test("the first line and each field, in their order and with the names as they came", () => {
  const head = "GET /cart/1?q=a%20b HTTP/1.1\r\nHost: h:80\r\nX-User: anna\r\nx-user:  ben \r\nCookie:\r\n\r\n";
  const fields = [
    ["Host", "h:80"],
    ["X-User", "anna"],
    ["x-user", "ben"],
    ["Cookie", ""],
  ];
  expect(partsOf(head)).toEqual({ method: "GET", target: "/cart/1?q=a%20b", fields });
});
