// Which Service did Flagger make, and who makes it now?
import type { Context } from "../context.ts";
import type { Part } from "../part.ts";
import { deploymentNamed, portsOf, serviceNamed, type Deployment } from "../workload.ts";
import { from, same, type Out } from "../write.ts";
import type { ServiceFields } from "./formats.ts";

interface Names {
  readonly target: string;
  readonly name: string;
}

const OWN = ["portName", "appProtocol", "headless", "trafficDistribution", "portDiscovery"] as const;

/** Says what becomes of the Service. It is written when nobody has it and the Deployment says which pods are meant. */
export function apexService(service: Part<ServiceFields>, { target, name }: Names, context: Context): void {
  for (const field of ["primary", "canary"] as const)
    service
      .at(field)
      ?.none(
        "Flagger makes a Service for each version, with these; what Serin makes has labels of its own",
        "take it out, or label the Service that is yours",
      );
  service.at("unmanagedMetadata")?.note("Serin changes no labels and annotations of your Service");
  const there = serviceNamed(name, context);
  if (there) return ofTheFile(service, there.spec.ports ?? []);
  const deployment = deploymentNamed(target, context);
  if (deployment?.spec.selector.matchLabels) return writeService(service, { name, deployment }, context);
  service
    .at("port")
    ?.changes(
      `Flagger made and owned the Service ${name}, and it goes with the Canary: Serin uses one that is yours, with this port`,
    );
  for (const field of [...OWN, "apex"] as const)
    service.at(field)?.changes("it stands in the Service, which is yours now");
}

function ofTheFile(
  service: Part<ServiceFields>,
  ports: readonly { readonly port: number; readonly targetPort?: number | string | undefined }[],
): void {
  const port = service.at("port");
  if (port && !ports.some((one) => one.port === port.value))
    port.changes("the Service in the files has no such port: the Service is yours, and Serin leaves its ports alone");
  else port?.take();
  for (const field of [...OWN, "apex"] as const)
    service.at(field)?.changes("the Service in the files is yours, and stays as it is there");
}

function writeService(
  service: Part<ServiceFields>,
  { name, deployment }: { readonly name: string; readonly deployment: Deployment },
  { namespace, write }: Context,
): void {
  const port = service.at("port");
  port?.note("Flagger made and owned the Service; it is written beside the rollout, and is yours now");
  const [portName, target] = [service.at("portName"), service.at("targetPort")];
  const main = {
    name: from(portName?.value ?? "http", portName),
    port: from(service.value.port, port),
    targetPort: from(target?.value ?? service.value.port, target),
    protocol: "TCP",
    appProtocol: same(service.at("appProtocol")),
  };
  const headless = service.at("headless");
  const apex = service.at("apex");
  write({
    name: `${name}.service`,
    head: [`Service ${name}, which Flagger made of this Canary.`],
    tree: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace, labels: same(apex?.at("labels")), annotations: same(apex?.at("annotations")) },
      spec: {
        clusterIP: headless && from(headless.value ? "None" : null, headless),
        trafficDistribution: same(service.at("trafficDistribution")),
        selector: deployment.spec.selector.matchLabels ?? {},
        ports: [main, ...discovered(service, deployment)],
      },
    },
  });
  apex?.take();
}

function discovered(service: Part<ServiceFields>, deployment: Deployment): readonly Out[] {
  const discovery = service.at("portDiscovery");
  if (discovery?.value !== true) {
    discovery?.take();
    return [];
  }
  discovery.changes(
    "the ports of the containers, as they are now, stand in the Service: a new one must be added there",
  );
  const target = service.value.targetPort ?? service.value.port;
  return portsOf(deployment)
    .filter(({ name, port }) => port !== service.value.port && port !== target && name !== target)
    .map(({ name, port }) => ({ name, port, targetPort: port, protocol: "TCP" }));
}
