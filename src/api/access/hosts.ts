// Which addresses does only this machine reach?

/** Whether a host, as it stands in an address or a Host header without its port, is this machine's alone. */
export function isLoopback(host: string): boolean {
  const bare = host.replaceAll(/[[\]]/gu, "").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127(?:\.\d{1,3}){3}$/u.test(bare);
}
