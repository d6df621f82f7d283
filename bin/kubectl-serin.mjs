#!/usr/bin/env node
// What `kubectl serin` runs: Serin, always on the cluster.
process.env["SERIN_CALLED_AS"] = "kubectl-serin";
await import("./serin.mjs");
