// What does a hook's command do in the tests? Its first argument says.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";

const [what, file = ""] = process.argv.slice(2);

/** Tells who is there, then goes on until it is ended. */
function stay() {
  writeFileSync(file, String(process.pid));
  setInterval(() => undefined, 1_000);
}

function leave(options) {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit", ...options });
  child.once("spawn", () => {
    writeFileSync(file, String(child.pid));
    process.exit(0);
  });
}

const DOES = {
  tell: async () => {
    const { SERIN_ID, SERIN_NAME, SERIN_SERVICE, SERIN_SHARE, SERIN_POOL, TOKEN, MODE } = process.env;
    const input = JSON.parse(await text(process.stdin));
    const env = { SERIN_ID, SERIN_NAME, SERIN_SERVICE, SERIN_SHARE, SERIN_POOL, TOKEN, MODE };
    console.log(JSON.stringify({ input, env, cwd: process.cwd() }));
  },
  fail: () => {
    console.log("first out");
    console.error("then err");
    process.exitCode = 3;
  },
  much: () => process.stdout.write(`${"x".repeat(3_000_000)}\nthe end`),
  leak: () => console.log(`${"x".repeat(5_000)} token=${process.env.TOKEN}`),
  crash: () => process.kill(process.pid, "SIGKILL"),
  stay,
  // Does not end when it is asked to.
  stubborn: () => {
    process.on("SIGTERM", () => console.log("no"));
    stay();
  },
  // Leaves somebody behind who holds its output open.
  leave: () => leave({}),
  // The same in a session of its own.
  escape: () => leave({ detached: true }),
};

await DOES[what]();
