// Which command was asked for?
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { describe, messageOf, SerinError } from "../core/issues.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { demoCommand } from "./demo/demo.ts";
import { checkCommand } from "./check.ts";
import { discoverCommand } from "./discover.ts";
import { explainCommand } from "./explain.ts";
import { eventsOptions, type TypedEvents } from "./events-options.ts";
import { exportCommand } from "./export/export.ts";
import { EXPORTERS } from "./export/exporters.ts";
import { auditCommand, auditVerifyCommand } from "./audit.ts";
import { beforeCommand, clusterOf, inCluster, isPlugin, type TypedPlace } from "./cluster-options.ts";
import { openCluster, stateDir } from "./home.ts";
import { importCommand, type ImportOptions } from "./import.ts";
import { processIo, type Context } from "./io.ts";
import { judgeCommand, type JudgeOptions } from "./judge.ts";
import { measuredTraffic } from "./measured.ts";
import { planCommand, type PlanOptions } from "./plan.ts";
import { rehearseCommand } from "./rehearse.ts";
import type { RehearseOptions } from "./rehearsing.ts";
import { runCommand } from "./run.ts";
import type { TypedCluster } from "./serve-cluster.ts";
import { serveCommand, type TypedServe } from "./serve.ts";
import { telemetryOptions, telling, type TypedTelemetry } from "./telemetry-options.ts";
import { testCommand } from "./test-scenarios.ts";
import { tokenCommand } from "./token.ts";
import {
  applyCommand,
  downCommand,
  getCommand,
  historyCommand,
  startCommand,
  statusCommand,
  verbCommand,
  watchCommand,
} from "./verbs.ts";
import { runProxyCommand } from "../proxy/command.ts";
import { version } from "./version.ts";

const io = processIo();
const interrupted = new AbortController();
let exitCode = 0;

type Action = (context: Context) => number | Promise<number>;

interface Shared {
  readonly json?: boolean;
  readonly state?: string;
}

type Placed = Shared & TypedPlace;

async function act(options: Shared, action: Action): Promise<void> {
  return perform(options, () => clusterOf(program.opts<TypedPlace>()), action);
}

/** The same of a command that can be about a service of a cluster. */
async function actAt(options: Placed, action: Action, service?: string): Promise<void> {
  return perform(options, () => clusterOf({ ...program.opts<TypedPlace>(), ...options }, service), action);
}

async function perform(options: Shared, cluster: () => Context["cluster"], action: Action): Promise<void> {
  const json = options.json ?? false;
  try {
    exitCode = await action({
      io,
      json,
      state: stateDir(options.state),
      cluster: cluster(),
      signal: interrupted.signal,
    });
  } catch (error) {
    exitCode = report(error, json);
  }
}

function report(error: unknown, json: boolean): number {
  const trouble = error instanceof SerinError ? error.trouble : { code: "SERIN_FAILED", what: messageOf(error) };
  if (json) io.out(JSON.stringify({ trouble }));
  else io.err(describe(trouble));
  if (!(error instanceof SerinError) && process.env["SERIN_DEBUG"] && error instanceof Error) io.err(error.stack ?? "");
  return ("exitCode" in trouble ? trouble.exitCode : undefined) ?? 1;
}

const program = beforeCommand(new Command(isPlugin() ? "kubectl serin" : "serin"))
  .description("Brings a new version of a service to its users a little at a time, and takes it back when it is worse.")
  .version(version())
  .exitOverride()
  // What stands before the command is of all commands; export install has a --namespace of its own.
  .enablePositionalOptions()
  .configureHelp({ showGlobalOptions: true })
  .showSuggestionAfterError();

/** A command with the options that all share. */
function verb(usage: string, description: string, under = program): Command {
  return under
    .command(usage)
    .description(description)
    .option("--json", "answer for a program")
    .option("--state <dir>", "folder of the state (default: $SERIN_STATE or .serin)");
}

/** A command that is about a service of this machine or of a cluster. */
const anywhere = (usage: string, description: string): Command => inCluster(verb(usage, description));

const reason = (): Option => new Option("--reason <text>", "why, for the record").default("");

/** A command whose controller may take events of users. */
const takingEvents = (command: Command): Command =>
  command
    .option("--events <host:port>", "take events of the users of A/B tests there (token: $SERIN_EVENTS_TOKEN)")
    .option("--events-origin <origin...>", "with --events: pages of these origins may send some from a browser");

telling(takingEvents(verb("run <file>", "bring one rollout to its end")))
  .addOption(reason())
  .option("--no-wait", "leave with exit code 4 when a person must decide")
  .action((file: string, options: Shared & TypedEvents & TypedTelemetry & { reason: string; wait: boolean }) =>
    act(options, (context) => {
      const [events, telemetry] = [eventsOptions(options), telemetryOptions(options)];
      return runCommand({ file, reason: options.reason, wait: options.wait, events, telemetry }, context);
    }),
  );
telling(takingEvents(verb("serve", "run the controller until interrupted")))
  .option(
    "--listen <host:port>",
    "where the dashboard and the API are (default: 127.0.0.1:7070; with --kubernetes: nowhere)",
  )
  .option("--access <file>", "who may come in, and who may do what; needed where other machines can call")
  .option("--tls-cert <file>", "answer by https with this certificate (PEM), and read it again when it changes")
  .option("--tls-key <file>", "its key (PEM)")
  .option("--behind-proxy", "a proxy in front does TLS, and says in X-Forwarded-For where calls come from")
  .option("--kubernetes", "look after the Rollouts of a Kubernetes cluster")
  .option(
    "--kubeconfig <file>",
    "with --kubernetes: how to reach it (default: $KUBECONFIG, ~/.kube/config, or the pod's account)",
  )
  .option("--context <name>", "with --kubernetes: the context of the kubeconfig")
  .option("--namespaces <names>", "with --kubernetes: only these namespaces: a,b")
  .option(
    "--lease-namespace <name>",
    "with --kubernetes: where the lease of the one that leads is (default: the pod's)",
  )
  .option("--lease <time>", "with --kubernetes: how long a leader that says nothing is waited for", "15s")
  .option("--health <host:port>", "with --kubernetes: answer /healthz and /readyz there")
  .action((options: TypedServe & TypedCluster & Shared) =>
    act(options, async (context) => {
      if (!options.kubernetes && !context.cluster) return serveCommand(options, context);
      const { serveClusterCommand } = await import("./serve-cluster.ts");
      return serveClusterCommand(options, context);
    }),
  );
anywhere("apply <file>", "start a rollout on the controller that runs")
  .addOption(reason())
  .option("--hotfix", "take the place of what is under way, once stable has its traffic, and ask no calendar")
  .action((file: string, options: Placed & { reason: string; hotfix?: boolean }) =>
    actAt(options, (context) => applyCommand({ file, reason: options.reason, hotfix: options.hotfix }, context)),
  );
anywhere("get [service] [name]", "show services, or one; get release NAME or get facade NAME shows a group")
  .option("-A, --all-namespaces", "of all namespaces of the cluster")
  .action((service: string | undefined, name: string | undefined, options: Placed) =>
    actAt(options, (context) => getCommand(name === undefined ? service : `${service}/${name}`, context), service),
  );
anywhere("watch <service>", "show a service while it changes").action((service: string, options: Placed) =>
  actAt(options, (context) => watchCommand(service, context), service),
);

interface VerbShared extends Placed {
  readonly reason: string;
  readonly ifVersion?: number;
  readonly full?: boolean;
  readonly to?: string;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/u.test(text)) throw new InvalidArgumentError("It is not a whole number.");
  return Number(text);
}

const ifVersion = (): Option =>
  new Option("--if-version <number>", "only if the service is still at this version").argParser(wholeNumber);

const VERBS = [
  ["promote", "pass the step that waits"],
  ["pause", "go no further for now"],
  ["resume", "go on after a pause"],
  ["abort", "go back to stable"],
] as const;
for (const [kind, description] of VERBS) {
  const command = anywhere(`${kind} <service>`, description).addOption(reason()).addOption(ifVersion());
  if (kind === "promote") command.option("--full", "pass everything that would wait, to the end");
  command.action((service: string, options: VerbShared) =>
    actAt(options, (context) => verbCommand(kind, { ...options, service }, context), service),
  );
}
anywhere("retry <service>", "start the rollout that was rolled back or stopped again")
  .addOption(reason())
  .addOption(ifVersion())
  .action((service: string, options: VerbShared) =>
    actAt(options, (context) => startCommand("retry", { ...options, service }, context), service),
  );
anywhere("undo <service>", "go back to what was stable before, at once")
  .addOption(reason())
  .addOption(ifVersion())
  .option("--to <revision>", "to this revision, or that of this rollout (SERVICE/NUMBER), instead of the last one")
  .action((service: string, options: VerbShared) =>
    actAt(options, (context) => startCommand("undo", { ...options, service }, context), service),
  );
anywhere("scale <service>", "run so many replicas from now on, in mid-rollout too")
  .argument("<replicas>", "how many", wholeNumber)
  .addOption(reason())
  .addOption(ifVersion())
  .action((service: string, replicas: number, options: VerbShared) =>
    actAt(options, (context) => verbCommand("scale", { ...options, service, replicas }, context), service),
  );
anywhere("status <service>", "wait for the rollout's end: exit code 0 promoted or concluded, 3 rolled back, 1 stopped")
  .option("--no-wait", "only look; exit code 4 while it is under way")
  .action((service: string, options: Placed & { wait: boolean }) =>
    actAt(options, (context) => statusCommand({ service, wait: options.wait }, context), service),
  );
anywhere("history <service>", "show the rollouts that have ended").action((service: string, options: Placed) =>
  actAt(options, (context) => historyCommand(service, context), service),
);
anywhere("explain <rollout>", "show every decision of a rollout (SERVICE or SERVICE/NUMBER) with its figures")
  .option("--report <file>", "write a report: .html for a page with plots, .md for a pull request")
  .action((name: string, options: Placed & { report?: string }) =>
    actAt(options, (context) => explainCommand({ name, report: options.report }, context), name),
  );
verb("check <file>", "name every mistake in a rollout file").action((file: string, options: Shared) =>
  act(options, ({ json }) => checkCommand({ file, json }, io)),
);
verb("import <files...>", "convert files of Flagger or Argo Rollouts (- for standard input)")
  .option("--out <dir>", "write a file for each document into this folder, instead of all to standard output")
  .option("--lenient", "leave out what has no equivalent")
  .option("--prometheus <url>", "the Prometheus, where the files leave it to the controller")
  .option("--provider <name>", "Flagger's provider, where a Canary leaves it to the controller")
  .action((files: readonly string[], options: Shared & Omit<ImportOptions, "files" | "json">) =>
    act(options, ({ json }) => importCommand({ ...options, files, json }, io)),
  );
verb("discover <url>", "read a service's metrics page, and propose what to compare by it").action(
  (url: string, options: Shared) => act(options, (context) => discoverCommand(url, context)),
);
anywhere("plan <file>", "show what a rollout would do, and what it could detect")
  .option(
    "--traffic <rate>",
    "requests per second of the whole service, such as 200/s (default: as measured on stable)",
  )
  .option("--errors <share>", "share of requests that fail normally, such as 0.1%")
  .option("--p50 <time>", "median latency, such as 60ms")
  .option("--p99 <time>", "99th percentile of latency, such as 300ms")
  .option("--burst <size>", "mean size of bursts in which requests fail, such as 3")
  .action((file: string, options: Placed & Omit<PlanOptions, "file" | "json" | "measured" | "sized">) =>
    actAt(options, async (context) => {
      const { json, cluster } = context;
      const measured = options.traffic === undefined ? await measuredTraffic(file, context) : undefined;
      const link = cluster && (await openCluster(cluster));
      const sized = link && { sized: (rollout: Rollout) => link.sized(rollout) };
      return planCommand({ ...options, file, json, ...sized, ...(measured ? { measured } : {}) }, io);
    }),
  );
verb("rehearse <file>", "play a rollout, a release or a façade in virtual time against a scenario; nothing is run")
  .requiredOption("--scenario <scenario>", "lines, a file, or the name of a built-in one (list shows them)")
  .option("--runs <number>", "so many times with other chance: the distribution", wholeNumber)
  .option("--seed <number>", "replays the same chance", wholeNumber)
  .option("--promote", "answer whatever waits for a person")
  .action((file: string, options: Shared & Omit<RehearseOptions, "file">) =>
    act(options, (context) => rehearseCommand({ ...options, file }, context)),
  );
verb("test <folder>", "play every scenario below a folder, and check what it expects").action(
  (dir: string, options: Shared) => act(options, (context) => testCommand({ dir }, context)),
);
verb("judge [request]", "judge what was measured elsewhere, without a rollout")
  .option("--kayenta <request>", "the body of Kayenta's judge call, a JSON file or - for standard input")
  .option("--strict", "with --kayenta: refuse a pass for lack of data")
  .option("--ab <users>", "users of an A/B test, a CSV or JSON-lines file or - for standard input")
  .option("--control <variant>", "with --ab: the variant that is compared with (default: the first by name)")
  .option("--treatment <variant>", "with --ab: the other one")
  .option("--alpha <share>", "with --ab: how often two equal variants may be told apart (default 5%)")
  .option("--power <share>", "with --ab: how often the lift is found at the planned sample (default 80%)")
  .option("--lift <lift>", "with --ab: the smallest lift worth finding: 10% of the baseline, or 1pt")
  .option("--baseline <share>", "with --ab: the conversion expected of control")
  .option("--split <share>", "with --ab: the share of users that the treatment was to get (default 50%)")
  .action((request: string | undefined, options: Shared & JudgeOptions) =>
    act(options, ({ json }) => judgeCommand({ ...options, request, json }, io)),
  );
anywhere("down <service>", "end a service: its traffic, its replicas, its journal")
  .addOption(reason())
  .action((service: string, options: Placed & { reason: string }) =>
    actAt(options, (context) => downCommand({ service, reason: options.reason }, context), service),
  );

verb("token <actor>", "make a token for the access file, and show it once").action((actor: string, options: Shared) =>
  act(options, (context) => tokenCommand(actor, context)),
);
const audit = verb("audit", "show who asked this machine's controller for what")
  .addOption(new Option("--after <number>", "only entries with a number above it").argParser(wholeNumber).default(0))
  .action((options: Shared & { after: number }) => act(options, (context) => auditCommand(options, context)));
verb("verify", "compute the audit log's hash chain anew: exit code 1 when it does not hold", audit)
  .option("--head <number:hash...>", "heads that were noted elsewhere, which must be in it", [])
  .action((options: Shared & { head: readonly string[] }) =>
    act(options, (context) => auditVerifyCommand({ heads: options.head }, context)),
  );

const exports = program.command("export").description("print what other programs need to run Serin or watch rollouts");
for (const exporter of EXPORTERS) {
  const { name, description, alone } = exporter;
  const command = alone
    ? verb(name, description, exports)
    : verb(`${name} [files...]`, `${description} (of these rollout files, or the state)`, exports);
  exporter.options?.(command);
  command.action((...given: readonly unknown[]) => {
    const [files, options] = (alone ? [[], given[0]] : given) as readonly [readonly string[], Shared];
    return act(options, (context) => exportCommand({ exporter, files, options }, context));
  });
}

program
  .command("proxy")
  .description("run the built-in proxy by itself: serin proxy --help")
  .argument("[arguments...]")
  .helpOption(false)
  .allowUnknownOption()
  .action(async (_given: readonly string[], _options: unknown, command: Command) => {
    exitCode = await runProxyCommand(command.args);
  });
verb("demo", "show what Serin does, on a small shop under load").action((options: Shared) => act(options, demoCommand));

/** A second signal ends the process at once; the first lets it close what it holds. */
function onInterrupt(signal: NodeJS.Signals): void {
  if (interrupted.signal.aborted) process.exit(signal === "SIGINT" ? 130 : 143);
  interrupted.abort();
}
process.on("SIGINT", onInterrupt);
process.on("SIGTERM", onInterrupt);

// Whoever reads may leave before the end: `serin explain shop | head`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    interrupted.abort();
  });
}

try {
  await program.parseAsync();
} catch (error) {
  // Commander has already said what was wrong with the words of the command.
  if (!(error instanceof CommanderError)) throw error;
  exitCode = error.exitCode === 0 ? 0 : 2;
}
process.exitCode = exitCode;
