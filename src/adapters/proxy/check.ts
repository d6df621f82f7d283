// Could the built-in proxy ever do as a file asks?
import { find } from "../../proxy/control-client.ts";
import { isTaken, portInUse } from "../../proxy/port.ts";
import type { Settings } from "../../proxy/settings.ts";
import { readControl } from "../../proxy/store.ts";
import { readTls } from "../../proxy/tls-files.ts";

const FIND_MS = 3_000;

/** Throws the SerinError that a start would end with: a certificate that cannot be used, a port of another program. */
export async function checkSettings({ dir, host, port, tls }: Settings): Promise<void> {
  if (tls) readTls(tls);
  if (port === 0 || !(await isTaken(host, port))) return;
  const found = await find(dir, AbortSignal.timeout(FIND_MS));
  // One that does not answer may well be the one that holds the port.
  const isOurs = found.kind !== "none" && readControl(dir)?.listens.port === port;
  if (!isOurs) throw portInUse(host, port);
}
