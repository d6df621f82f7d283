// Prints a number, or does what else it is told.
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const [, , query, from, to] = process.argv;
const fault = existsSync("fault") ? readFileSync("fault", "utf8") : "";
if (fault === "slow") {
  // A child that would stay.
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
  writeFileSync("child", String(child.pid));
  setInterval(() => {}, 1_000);
} else if (fault === "broken") {
  console.error(`cannot reach it with ${process.env.TOKEN}`);
  process.exitCode = 3;
} else if (fault === "cut") {
  process.stdout.write("1");
  process.kill(process.pid, "SIGKILL");
} else if (fault === "garbage") console.log("12 errors");
else if (fault === "huge") console.log("1".repeat(200_000));
else if (from !== process.env.SERIN_FROM || to !== process.env.SERIN_TO || query !== process.env.SERIN_QUERY) {
  console.error("the arguments are not as the environment");
  process.exitCode = 4;
} else if (query === "errors") console.log(process.env.SERIN_AS === "count" ? " 12\n" : "6");
else if (query === "two") console.log("1\n2");
else if (query === "nan") console.log("NaN");
else if (query === "killed") process.kill(process.pid, "SIGTERM");
else if (query === "$(echo 1); `echo 2`") console.log("no shell");
