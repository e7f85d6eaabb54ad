// A policy, straight on the WIT: actions of others are pinned, forks get no secrets; jobs of `octo/hello` stay small.
import config from "act-host:host/config@0.1.0";

const abstain = { tag: "abstain" };

function unpinned(step) {
  const { runs } = step;
  const isUnpinned = runs.tag === "action" && runs.val.tag === "remote" && !runs.val.val.pinned;
  return isUnpinned ? `${step.place.file}:${step.place.line}: the action is not pinned` : null;
}

function judge({ facts, phase }) {
  switch (phase.tag) {
    case "job-start": {
      const most = JSON.parse(config.settings()).most ?? 4;
      const patch = { tag: "placement", val: { ...open, cpuMillis: { least: 1000, most: most * 1000 } } };
      return { tag: "amend", val: { changes: patch, reason: `no job has more than ${most} processors` } };
    }
    case "step-start": {
      const reason = unpinned(phase.val.content);
      return reason === null ? { tag: "allow", val: "the action is pinned, or none" } : { tag: "deny", val: reason };
    }
    case "secret":
      return facts.trust === "same-repository"
        ? abstain
        : { tag: "deny", val: `\`${phase.val.name}\` is not for forks` };
    default:
      return abstain;
  }
}

const open = {
  os: null, arch: null, cpuMillis: null, memory: null, disk: null, gpu: null, image: null,
  pool: null, spot: null, hops: [], priority: null, attrs: [],
};

export const policy = { judge };
