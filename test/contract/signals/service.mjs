// A little service that does what the tests ask of it: works, complains, starts others, ends.
import { spawn } from "node:child_process";
import { closeSync, openSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

const { PORT, HOST } = process.env;
const say = (text) => process.stdout.write(`${text}\n`);
const held = [];

const deeds = {
  "/work": () => {
    const begun = process.cpuUsage();
    const used = () => Object.values(process.cpuUsage(begun)).reduce((sum, part) => sum + part, 0);
    while (used() < 40_000);
    writeFileSync("/dev/null", "x".repeat(100_000));
    say("2026-11-25 12:00:00 ERROR the order cannot be taken\nall is well\nWARN slow");
  },
  "/open": () => {
    for (let count = 0; count < 50; count += 1) held.push(openSync("/dev/null"));
  },
  "/close": () => {
    for (const one of held.splice(0)) closeSync(one);
  },
  // Works and is waited for.
  "/child": () =>
    new Promise((resolve) => {
      const work = "const e = process.cpuUsage().user + 100_000; while (process.cpuUsage().user < e);";
      spawn(process.execPath, ["-e", work], { stdio: "ignore" }).once("exit", resolve);
    }),
  // Stays, with memory of its own.
  "/helper": () => {
    const idle = "const held = Buffer.alloc(100_000_000, 1); setInterval(() => held.length, 1_000);";
    spawn(process.execPath, ["-e", idle], { stdio: "ignore" });
  },
  "/sick": () => {
    sick = true;
  },
  "/well": () => {
    sick = false;
  },
  "/crash": () => setTimeout(() => process.exit(7), 5),
};

let sick = false;
createServer(async (request, response) => {
  await deeds[request.url]?.();
  response.statusCode = request.url === "/healthz" && sick ? 503 : 200;
  response.end(String(process.pid));
}).listen({ port: Number(PORT), host: HOST });
