// Could the built-in proxy ever do as a file asks?
import { SerinError } from "../../core/issues.ts";
import { find } from "../../proxy/control-client.ts";
import { isTaken, portInUse } from "../../proxy/port.ts";
import { isSamePort, type Settings } from "../../proxy/settings.ts";
import { readControl } from "../../proxy/store.ts";
import { readTls } from "../../proxy/tls-files.ts";

const FIND_MS = 3_000;

/** Throws the SerinError that a start would end with: a certificate that cannot be used, a port of another program. */
export async function checkSettings(settings: Settings): Promise<void> {
  const { dir, host, port, preview, tls } = settings;
  if (isSamePort(settings)) throw samePort(settings);
  if (tls) readTls(tls);
  for (const place of [{ host, port }, ...(preview ? [preview] : [])]) {
    if (place.port === 0 || !(await isTaken(place.host, place.port))) continue;
    const found = await find(dir, AbortSignal.timeout(FIND_MS));
    // One that does not answer may well be the one that holds the port.
    if (found.kind === "none" || !isHeld(dir, place.port)) throw portInUse(place.host, place.port);
  }
}

function isHeld(dir: string, port: number): boolean {
  const control = readControl(dir);
  return control?.listens.port === port || control?.listensPreview?.port === port;
}

function samePort({ name, port }: Settings): SerinError {
  return new SerinError({
    code: "SERIN_PORT_TWICE",
    what: `The proxy of ${name} cannot listen on port ${port} for the service and for its preview.`,
    now: "Nothing was started or changed.",
    next: "Choose another port for `preview`.",
    exitCode: 2,
    hopeless: true,
  });
}
