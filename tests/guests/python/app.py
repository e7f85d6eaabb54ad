"""A label mapper and a policy in one component, straight on the WIT."""

import json

import wit_world.exports
from componentize_py_types import Err
from wit_world.exports import label_mapper, policy
from wit_world.imports import common, config, job, log, placement

MACHINES = {"py-small": 2, "py-big": 16}


def machine(cpus: int, most: int | None = None) -> placement.Placement:
    """Makes a placement that leaves all else to the scheduler."""
    return placement.Placement(
        os=placement.Os.LINUX,
        arch=None,
        cpu_millis=placement.Amount(cpus * 1000, most and most * 1000),
        memory=None,
        disk=None,
        gpu=None,
        image=None,
        pool=None,
        spot=None,
        hops=[],
        priority=None,
        attrs=[],
    )


class LabelMapper(wit_world.exports.LabelMapper):
    """Knows `py-small` and `py-big`."""

    def map_labels(self, ask: label_mapper.Ask) -> label_mapper.Mapped:
        labels = [label.lower() for label in ask.labels]
        mine = [label for label in labels if label.startswith("py-")]
        if not mine:
            return label_mapper.Mapped_NotMine(label_mapper.NotMine("no label begins with `py-`", None))
        cpus = MACHINES.get(mine[0])
        if cpus is None:
            reason = f"there is no machine `{mine[0]}`"
            return label_mapper.Mapped_Malformed(label_mapper.Malformed(reason, "py-big"))
        log.log(log.Level.INFO, f"{mine[0]}: {cpus} processors")
        return label_mapper.Mapped_Mine(label_mapper.Mine(machine(cpus), f"`{mine[0]}` has {cpus} processors"))


class Policy(wit_world.exports.Policy):
    """Keeps jobs small, actions pinned, and forks from secrets."""

    def judge(self, ask: policy.Ask) -> policy.Verdict:
        match ask.phase:
            case policy.Phase_JobStart():
                most = settings().get("most", 4)
                reason = f"no job has more than {most} processors"
                return policy.Verdict_Amend(policy.Amend(policy.Changes_Placement(machine(1, most)), reason))
            case policy.Phase_StepStart(start):
                return judge_step(start.content)
            case policy.Phase_Secret(secret) if ask.facts.trust != job.Trust.SAME_REPOSITORY:
                return policy.Verdict_Deny(f"`{secret.name}` is not for forks")
            case _:
                return policy.Verdict_Abstain()


def judge_step(step: job.StepContent) -> policy.Verdict:
    """Denies actions of others that are not pinned."""
    match step.runs:
        case job.StepRuns_Action(job.Used_Remote(remote)) if not remote.pinned:
            return policy.Verdict_Deny(f"{step.place.file}:{step.place.line}: the action is not pinned")
        case _:
            return policy.Verdict_Allow("the action is pinned, or none")


def settings() -> dict:
    """Returns the settings; an answer of this plugin is an error without them, not a trap."""
    try:
        return json.loads(config.settings())
    except ValueError as error:
        raise Err(common.Error(common.ErrorKind.INVALID, "", f"the settings: {error}", None, [])) from error
