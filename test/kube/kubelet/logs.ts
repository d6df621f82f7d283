// Where does the API server find what a pod has written?
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";

/** That of every kubelet. */
export const LOGS_PORT = 10_250;

interface Place {
  /** The folder of the control plane, with a certificate for this machine. */
  readonly dir: string;
  /** The folder of containers' output. */
  readonly logs: string;
}

/** Answers for a node what the API server asks for `kubectl logs`. */
export function serveLogs(address: string, { dir, logs }: Place): Promise<void> {
  const [cert, key] = ["pem", "key"].map((type) => readFileSync(join(dir, `apiserver.${type}`)));
  const server = createServer({ cert, key }, (request, response) => {
    const url = new URL(request.url ?? "", "https://node");
    const [, what, ...names] = url.pathname.split("/");
    const lines = Number(url.searchParams.get("tailLines") ?? Infinity);
    const log = what === "containerLogs" ? readLog(join(logs, `${names.join("_")}.log`)) : undefined;
    response.writeHead(log === undefined ? 404 : 200, { "content-type": "text/plain" });
    response.end(
      log
        ?.split("\n")
        .slice(-lines - 1)
        .join("\n"),
    );
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(LOGS_PORT, address, resolve);
  });
}

function readLog(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
