// Which bytes may stand where in HTTP/1.1? (RFC 9110 5, RFC 9112 2–5)

declare global {
  interface Buffer {
    /** What `toString("latin1", from, to)` calls in the end. */
    latin1Slice(from?: number, to?: number): string;
  }
}

export const CR = 13;
export const LF = 10;
export const SP = 32;
export const HTAB = 9;
export const COLON = 58;

function table(text: string, also: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    text.includes(String.fromCharCode(byte)) || also(byte) ? 1 : 0,
  );
}

const isAlphanumeric = (byte: number): boolean => /[0-9A-Za-z]/.test(String.fromCharCode(byte));

/** Methods and field names. */
export const TOKEN = table("!#$%&'*+-.^_`|~", isAlphanumeric);

/** Field values and reason phrases: visible, SP, HTAB and bytes from 128 on; no other control byte. */
export const VALUE = table(" \t", (byte) => (byte > 32 && byte < 127) || byte > 127);

/**
 * Request targets: visible ASCII without `"`, `<`, `>` and `#`. Some of what is left (`|{}^` and backslash) no URI may
 * hold, but browsers send it in queries.
 */
export const TARGET = table("", (byte) => byte > 32 && byte < 127 && !'"<>#'.includes(String.fromCharCode(byte)));

/** Host fields: what a registered name, an address and a port are made of (RFC 3986 3.2.2). No user name. */
export const HOST = table("-._~!$&'()*+,;=%:[]", isAlphanumeric);

/** Value of a hexadecimal digit; 255 for everything else. */
export const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 255 : digit;
});
