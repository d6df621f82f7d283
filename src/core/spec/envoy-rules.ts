// Which settings of an Envoy cannot go together?
import * as z from "zod";
import type { Ms } from "../units.ts";
import type { Listen } from "./listen.ts";
import type { Report } from "./rule.ts";

const ADDRESS = z.union([z.ipv4(), z.ipv6()]);

/** Whether it is an IP address; one of IPv6 may name the network card after a percent sign. */
export const isIp = (host: string): boolean => ADDRESS.safeParse(host.replace(/%[A-Za-z0-9]+$/u, "")).success;

/** Whether only this machine gets there. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (host.startsWith("127.") && isIp(host));
}

/** Whether a port that is taken at one of them is taken at the other, too. */
function overlap(a: Listen, b: Listen): boolean {
  if (a.port !== b.port) return false;
  if (a.host === b.host) return true;
  if (a.host.includes(":") !== b.host.includes(":")) return false;
  return [a.host, b.host].some((host) => host === "0.0.0.0" || host === "::");
}

interface Addresses {
  readonly listen: Listen;
  readonly preview?: Listen | undefined;
  readonly xds: Listen;
}

export function checkAddresses({ listen, preview, xds }: Addresses, report: Report): void {
  if (preview !== undefined && overlap(listen, preview))
    report(["preview"], "conflict", `port ${preview.port} is already that of listen: choose another one`);
  // Envoys elsewhere may have the port of a Serin that others reach; where it listens on loopback, they are here.
  const doors = { listen, ...(preview && { preview }) };
  for (const [name, at] of Object.entries(doors)) {
    const same = at.host === xds.host && at.port === xds.port;
    if (same || (isLoopback(xds.host) && overlap(at, xds)))
      report([name], "conflict", `port ${at.port} is already that of xds, where Serin listens: choose another one`);
  }
}

interface Keys {
  readonly xds: Listen & { readonly tls?: { readonly ca?: string | undefined } | undefined };
  readonly tls?: object | undefined;
  readonly upstream: { readonly tls?: { readonly key?: string | undefined } | undefined };
}

/** Private keys go to Envoys over the channel: to nobody who has not shown who it is. */
export function checkKeys({ xds, tls, upstream }: Keys, report: Report): void {
  const whose = tls ? "tls" : upstream.tls?.key === undefined ? undefined : "upstream.tls";
  if (whose === undefined || isLoopback(xds.host) || xds.tls?.ca !== undefined) return;
  const found = xds.tls ? "no ca: whoever comes would get" : "an unencrypted channel: whoever comes would get";
  const right = "xds: { listen, cert, key, ca } must be here, or an address on loopback";
  report(["xds"], "conflict", `found ${found} the private key of ${whose}. ${right}`);
}

export function checkHosts({ hosts }: { readonly hosts: readonly string[] }, report: Report): void {
  for (const [at, host] of hosts.entries())
    if (hosts.indexOf(host) < at) report(["hosts", at], "conflict", `found ${host} a second time: once is enough`);
}

interface Retried {
  readonly on: readonly string[];
  readonly statuses?: readonly number[] | undefined;
}

const BY_STATUS = "retriable-status-codes";

export function checkStatuses({ on, statuses }: Retried, report: Report): void {
  const isAsked = on.includes(BY_STATUS);
  const isSaid = statuses !== undefined && statuses.length > 0;
  if (isAsked && !isSaid)
    report(["statuses"], "missing-field", `statuses is missing: ${BY_STATUS} repeats after those that it names`);
  if (isSaid && !isAsked)
    report(["statuses"], "conflict", `found statuses, and on does not name ${BY_STATUS}: nothing would be repeated`);
}

export function checkTry({ response, try: one }: { response: Ms; try?: Ms | undefined }, report: Report): void {
  if (one !== undefined && one > response)
    report(["try"], "conflict", "found more than response, which ends the request before: at most as long");
}
