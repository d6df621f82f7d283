// Which scenarios are there without writing one?

/** Scenarios by name: what each one is about, and its lines. */
export const BUILT_IN: Readonly<Record<string, { readonly about: string; readonly lines: string }>> = {
  good: { about: "the new version is as good as the old one", lines: "load 200/s" },
  errors: { about: "2% of its requests fail", lines: "load 200/s; canary errors 2%" },
  slow: { about: "every answer takes 1.4 times longer", lines: "load 200/s; canary slower x1.4" },
  drift: {
    about: "both versions get worse alike, which is nobody's fault",
    lines: "load 200/s; everything drift errors to 2% over 10m",
  },
  "metrics-gone": {
    about: "nothing can be counted for five minutes",
    lines: "load 200/s; at 1m metrics gone for 5m",
  },
  "pods-differ": {
    about: "replicas differ in their errors, whatever their version",
    lines: "load 200/s; everything errors 0.5% pods differ 0.2",
  },
  bursts: {
    about: "errors come in bursts of three in the mean",
    lines: "load 200/s; everything errors 0.3% bursts of 3",
  },
  crashes: {
    about: "its replicas crash twenty seconds after each start",
    lines: "load 200/s; canary crashes after 20s",
  },
  "never-ready": { about: "its replicas never become ready", lines: "load 200/s; canary ready never" },
  "traffic-stops": {
    about: "nobody asks anything for ten minutes",
    lines: "load 200/s; at 1m load 0/s; at 11m load 200/s",
  },
  outage: {
    about: "30% of the requests fail for a minute, whichever version answers",
    lines: "load 200/s; at 1m outage of everything for 1m errors 30%",
  },
  cold: {
    about: "young replicas are four times slower for 30 seconds",
    lines: "load 200/s; everything cold x4 for 30s",
  },
  late: {
    about: "it begins to fail once it has a quarter of the traffic",
    lines: "load 200/s; canary errors 3% from share 25%",
  },
};
