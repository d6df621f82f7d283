// How do people reach the dashboard of a controller in a cluster?
import { accessToMark, dashboardEverywhere, dashboardWithin } from "./access.ts";
import { headOf, SELECTED, type InstallAsked, type Noted } from "./object.ts";

export const DASHBOARD_PORT = 7_070;

const ACCESS = "/etc/serin/access";
const TLS = "/etc/serin/tls";

/** Open to others, so that it must know who comes, over a line that nobody else reads. */
export const DASHBOARD_ARGS = [
  "--listen",
  `0.0.0.0:${DASHBOARD_PORT}`,
  "--access",
  `${ACCESS}/access.yaml`,
  "--tls-cert",
  `${TLS}/tls.crt`,
  "--tls-key",
  `${TLS}/tls.key`,
] as const;

export const DASHBOARD_MOUNTS = [
  { name: "access", mountPath: ACCESS, readOnly: true },
  { name: "tls", mountPath: TLS, readOnly: true },
] as const;

export const DASHBOARD_VOLUMES = [
  { name: "access", secret: { secretName: "serin-access" } },
  { name: "tls", secret: { secretName: "serin-tls" } },
] as const;

/** As src/adapters/kubernetes writes it on the pod of the controller that leads. */
const LEADS = { "serin.dev/leads": "true" } as const;

/** Where the dashboard is found. */
export function dashboardService(asked: InstallAsked): Noted {
  return {
    about:
      "The dashboard and the API of the controller that leads, for machines of the cluster. Who may come in stands in the Secret serin-access, the certificate in serin-tls.",
    object: {
      apiVersion: "v1",
      kind: "Service",
      metadata: headOf(asked, "serin-dashboard"),
      spec: {
        type: "ClusterIP",
        selector: { ...SELECTED, ...LEADS },
        ports: [{ name: "https", port: 443, targetPort: "dashboard" }],
      },
    },
    notes: [{ at: ["spec", "selector"], why: "Each controller marks its own pod while it leads." }],
  };
}

/** What the dashboard takes besides the controller's own options. */
export function dashboardOf(asked: InstallAsked): readonly Noted[] {
  const { namespaces } = asked;
  const rights =
    namespaces.length === 0
      ? dashboardEverywhere(asked)
      : namespaces.flatMap((namespace) => dashboardWithin(namespace, asked));
  return [...rights, ...accessToMark(asked), dashboardService(asked)];
}
