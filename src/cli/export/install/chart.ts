// Which Helm chart installs the same?
//
// The objects are made with marks where a chart has values, and the marks become Helm's expressions.
import { stringify } from "yaml";
import {
  accessEverywhere,
  accessOfPeople,
  accessToLead,
  accessToMark,
  accessWithin,
  dashboardEverywhere,
  dashboardWithin,
  SECRETS,
} from "./access.ts";
import { controllerOf } from "./controller.ts";
import { dashboardService } from "./dashboard.ts";
import { definition } from "./definition.ts";
import { fileOf, type InstallAsked, type KubeObject, type Noted } from "./object.ts";
import { policiesOf } from "./policies.ts";
import { VALUES_SCHEMA, valuesFile } from "./values.ts";

const MARKS = { image: "MARK-IMAGE", namespace: "MARK-NAMESPACE", each: "mark-each", version: "MARK-VERSION" } as const;

/** All that a chart can vary, marked. */
const MARKED: InstallAsked = { ...MARKS, namespaces: [MARKS.each], secrets: true, dashboard: true };

const POD = ["spec", "template", "spec"] as const;

/** Where the controller's Deployment is what the values say. Under `placement` stands what may be left out. */
const IN_DEPLOYMENT: readonly (readonly [path: readonly (string | number)[], mark: string])[] = [
  [["spec", "replicas"], "MARK-REPLICAS"],
  [[...POD, "containers", 0, "resources"], "MARK-RESOURCES"],
  [[...POD, "MARK-PLACEMENT"], "here"],
];

function changedAt(value: unknown, [first, ...rest]: readonly (string | number)[], mark: string): unknown {
  if (first === undefined) return mark;
  if (Array.isArray(value)) return value.map((item, at) => (at === first ? changedAt(item, rest, mark) : item));
  const map = (value ?? {}) as Readonly<Record<string, unknown>>;
  return { ...map, [first]: changedAt(map[first], rest, mark) };
}

function marked(noted: Noted): Noted {
  if (noted.object.kind !== "Deployment") return noted;
  const object = IN_DEPLOYMENT.reduce<unknown>((found, [path, mark]) => changedAt(found, path, mark), noted.object);
  return { ...noted, object: object as KubeObject };
}

const block = (spaces: number, ...lines: readonly string[]): string =>
  lines.map((line) => `${line.startsWith("{{-") ? "" : " ".repeat(spaces)}${line}\n`).join("");

const mayBe = (name: string): readonly string[] => [
  `{{- with $.Values.${name} }}`,
  `${name}: {{- toYaml . | nindent 8 }}`,
  "{{- end }}",
];

/** Lines that are there with a dashboard alone. */
const withDashboard = (lines: string): string => `{{- if $.Values.dashboard }}\n${lines}{{- end }}\n`;

/** What becomes of the marks, in this order. */
const EXPRESSIONS: readonly (readonly [mark: RegExp, expression: string | ((found: string) => string)])[] = [
  [/^ {12}- --listen\n(?: {12}- .*\n){7}/gmu, withDashboard],
  [/^ {12}- name: dashboard\n {14}.*\n/gmu, withDashboard],
  [/^ {12}- name: access\n(?: {14}.*\n){2} {12}- name: tls\n(?: {14}.*\n){2}/gmu, withDashboard],
  [/^ {8}- name: access\n(?: {10}.*\n){2} {8}- name: tls\n(?: {10}.*\n){2}/gmu, withDashboard],
  [/^ {6}MARK-PLACEMENT: here\n/gmu, block(6, ...["imagePullSecrets", "nodeSelector", "tolerations"].flatMap(mayBe))],
  [/(?<=resources: ?)MARK-RESOURCES/gu, "{{- toYaml $.Values.resources | nindent 12 }}"],
  [/MARK-REPLICAS/gu, "{{ $.Values.replicas }}"],
  [
    /^ {12}- --namespaces\n {12}- mark-each\n/gmu,
    block(12, "{{- with $.Values.namespaces }}", "- --namespaces", '- {{ join "," . | quote }}', "{{- end }}"),
  ],
  [
    /^ {2}matchResources:\n(?: {4}.*\n)*? {12}- mark-each\n/gmu,
    block(
      2,
      "{{- with $.Values.namespaces }}",
      "matchResources:",
      "  namespaceSelector:",
      "    matchExpressions:",
      "      - key: kubernetes.io/metadata.name",
      "        operator: In",
      "        values: {{- toYaml . | nindent 12 }}",
      "{{- end }}",
    ),
  ],
  [/(?<=serin-\w+)-MARK-NAMESPACE/gu, "{{ with $.Values.namespaces }}-{{ $.Release.Namespace }}{{ end }}"],
  [/(?<=namespace: )MARK-NAMESPACE/gu, "{{ $.Release.Namespace | quote }}"],
  [/(?<=namespace: )mark-each/gu, "{{ . | quote }}"],
  [/MARK-NAMESPACE/gu, "{{ $.Release.Namespace }}"],
  [/MARK-IMAGE/gu, "{{ $.Values.image | quote }}"],
  [/MARK-VERSION/gu, "{{ $.Chart.AppVersion | quote }}"],
  [/mark-each/gu, "{{ . }}"],
];

function templateOf(objects: readonly Noted[]): string {
  const text = fileOf(objects.map(marked));
  return EXPRESSIONS.reduce(
    (found, [mark, expression]) =>
      found.replaceAll(mark, typeof expression === "string" ? () => expression : expression),
    text,
  );
}

/** A role whose last rule is there when the values ask for it. */
function workTemplate([role, binding]: readonly Noted[]): string {
  const text = templateOf(role ? [role] : []);
  const at = text.indexOf(`  # ${SECRETS.why.slice(0, 40)}`);
  const rule = text.slice(at);
  return `${text.slice(0, at)}{{- if $.Values.secrets }}\n${rule}{{- end }}\n---\n${templateOf(binding ? [binding] : [])}`;
}

/** In each namespace that the values name, or everywhere where they name none. */
const either = (within: string, everywhere: string): string =>
  `{{- if $.Values.namespaces }}\n{{- range $.Values.namespaces }}\n---\n${within}{{- end }}\n{{- else }}\n---\n${everywhere}{{- end }}\n`;

function accessTemplate(): string {
  const work = either(workTemplate(accessWithin(MARKS.each, MARKED)), workTemplate(accessEverywhere(MARKED)));
  return `${work}---\n${templateOf([...accessToLead(MARKED), ...accessOfPeople(MARKED)])}`;
}

function dashboardTemplate(): string {
  const rights = either(templateOf(dashboardWithin(MARKS.each, MARKED)), templateOf(dashboardEverywhere(MARKED)));
  return `{{- if $.Values.dashboard }}\n${rights}---\n${templateOf([...accessToMark(MARKED), dashboardService(MARKED)])}{{- end }}\n`;
}

/** The files of the chart. */
export function chartOf({ version, ...asked }: InstallAsked): Readonly<Record<string, string>> {
  const chart = {
    apiVersion: "v2",
    name: "serin",
    description: "Progressive delivery with a stated error rate.",
    type: "application",
    version,
    appVersion: version,
    // Where ValidatingAdmissionPolicies are of every cluster.
    kubeVersion: ">=1.30.0-0",
  };
  return {
    "Chart.yaml": stringify(chart),
    "values.yaml": valuesFile(asked),
    "values.schema.json": `${JSON.stringify(VALUES_SCHEMA, undefined, 2)}\n`,
    "crds/rollouts.yaml": fileOf([definition({ version })]),
    "templates/access.yaml": accessTemplate(),
    "templates/policies.yaml": `{{- if $.Values.policies }}\n${templateOf(policiesOf(MARKED))}{{- end }}\n`,
    "templates/controller.yaml": templateOf(controllerOf(MARKED)),
    "templates/dashboard.yaml": dashboardTemplate(),
  };
}
