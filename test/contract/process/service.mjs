// A little service whose behaviour the tests choose: MODE names it.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const { MODE = "good", PORT, HOST, SERIN_FILES, SERIN_REVISION, SERIN_REPLICA } = process.env;
const say = (text) => process.stdout.write(`${text}\n`);

if (MODE === "exits") process.exit(3);
if (MODE === "crashing") {
  setTimeout(() => {
    throw new TypeError("no such table: orders");
  }, 50);
}
// Ends only by SIGKILL.
if (MODE === "stubborn") process.on("SIGTERM", () => say("not yet"));
// Leaves a child behind when it is gone, which does not care for SIGTERM either.
if (MODE === "parent") {
  spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { stdio: "ignore" });
}
if (MODE === "chatty") setInterval(() => say("x".repeat(1_000)), 5);

let sick = false;
const server = createServer((request, response) => {
  if (request.url === "/sick") sick = true;
  if (request.url === "/well") sick = false;
  if (request.url === "/crash") process.nextTick(() => process.exit(7));
  if (request.url === "/none") response.statusCode = 404;
  if (request.url === "/healthz" && sick) response.statusCode = 503;
  const config = SERIN_FILES ? read(`${SERIN_FILES}/conf/app.txt`) : "";
  response.end(
    JSON.stringify({
      pid: process.pid,
      revision: SERIN_REVISION,
      replica: SERIN_REPLICA,
      config,
      argv: process.argv.slice(2),
    }),
  );
});
if (MODE === "never") setInterval(() => undefined, 1_000);
else if (MODE !== "crashing") server.listen({ port: Number(PORT), host: HOST }, () => say(`listening on ${PORT}`));

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
