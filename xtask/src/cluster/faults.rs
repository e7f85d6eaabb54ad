//! What a bed is asked for while it runs: how it is, and faults. One line a connection, over a socket in its folder.
//!
//! ```text
//! status                     the bed's state, then a line a component: name, starts, process
//! apiserver-kill             kill -9; the program is started again at once
//! kubelet-restart            SIGTERM; started again when it has ended
//! apiserver-pause 60         stopped for 60 seconds: connections stay, nothing answers
//! apiserver-down 60          killed, and started again only after 60 seconds: connections are refused
//! ```
//!
//! The answer is `ok`, or `error: ` and the reason; it comes when the fault is there, not when it is over.

use std::time::Duration;

/// What happens to a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Kill,
    Restart,
    Pause(Duration),
    Down(Duration),
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Status,
    Fault(&'static str, Fault),
}

/// Short names of components, as faults begin with.
const NAMES: [(&str, &str); 7] = [
    ("apiserver", "kube-apiserver"),
    ("controllers", "kube-controller-manager"),
    ("scheduler", "kube-scheduler"),
    ("kubelet", "kubelet"),
    ("containerd", "containerd"),
    ("etcd", "etcd"),
    ("registry", "registry"),
];

impl Request {
    /// Reads a line.
    ///
    /// # Errors
    /// What there is instead.
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split_whitespace();
        let (word, time) = (words.next().unwrap_or_default(), words.next());
        if word == "status" {
            return Ok(Self::Status);
        }
        let unknown = || format!("no such fault: `{}`; there are {}", line.trim(), usage());
        let (short, verb) = word.split_once('-').ok_or_else(unknown)?;
        let (_, name) = NAMES.iter().find(|(known, _)| *known == short).ok_or_else(unknown)?;
        let seconds = || {
            let text = time.ok_or_else(|| format!("{word} needs seconds: `{word} 5`"))?;
            let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            seconds.ok_or_else(|| format!("`{text}` are no seconds"))
        };
        let fault = match verb {
            "kill" => Fault::Kill,
            "restart" => Fault::Restart,
            "pause" => Fault::Pause(seconds()?),
            "down" => Fault::Down(seconds()?),
            _ => return Err(unknown()),
        };
        Ok(Self::Fault(name, fault))
    }
}

/// Says which faults there are.
pub(crate) fn usage() -> String {
    let names: Vec<_> = NAMES.iter().map(|(short, _)| *short).collect();
    format!("{{{}}}-{{kill, restart, pause SECONDS, down SECONDS}}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_a_component_and_what_happens_to_it() {
        for (line, wanted) in [
            ("status\n", Ok(Request::Status)),
            ("apiserver-kill", Ok(Request::Fault("kube-apiserver", Fault::Kill))),
            ("kubelet-restart", Ok(Request::Fault("kubelet", Fault::Restart))),
            ("etcd-pause 0.5", Ok(Request::Fault("etcd", Fault::Pause(Duration::from_millis(500))))),
            ("apiserver-down 60", Ok(Request::Fault("kube-apiserver", Fault::Down(Duration::from_secs(60))))),
            ("apiserver-pause", Err("needs seconds")),
            ("apiserver-pause -1", Err("are no seconds")),
            ("apiserver-explode", Err("no such fault")),
            ("nothing", Err("no such fault")),
        ] {
            match (Request::parse(line), wanted) {
                (Ok(got), Ok(wanted)) => assert_eq!(got, wanted, "{line}"),
                (Err(got), Err(wanted)) => assert!(got.contains(wanted), "{line}: {got}"),
                (got, wanted) => panic!("{line}: {got:?}, not {wanted:?}"),
            }
        }
    }
}
