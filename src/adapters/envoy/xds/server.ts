// Where do Envoys connect to?
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { messageOf, SerinError } from "../../../core/issues.ts";
import { AccessLog, type AccessListener } from "./access-log.ts";
import { fileCredentials, type TlsFiles } from "./credentials.ts";
import { Discovery } from "./discovery.ts";
import { MetricsStream, type MetricsListener } from "./metrics-stream.ts";
import { receive, type Answer, type Incoming } from "./receive.ts";
import type { Call } from "./stream.ts";

export interface XdsOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Without it the channel is not encrypted. */
  readonly tls?: TlsFiles | undefined;
}

export interface XdsServer {
  readonly port: number;
  readonly discovery: Discovery;
  /** Is called for every request that an Envoy logs here, until the function that comes back is called. */
  listenAccess(listener: AccessListener): () => void;
  /** Is called with every batch of metrics, until the function that comes back is called. */
  listenMetrics(listener: MetricsListener): () => void;
  /** Ends all streams. Envoys go on with what they have. */
  close(): Promise<void>;
}

const raw = (bytes: Buffer): Buffer => bytes;

/** A method whose messages are left as bytes: each receiver decodes what it needs. */
function method(path: string, responseStream: boolean): ServiceDefinition[string] {
  return {
    path,
    requestStream: true,
    responseStream,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  };
}

const ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService";

const DISCOVERY: ServiceDefinition = {
  StreamAggregatedResources: method(`${ADS}/StreamAggregatedResources`, true),
  DeltaAggregatedResources: method(`${ADS}/DeltaAggregatedResources`, true),
};

const LOGS: ServiceDefinition = {
  StreamAccessLogs: method("/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs", false),
};

const METRICS: ServiceDefinition = {
  StreamMetrics: method("/envoy.service.metrics.v3.MetricsService/StreamMetrics", false),
};

function discoveryService(discovery: Discovery): UntypedServiceImplementation {
  return {
    StreamAggregatedResources: (call: Call) => discovery.accept(call, "state-of-the-world"),
    DeltaAggregatedResources: (call: Call) => discovery.accept(call, "delta"),
  };
}

async function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(address, credentials, (error, port) => (error ? reject(error) : resolve(port)));
  try {
    return await promise;
  } catch (error) {
    throw new SerinError(
      {
        code: "SERIN_XDS_NOT_LISTENING",
        what: `The xDS server cannot listen on ${address}.`,
        found: messageOf(error),
        now: "Envoys keep what they have.",
        next: "Free the port, or name another one.",
      },
      { cause: error },
    );
  }
}

function added<T>(all: Set<T>, one: T): () => void {
  all.add(one);
  return () => all.delete(one);
}

export async function openXdsServer({ host, port, tls }: XdsOptions): Promise<XdsServer> {
  const discovery = new Discovery();
  const watched = tls && (await fileCredentials(tls, (why) => discovery.listeners.tell("certificate", why)));
  const credentials = watched?.credentials ?? ServerCredentials.createInsecure();
  // Resources of thousands of services are one message; access logs come in batches.
  const server = new Server({
    "grpc.max_receive_message_length": 64 << 20,
    "grpc.max_send_message_length": -1,
    // An Envoy that is gone without a word counts as connected for a minute at most. One that takes thousands of clusters
    // at once answers nothing for many seconds, and must not be cut off meanwhile: it would begin again.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 30_000,
  });
  const access = new Set<AccessListener>();
  const metrics = new Set<MetricsListener>();
  const { listeners } = discovery;
  server.addService(DISCOVERY, discoveryService(discovery));
  server.addService(LOGS, {
    StreamAccessLogs: (call: Incoming, answer: Answer) => {
      const receiver = new AccessLog((...entry) => {
        for (const listener of access) listener(...entry);
      });
      receive(call, answer, { receiver, listeners });
    },
  });
  server.addService(METRICS, {
    StreamMetrics: (call: Incoming, answer: Answer) => {
      const receiver = new MetricsStream((...batch) => {
        for (const listener of metrics) listener(...batch);
      });
      receive(call, answer, { receiver, listeners });
    },
  });
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  try {
    const bound = await bind(server, address, credentials);
    return {
      port: bound,
      discovery,
      listenAccess: (listener) => added(access, listener),
      listenMetrics: (listener) => added(metrics, listener),
      close: () => {
        watched?.close();
        discovery.close();
        server.forceShutdown();
        return Promise.resolve();
      },
    };
  } catch (error) {
    watched?.close();
    throw error;
  }
}
