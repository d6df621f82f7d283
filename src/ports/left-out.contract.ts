// What becomes of the parts of a contract that an adapter cannot keep by its nature?
import { describe, test } from "vitest";

type Body = () => void | Promise<void>;

/**
 * They are no part of its contract: nothing is registered, and the reason stands where the adapter's contract is called. A test
 * whose program is absent on a machine is another matter: it is skipped by name.
 */
const nothing = (_name: string, _body: Body): void => undefined;

/** `test`, unless there is a reason against it. */
export function testUnless(reason: string | undefined): (name: string, body: Body) => void {
  return reason === undefined ? test : nothing;
}

/** `describe`, unless there is a reason against it. */
export function describeUnless(reason: string | undefined): (name: string, body: () => void) => void {
  return reason === undefined ? describe : nothing;
}
