// Which messages have smuggled requests through proxies before?

/** One published trick. */
export interface Trick {
  readonly name: string;
  readonly bytes: string;
  /** The answer, when nothing of it may reach a replica. Otherwise it must arrive as one request. */
  readonly refused?: RegExp;
  /** What must not be left in the head that arrives. */
  readonly without?: RegExp;
}

const BAD = /^HTTP\/1\.1 (400|501|505) /;
const get = (fields: string): string => `GET /a HTTP/1.1\r\nHost: h\r\n${fields}\r\n`;
const post = (fields: string, body = ""): string => `POST /p HTTP/1.1\r\nHost: h\r\n${fields}\r\n${body}`;
const smuggled = "GET /evil HTTP/1.1\r\nHost: h\r\n\r\n";

/** A Transfer-Encoding that some parser took for `chunked` and another did not, beside a Content-Length. */
const coding = (name: string, line: string): Trick => ({
  name: `TE: ${name}`,
  bytes: post(`Content-Length: ${smuggled.length + 5}\r\n${line}\r\n`, `0\r\n\r\n${smuggled}`),
  refused: BAD,
});

/** Permutations of James Kettle's HTTP Request Smuggler (PortSwigger, 2019–2022). */
const KETTLE: readonly Trick[] = [
  coding("vanilla", "Transfer-Encoding: chunked"),
  coding("underjoin", "Transfer_Encoding: chunked"),
  coding("spacejoin", "Transfer Encoding: chunked"),
  coding("space before the colon", "Transfer-Encoding : chunked"),
  coding("tab before the colon", "Transfer-Encoding\t: chunked"),
  coding("name prefixed by a space", "Foo: bar\r\n Transfer-Encoding: chunked"),
  coding("name prefixed by a tab", "Foo: bar\r\n\tTransfer-Encoding: chunked"),
  coding("no space", "Transfer-Encoding:chunked"),
  coding("two spaces", "Transfer-Encoding:  chunked"),
  coding("tab", "Transfer-Encoding:\tchunked"),
  coding("trailing tab", "Transfer-Encoding: chunked\t"),
  coding("trailing space", "Transfer-Encoding: chunked "),
  coding("folded", "Transfer-Encoding:\r\n chunked"),
  coding("folded by LF", "Transfer-Encoding:\n chunked"),
  coding("gareth", "Transfer-Encoding\n : chunked"),
  coding("quoted", 'Transfer-Encoding: "chunked"'),
  coding("apostrophes", "Transfer-Encoding: 'chunked'"),
  coding("comma cow", "Transfer-Encoding: chunked, cow"),
  coding("cow comma", "Transfer-Encoding: cow, chunked"),
  coding("identity", "Transfer-Encoding: identity"),
  coding("identity first", "Transfer-Encoding: identity, chunked"),
  coding("cow chunked", "Transfer-Encoding: cowchunked"),
  coding("chunk", "Transfer-Encoding: chunk"),
  coding("vertical tab", "Transfer-Encoding:\x0bchunked"),
  coding("vertical tab, folded", "Transfer-Encoding: \n\x0bchunked"),
  coding("form feed", "Transfer-Encoding: \x0cchunked"),
  coding("no-break space", "Transfer-Encoding: chunked\xa0"),
  coding("next line", "Transfer-Encoding: chunked\x85"),
  coding("0xff", "Transfer-Encoding:\xffchunked"),
  coding("NUL", "Transfer-Encoding: \x00chunked"),
  coding("accent in the name", "Transf\x82r-Encoding: chunked\r\nTransfer-Encoding: x"),
  coding("accent in the value", "Transfer-Encoding: ch\x96nked"),
  coding("CR in the name", "Transfer-Enco\rding: chunked"),
  coding("CR before the name", "Foo: bar\r\n\rTransfer-Encoding: chunked"),
  coding("CR instead of a line's end", "Foo: bar\rTransfer-Encoding: chunked"),
  coding("LF instead of a line's end", "Foo: bar\nTransfer-Encoding: chunked"),
  coding("LF, CR", "Foo: bar\n\rTransfer-Encoding: chunked"),
  coding("capitals", "TRANSFER-ENCODING: CHUNKED"),
  coding("mixed", "TrAnSFer-EnCODinG: cHuNkeD"),
  coding("twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
  coding("twice, the second another", "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow"),
  coding("twice, the first another", "Transfer-Encoding: cow\r\nTransfer-Encoding: chunked"),
  coding("empty first", "Transfer-Encoding:\r\nTransfer-Encoding: chunked"),
  coding("list with an empty element", "Transfer-Encoding: ,chunked"),
  coding("colon in the name", ":Transfer-Encoding: chunked"),
  coding("two colons", "Transfer-Encoding:: chunked"),
  coding("parameter", "Transfer-Encoding: chunked;x=y"),
];

const length = (name: string, value: string): Trick => ({
  name: `CL: ${name}`,
  bytes: post(`Content-Length: ${value}\r\n`, "abc"),
  refused: BAD,
});

/** Lengths that were read in two ways (RFC 9112 6.3, advisories of Go, Netty, gunicorn, Puma, Twisted, hyper). */
const LENGTHS: readonly Trick[] = [
  length("signed", "+3"),
  length("negative", "-3"),
  length("negative zero", "-0"),
  length("hexadecimal", "0x3"),
  length("octal", "0o3"),
  length("fraction", "3.0"),
  length("exponent", "3e0"),
  length("underscore", "0_3"),
  length("inner space", "3 4"),
  length("list, equal", "3, 3"),
  length("list, different", "3, 5"),
  length("trailing comma", "3,"),
  length("twice, equal", "3\r\nContent-Length: 3"),
  length("twice, different", "3\r\nContent-Length: 30"),
  length("empty", ""),
  length("vertical tab", "3\x0b"),
  length("leading vertical tab", "\x0b3"),
  length("NUL", "3\x00"),
  length("no-break space", "3\xa0"),
  length("full-width digit", "\xef\xbc\x93"),
  length("2⁶⁴ and 3", "18446744073709551619"),
  length("quoted", '"3"'),
  length("words", "three"),
  {
    name: "CL: underscore in the name",
    bytes: post("Content_Length: 3\r\n", "abc"),
    refused: BAD,
  },
  {
    name: "CL: space before the colon",
    bytes: post("Content-Length : 3\r\n", "abc"),
    refused: BAD,
  },
  {
    name: "CL: nominated by Connection",
    bytes: post("Connection: close, content-length\r\nContent-Length: 3\r\n", "abc"),
    refused: BAD,
  },
  {
    name: "CL.0: a body with GET stays a body",
    bytes: `GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
  },
];

const chunks = (name: string, body: string): Trick => ({
  name: `chunks: ${name}`,
  bytes: post("Transfer-Encoding: chunked\r\n", body),
  refused: BAD,
});

/** "Funky chunks" (J. B. Weikop, 2025), advisories of llhttp, Go, Akka, Puma, and older ones. */
const CHUNKS: readonly Trick[] = [
  chunks("signed size", "+3\r\nabc\r\n0\r\n\r\n"),
  chunks("negative size", "-3\r\nabc\r\n0\r\n\r\n"),
  chunks("0x", "0x3\r\nabc\r\n0\r\n\r\n"),
  chunks("underscore", "0_3\r\nabc\r\n0\r\n\r\n"),
  chunks("overflow of 64 bits", "10000000000000003\r\nabc\r\n0\r\n\r\n"),
  chunks("overflow of 53 bits", "20000000000003\r\nabc\r\n0\r\n\r\n"),
  chunks("leading space", " 3\r\nabc\r\n0\r\n\r\n"),
  chunks("trailing space", "3 \r\nabc\r\n0\r\n\r\n"),
  chunks("trailing tab", "3\t\r\nabc\r\n0\r\n\r\n"),
  chunks("empty size", "\r\nabc\r\n0\r\n\r\n"),
  chunks("size ended by LF", "3\nabc\r\n0\r\n\r\n"),
  chunks("size ended by CR", "3\rabc\r\n0\r\n\r\n"),
  chunks("size ended by CR CR LF", "3\r\r\nabc\r\n0\r\n\r\n"),
  chunks("data ended by LF", "3\r\nabc\n0\r\n\r\n"),
  chunks("data ended by nothing", "3\r\nabc0\r\n\r\n"),
  chunks("data ended by two other bytes", "3\r\nabcXX0\r\n\r\n"),
  chunks("extension", "3;x=y\r\nabc\r\n0\r\n\r\n"),
  chunks("TERM.EXT: extension with LF", "3;x\nabc\r\n0\r\n\r\n"),
  chunks("EXT.TERM: extension with CR", "3;x\rabc\r\n0\r\n\r\n"),
  chunks("quoted extension with CRLF", '3;x="\r\nabc\r\n0\r\n\r\n'),
  chunks("extension of the last chunk", "3\r\nabc\r\n0;x\r\n\r\n"),
  chunks("NUL in the size", "3\x00\r\nabc\r\n0\r\n\r\n"),
  chunks("trailer that frames", "3\r\nabc\r\n0\r\nContent-Length: 5\r\n\r\n"),
  chunks("trailer that is folded", "3\r\nabc\r\n0\r\nX: a\r\n b\r\n\r\n"),
  chunks("trailer with a bare LF", "3\r\nabc\r\n0\r\nX: a\nY: b\r\n\r\n"),
  chunks("trailer without a colon", "3\r\nabc\r\n0\r\nXY\r\n\r\n"),
  chunks("end by LF", "3\r\nabc\r\n0\n\n"),
];

/** First lines and Host (RFC 9112 2.2, 3, 3.2). */
const LINES: readonly Trick[] = [
  {
    name: "TE in HTTP/1.0",
    bytes: post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n").replace("/1.1", "/1.0"),
    refused: BAD,
  },
  { name: "LF instead of CRLF", bytes: "GET /a HTTP/1.1\nHost: h\n\n", refused: BAD },
  { name: "no version", bytes: "GET /a\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "two spaces", bytes: "GET  /a HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "tab", bytes: "GET\t/a HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "space in the target", bytes: "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "space after the version", bytes: "GET /a HTTP/1.1 \r\nHost: h\r\n\r\n", refused: BAD },
  { name: "leading space", bytes: " GET /a HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "empty target", bytes: "GET  HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "target without a slash", bytes: "GET a HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "fragment", bytes: "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "8-bit target", bytes: "GET /\xa0 HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "NUL in the target", bytes: "GET /\x00 HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "HTTP/1.9", bytes: "GET /a HTTP/1.9\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "HTTP/2.0", bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", refused: BAD },
  { name: "HTTP/01.1", bytes: "GET /a HTTP/01.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "http/1.1", bytes: "GET /a http/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "CONNECT", bytes: "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "GET *", bytes: "GET * HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "no Host", bytes: "GET /a HTTP/1.1\r\n\r\n", refused: BAD },
  { name: "two Host", bytes: get("Host: evil\r\n"), refused: BAD },
  { name: "two Host, equal", bytes: get("Host: h\r\n"), refused: BAD },
  { name: "Host with a space", bytes: "GET /a HTTP/1.1\r\nHost: h evil\r\n\r\n", refused: BAD },
  { name: "Host with a user", bytes: "GET /a HTTP/1.1\r\nHost: evil@h\r\n\r\n", refused: BAD },
  { name: "Host with a path", bytes: "GET /a HTTP/1.1\r\nHost: h/evil\r\n\r\n", refused: BAD },
  { name: "Host unlike the target", bytes: "GET http://evil/a HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "target with a user", bytes: "GET http://u@h/a HTTP/1.1\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "Host, folded", bytes: "GET /a HTTP/1.1\r\nHost:\r\n h\r\n\r\n", refused: BAD },
  { name: "first field folded", bytes: "GET /a HTTP/1.1\r\n X: y\r\nHost: h\r\n\r\n", refused: BAD },
  { name: "NUL in a value", bytes: get("X: a\x00b\r\n"), refused: BAD },
  { name: "DEL in a value", bytes: get("X: a\x7fb\r\n"), refused: BAD },
  { name: "bare CR in a value", bytes: get("X: a\rY: b\r\n"), refused: BAD },
  { name: "bare LF in a value", bytes: get("X: a\nTransfer-Encoding: chunked\r\n"), refused: BAD },
  { name: "empty name", bytes: get(": b\r\n"), refused: BAD },
  { name: "space in a name", bytes: get("X Y: b\r\n"), refused: BAD },
  { name: "8-bit name", bytes: get("X\xa0: b\r\n"), refused: BAD },
  { name: "line without a colon", bytes: get("XY\r\n"), refused: BAD },
  { name: "empty lines before", bytes: `\r\n\r\n${get("")}`, refused: BAD },
  { name: "other expectation", bytes: get("Expect: 101-evil\r\n"), refused: /^HTTP\/1\.1 417 / },
];

/** Fields that are for one hop, used to take others away or to change the protocol. */
const HOPS: readonly Trick[] = [
  {
    name: "nominated field",
    bytes: get("Connection: x-auth\r\nX-Auth: 1\r\n"),
    without: /x-auth/i,
  },
  { name: "nominated Host", bytes: get("Connection: host\r\n"), refused: BAD },
  { name: "nominated Cookie", bytes: get("Connection: cookie\r\nCookie: a=b\r\n"), refused: BAD },
  {
    name: "h2c",
    bytes: get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"),
    without: /h2c|http2|upgrade/i,
  },
  {
    name: "WebSocket with a body",
    bytes: post("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n", "abc"),
    without: /upgrade|websocket/i,
  },
  {
    name: "two upgrades",
    bytes: get("Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n"),
    without: /upgrade|websocket|h2c/i,
  },
];

export const TRICKS: readonly Trick[] = [...KETTLE, ...LENGTHS, ...CHUNKS, ...LINES, ...HOPS];
