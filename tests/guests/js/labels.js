// A label mapper, straight on the WIT: `js-small`, `js-big`.
import log from "act-host:host/log@0.1.0";

const machines = { "js-small": 2, "js-big": 16 };

// What every placement leaves to the scheduler.
const open = {
  os: null, arch: null, cpuMillis: null, memory: null, disk: null, gpu: null, image: null,
  pool: null, spot: null, hops: [], priority: null, attrs: [],
};

export const labelMapper = {
  mapLabels(ask) {
    const labels = ask.labels.map((label) => label.toLowerCase());
    const label = labels.find((label) => label.startsWith("js-"));
    if (label === undefined) {
      return { tag: "not-mine", val: { reason: "no label begins with `js-`", label: labels[0] ?? null } };
    }
    const cpus = machines[label];
    if (cpus === undefined) {
      return { tag: "malformed", val: { reason: `there is no machine \`${label}\``, nearest: "js-big" } };
    }
    log.log("info", `${label}: ${cpus} processors`);
    const placement = { ...open, os: "linux", cpuMillis: { least: cpus * 1000, most: null } };
    return { tag: "mine", val: { placement, reason: `\`${label}\` has ${cpus} processors` } };
  },
};
