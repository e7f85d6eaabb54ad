//! Flags that `act` has and this program has not, each with the reason: never a silent ignore.

/// Why a flag of `act` does not exist here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// Will exist; the text names what is missing.
    NotYet(&'static str),
    /// Would change nothing; the text says why.
    NoMeaning(&'static str),
}

impl Absence {
    /// Returns the sentence for the user, without the flag's name.
    pub(crate) fn sentence(self) -> String {
        match self {
            Self::NotYet(what) => format!("not built yet: {what}"),
            Self::NoMeaning(why) => format!("no meaning here: {why}"),
        }
    }
}

const CONTAINERS: Absence = Absence::NotYet("jobs in containers");
const SERVERS: Absence = Absence::NotYet("the artifact and cache services");
const OTHER_SERVERS: Absence = Absence::NotYet("GitHub Enterprise Server");

/// Names of one flag, and why it is not here.
type Entry = (&'static [&'static str], Absence);

/// Every flag of act 0.2.89, and of the design of its Kubernetes backend, that this program lacks.
const FLAGS: &[Entry] = &[
    (&["--artifact-server-addr"], SERVERS),
    (&["--artifact-server-path"], SERVERS),
    (&["--artifact-server-port"], SERVERS),
    (&["--bug-report"], Absence::NotYet("a report of the environment")),
    (&["--cache-server-addr"], SERVERS),
    (&["--cache-server-external-url"], SERVERS),
    (&["--cache-server-path"], SERVERS),
    (&["--cache-server-port"], SERVERS),
    (&["--container-architecture"], CONTAINERS),
    (&["--container-cap-add"], CONTAINERS),
    (&["--container-cap-drop"], CONTAINERS),
    (&["--container-daemon-socket"], CONTAINERS),
    (&["--container-options"], CONTAINERS),
    (&["--detect-event"], Absence::NotYet("name the event as the first argument")),
    (&["--github-instance"], OTHER_SERVERS),
    (&["--k8s-storage-class"], Absence::NotYet("persistent volumes")),
    (&["--list-options"], Absence::NotYet("the flags as JSON")),
    (&["--log-prefix-job-id"], Absence::NotYet("another prefix of log lines")),
    (&["--man-page"], Absence::NotYet("a manual page; see `--help`")),
    (&["--network"], CONTAINERS),
    (&["--no-cache-server"], Absence::NoMeaning("no cache server is started")),
    (&["--no-skip-checkout"], Absence::NoMeaning("`actions/checkout` is never skipped")),
    (&["--privileged"], CONTAINERS),
    (&["--pull", "-p"], CONTAINERS),
    (&["--rebuild"], CONTAINERS),
    (&["--replace-ghe-action-token-with-github-com"], OTHER_SERVERS),
    (&["--replace-ghe-action-with-github-com"], OTHER_SERVERS),
    (&["--reuse", "-r"], Absence::NotYet("machines that are used again")),
    (&["--rm"], Absence::NoMeaning("what a job leaves is always removed, unless `--keep` is given")),
    (&["--strict"], Absence::NoMeaning("files are always checked against GitHub's current schema")),
    (&["--use-gitignore"], Absence::NoMeaning("files that git ignores are never copied")),
    (&["--use-new-action-cache"], Absence::NoMeaning("there is only one action cache")),
    (&["--userns"], CONTAINERS),
    (&["--watch", "-w"], Absence::NotYet("running again when files change")),
];

/// Returns why `flag`, written `--long` or `-s`, is not here; `None` when it is no flag of `act` either.
pub(crate) fn absence(flag: &str) -> Option<Absence> {
    FLAGS.iter().find(|(names, _)| names.contains(&flag)).map(|(_, absence)| *absence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::RunFlags;
    use clap::Args;

    #[test]
    fn no_flag_is_both_here_and_absent() {
        let command = RunFlags::augment_args(clap::Command::new("run"));
        for argument in command.get_arguments() {
            let long = argument.get_long().map(|name| format!("--{name}"));
            let short = argument.get_short().map(|name| format!("-{name}"));
            for name in long.into_iter().chain(short) {
                assert_eq!(absence(&name), None, "{name}");
            }
        }
    }

    #[test]
    fn every_flag_of_act_is_here_or_its_absence_is_explained() {
        const ACT: &str = "action-cache-path action-offline-mode actor artifact-server-addr artifact-server-path \
            artifact-server-port bind bug-report cache-server-addr cache-server-external-url cache-server-path \
            cache-server-port concurrent-jobs container-architecture container-cap-add container-cap-drop \
            container-daemon-socket container-options defaultbranch detect-event directory dryrun env env-file eventpath \
            github-instance graph input input-file insecure-secrets job json list list-options local-repository \
            log-prefix-job-id man-page matrix network no-cache-server no-recurse no-skip-checkout platform privileged pull \
            quiet rebuild remote-name replace-ghe-action-token-with-github-com replace-ghe-action-with-github-com reuse rm \
            secret secret-file strict use-gitignore use-new-action-cache userns validate var var-file verbose watch workflows";
        let command = RunFlags::augment_args(clap::Command::new("run"));
        for name in ACT.split_whitespace() {
            let here = command.get_arguments().any(|argument| argument.get_long() == Some(name));
            assert!(here || absence(&format!("--{name}")).is_some(), "--{name}");
        }
    }
}
