// With which token does Google know who asks?
import { createSign } from "node:crypto";
import { z } from "zod";
import type { VendorSpecs } from "../../core/spec/vendors.ts";
import { jsonOf } from "./http.ts";
import { NoFigure, type Turn } from "./turn.ts";

export interface Tokens {
  /** Rejects when there is none. */
  get(turn: Turn): Promise<string>;
}

const HOUR_S = 3_600;
/** A token is renewed so long before its end. */
const EARLY_MS = 300_000;
/** Whom a token that an account has signed itself is for. */
const AUDIENCE = "https://monitoring.googleapis.com/";

const KEY = z.object({ client_email: z.string(), private_key: z.string(), private_key_id: z.string() });
const METADATA = z.object({ access_token: z.string(), expires_in: z.number() });

/**
 * A service account's own signature is a token for the API that it names, without a token's exchange before
 * (https://google.aip.dev/auth/4111). Without a key the machine's account is asked for.
 */
export function createTokens(spec: VendorSpecs["googleCloud"]): Tokens {
  let known: { readonly token: string; readonly endMs: number; readonly of: string } | undefined;
  const fresh = async (turn: Turn, key: string) =>
    key === "" ? ofMachine(turn) : { token: signed(key, turn), endMs: turn.clock.now() + HOUR_S * 1_000 };
  return {
    get: async (turn) => {
      const { secrets, clock } = turn;
      if (spec.bearer) return secrets.textOf(spec.bearer);
      const key = spec.credentials ? await secrets.textOf(spec.credentials) : "";
      // Another key than before: it was rotated.
      if (known?.of !== key || known.endMs - EARLY_MS <= clock.now()) known = { ...(await fresh(turn, key)), of: key };
      return secrets.kept(known.token);
    },
  };
}

function signed(text: string, { clock }: Turn): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new NoFigure("has credentials that are no JSON: the key file of a service account is asked for");
  }
  const read = KEY.safeParse(json);
  if (!read.success) throw new NoFigure("has credentials that are no key file of a service account");
  const { client_email: email, private_key: key, private_key_id: kid } = read.data;
  const nowS = Math.floor(clock.now() / 1_000);
  const claims = { iss: email, sub: email, aud: AUDIENCE, iat: nowS, exp: nowS + HOUR_S };
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const content = `${part({ alg: "RS256", typ: "JWT", kid })}.${part(claims)}`;
  try {
    return `${content}.${createSign("RSA-SHA256").update(content).sign(key, "base64url")}`;
  } catch {
    throw new NoFigure("has credentials whose private key cannot sign");
  }
}

/** https://cloud.google.com/compute/docs/access/authenticate-workloads */
async function ofMachine(turn: Turn): Promise<{ readonly token: string; readonly endMs: number }> {
  const host = process.env["GCE_METADATA_HOST"] ?? "metadata.google.internal";
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`;
  try {
    const answer = await jsonOf({ url, headers: { "metadata-flavor": "Google" } }, METADATA, turn);
    return { token: answer.access_token, endMs: turn.clock.now() + answer.expires_in * 1_000 };
  } catch (error) {
    if (turn.signal.aborted) throw error;
    throw new NoFigure("has no credentials, and this machine has no account of Google's");
  }
}
