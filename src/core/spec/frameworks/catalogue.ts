// Which frameworks are known, and which preset has which name?
import { nearest } from "../nearest.ts";
import { PRESETS, PRESET_NAMES, type Preset, type PresetName } from "../presets.ts";
import { shown } from "../reading.ts";
import { listed } from "../rule.ts";
import { GO, NODE, PROMETHEUS_CLIENT } from "./clients.ts";
import { JVM, MICRONAUT, QUARKUS, QUARKUS_SMALLRYE, SPRING_BOOT } from "./java.ts";
import { ENVOY, INGRESS_NGINX, ISTIO, NGINX } from "./servers.ts";
import type { Framework } from "./shape.ts";

/** Every framework by the name that its presets begin with. */
export const FRAMEWORKS = {
  "spring-boot": SPRING_BOOT,
  quarkus: QUARKUS,
  "quarkus-smallrye": QUARKUS_SMALLRYE,
  micronaut: MICRONAUT,
  jvm: JVM,
  node: NODE,
  go: GO,
  "prometheus-client": PROMETHEUS_CLIENT,
  envoy: ENVOY,
  istio: ISTIO,
  nginx: NGINX,
  "ingress-nginx": INGRESS_NGINX,
} as const satisfies Readonly<Record<string, Framework>>;

export type FrameworkName = keyof typeof FRAMEWORKS;

export const FRAMEWORK_NAMES = Object.keys(FRAMEWORKS) as readonly FrameworkName[];

/** A preset of a framework: `spring-boot:errors`. */
export type FrameworkPreset = `${FrameworkName}:${string}`;

const BY_NAME: ReadonlyMap<string, Preset> = new Map(
  FRAMEWORK_NAMES.flatMap((name) => {
    const { figures }: Framework = FRAMEWORKS[name];
    return Object.entries(figures).map(([figure, preset]) => [`${name}:${figure}`, preset] as const);
  }),
);

/** The names of all presets, those of frameworks too. */
export const KNOWN_PRESETS: readonly (PresetName | FrameworkPreset)[] = [
  ...PRESET_NAMES,
  ...([...BY_NAME.keys()] as FrameworkPreset[]),
];

/** What a preset means. Throws for a name that is none of `KNOWN_PRESETS`. */
export function presetNamed(name: PresetName | FrameworkPreset): Preset {
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name as PresetName] : BY_NAME.get(name);
  if (!preset) throw new Error(`no preset is called ${name}`);
  return preset;
}

/** What is wrong with a name that is no preset's, and which ones are near. */
export function unknownPreset(input: unknown): string {
  const found = `found ${shown(input)}, `;
  if (typeof input !== "string") return `${found}the name of a preset must be here, such as success-rate`;
  const [before = "", figure] = input.split(":");
  const framework = FRAMEWORK_NAMES.find((name) => name === before);
  if (framework && figure !== undefined) {
    const figures = Object.keys(FRAMEWORKS[framework].figures);
    const near = nearest(figure, figures);
    return `${found}${near ? `did you mean ${framework}:${near}?` : `${framework} has ${listed(figures, "and")}`}`;
  }
  const near = nearest(input, KNOWN_PRESETS);
  if (near) return `${found}did you mean ${near}?`;
  if (figure === undefined)
    return `${found}known are ${listed(PRESET_NAMES, "and")}, and those of frameworks: spring-boot:errors`;
  return `${found}frameworks here are ${listed(FRAMEWORK_NAMES, "and")}`;
}
