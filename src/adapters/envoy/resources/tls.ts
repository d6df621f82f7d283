// Which certificates are shown, and which are asked for?
import { create } from "@bufbuild/protobuf";
import type { EnvoySpec } from "../../../core/spec/envoy.ts";
import { TransportSocketSchema, type TransportSocket } from "../protos/envoy/config/core/v3/base_pb.ts";
import { SecretSchema, type Secret } from "../protos/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from "../protos/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { SubjectAltNameMatcher_SanType } from "../protos/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import { anyOf, fromXds } from "./messages.ts";

type UpstreamTls = NonNullable<EnvoySpec["upstream"]["tls"]>;

/** A certificate with its key, or authorities. Their content comes by SDS, so that it can be renewed by itself. */
export type SecretFiles =
  | { readonly kind: "pair"; readonly cert: string; readonly key: string }
  | { readonly kind: "authorities"; readonly ca: string; readonly serverName: string };

/** A name that says which files, for two services with the same files have one secret. */
export function secretName(files: SecretFiles): string {
  return files.kind === "pair" ? `${files.cert} ${files.key}` : `${files.ca} ${files.serverName}`;
}

/** The files whose content an Envoy needs for a service. */
export function secretsOf({ tls, upstream }: EnvoySpec): readonly SecretFiles[] {
  const to = upstream.tls;
  return [
    ...(tls ? [pair(tls)] : []),
    ...(to ? [authorities(to)] : []),
    ...(to?.cert !== undefined && to.key !== undefined ? [pair({ cert: to.cert, key: to.key })] : []),
  ];
}

const pair = ({ cert, key }: { readonly cert: string; readonly key: string }): SecretFiles => ({
  kind: "pair",
  cert,
  key,
});
const authorities = ({ ca, serverName }: UpstreamTls): SecretFiles => ({ kind: "authorities", ca, serverName });

/** Files as an Envoy takes them: their text, which `read` answers, or without it where the Envoy finds them itself. */
export function secretOf(files: SecretFiles, read?: (file: string) => string): Secret {
  const text = (file: string) => ({
    specifier: read ? { case: "inlineString" as const, value: read(file) } : { case: "filename" as const, value: file },
  });
  const name = secretName(files);
  if (files.kind === "pair") {
    const value = { certificateChain: text(files.cert), privateKey: text(files.key) };
    return create(SecretSchema, { name, type: { case: "tlsCertificate", value } });
  }
  const matcher = { matchPattern: { case: "exact" as const, value: files.serverName } };
  const value = {
    trustedCa: text(files.ca),
    matchTypedSubjectAltNames: [
      { sanType: SubjectAltNameMatcher_SanType.DNS, matcher },
      { sanType: SubjectAltNameMatcher_SanType.IP_ADDRESS, matcher },
    ],
  };
  return create(SecretSchema, { name, type: { case: "validationContext", value } });
}

/** Where secrets come from: the stream that all else comes from, or the Envoy's own file. */
export type SecretsFrom = "stream" | "file";

const named = (files: SecretFiles, from: SecretsFrom) => ({
  name: secretName(files),
  ...(from === "stream" ? { sdsConfig: fromXds() } : {}),
});

/** What clients see. */
export function downstreamTls(tls: NonNullable<EnvoySpec["tls"]>, from: SecretsFrom): TransportSocket {
  return socketOf(
    anyOf(DownstreamTlsContextSchema, {
      commonTlsContext: { alpnProtocols: ["h2", "http/1.1"], tlsCertificateSdsSecretConfigs: [named(pair(tls), from)] },
    }),
  );
}

/** What replicas see. */
export function upstreamTls(tls: UpstreamTls, http2: boolean, from: SecretsFrom): TransportSocket {
  const { serverName, cert, key } = tls;
  return socketOf(
    anyOf(UpstreamTlsContextSchema, {
      sni: serverName,
      commonTlsContext: {
        ...(http2 ? { alpnProtocols: ["h2"] } : {}),
        validationContextType: { case: "validationContextSdsSecretConfig", value: named(authorities(tls), from) },
        ...(cert !== undefined && key !== undefined
          ? { tlsCertificateSdsSecretConfigs: [named(pair({ cert, key }), from)] }
          : {}),
      },
    }),
  );
}

function socketOf(value: ReturnType<typeof anyOf>): TransportSocket {
  const configType = { case: "typedConfig" as const, value };
  return create(TransportSocketSchema, { name: "envoy.transport_sockets.tls", configType });
}
