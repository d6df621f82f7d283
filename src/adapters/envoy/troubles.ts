// What do we say when Envoys do not do as asked?
import { SerinError } from "../../core/issues.ts";
import type { XdsChannel } from "../../core/spec/envoy.ts";

const LAST = "Traffic goes on at the last split that was taken.";

/** An Envoy looked at it and says no. */
export function refusedBy(service: string, envoy: string, why: string): SerinError {
  return new SerinError({
    code: "SERIN_ROUTE_REFUSED",
    what: `Envoy ${envoy} refuses the route of ${service}.`,
    found: why,
    now: LAST,
    next: "Its own words say what it does not take: mostly a rule, a certificate or an address that is in use there.",
  });
}

/** It could not be followed whoever followed it. */
export function wrongRoute(service: string, why: readonly string[]): SerinError {
  return new SerinError({
    code: "SERIN_ROUTE_REFUSED",
    what: `The route of ${service} cannot be followed.`,
    found: why.join("; "),
    now: LAST,
  });
}

/** Nobody is there to be told. */
export function tooFew(service: string, why: string): SerinError {
  return new SerinError({
    code: "SERIN_ENVOY_MISSING",
    what: `The route of ${service} is not in force at its Envoys.`,
    found: why,
    now: "An Envoy that ran before goes on at the last split; one that comes gets the new one at once.",
    next: "Start an Envoy with what serin export envoy FILE prints.",
  });
}

/** Told, and silent. */
export function notTaken(service: string, envoys: readonly string[]): SerinError {
  return new SerinError({
    code: "SERIN_ENVOY_SLOW",
    what: `The route of ${service} is not in force at all of its Envoys.`,
    found: `${envoys.join(", ")} has not answered yet`,
    now: "Who has taken it follows it; the others go on at the last split.",
    next: "Serin waits for them. One that hangs may be ended: it gets the route when it starts again.",
  });
}

/** Two services cannot both have their way at one address. */
export function notShared(service: string, other: string, found: string): SerinError {
  return new SerinError({
    code: "SERIN_ENVOY_SHARED",
    what: `${service} cannot share an address with ${other}.`,
    found,
    now: "Nothing was changed.",
    next: "Give it hosts or an address of its own, or the same settings.",
    exitCode: 2,
  });
}

/** A certificate or its key is not there. */
export function noFile(file: string, found: string): SerinError {
  return new SerinError({
    code: "SERIN_CERTIFICATE_UNREADABLE",
    what: `The file ${file} cannot be read.`,
    found,
    now: LAST,
    next: "The file must be there and readable for this user.",
  });
}

/** Services of one channel must agree on what it shows. */
export function otherChannel(service: string, { host, port }: XdsChannel): SerinError {
  return new SerinError({
    code: "SERIN_ENVOY_SHARED",
    what: `${service} asks for other certificates at ${host}:${port} than the services that are there.`,
    found: "one address has one certificate, key and authority",
    now: "Nothing was changed.",
    next: "Name the same files under traffic.envoy.xds, or another address.",
    exitCode: 2,
  });
}
