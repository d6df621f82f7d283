// Do the tests on a Kubernetes control plane hold?
import { whyNoNamespace } from "./in-namespace.ts";
import { installKubeParts } from "./kube-parts.ts";
import { runTests } from "./runs.ts";

const [project, ...args] = process.argv.slice(2);
if (whyNoNamespace() === undefined) installKubeParts(project === "istio" ? ["istiod"] : []);
const [report] = runTests([`--project=${project}`, ...args], process.env);
const failed = (report?.numFailedTests ?? 0) + (report?.numFailedTestSuites ?? 1);
process.exitCode = failed > 0 ? 1 : 0;
