//! Decides what became of a process whose machine is gone. Pure.
//!
//! Three things prove an end: the journal, which the session brings while the machine lives; what the agent left behind;
//! and how its container exited. What was left behind says how a process ended and how much it wrote: with all of that
//! here, and no file missing that held something, the end is proven. In every other case the process is lost. The exit
//! of the container alone says what to tell people, and never that a step succeeded.

use act_core::environment::{Collected, Ending, EnvironmentError, ExecEnd, Followed};
use act_protocol::{Cursor, Parting, PartingEnd};

use crate::convert::lost;
use crate::dial::Verdict;

/// A machine that is gone.
#[derive(Debug)]
pub(crate) struct Fate {
    launch: String,
    /// In one line, for people.
    pub(crate) why: String,
    parting: Parting,
}

impl Fate {
    pub(crate) fn new(launch: &str, given_up: &str, verdict: &Verdict) -> Self {
        let parting = verdict.parting.as_deref().and_then(|text| serde_json::from_str::<Parting>(text).ok());
        let parting =
            parting.filter(|parting| parting.job.is_empty() || parting.job == launch).unwrap_or_default();
        let mut why = if verdict.reason.is_empty() { given_up.to_owned() } else { verdict.reason.clone() };
        if let Some(own) = parting.why.as_ref().filter(|own| !why.contains(own.as_str())) {
            why.push_str(&format_args!(" ({own})").to_string());
        }
        if let Some(exit) = verdict.exit
            && !why.ends_with(&format!("exit code {exit}"))
        {
            why.push_str(&format_args!("; its agent exited with {exit}").to_string());
        }
        Self { launch: launch.to_owned(), why, parting }
    }

    pub(crate) fn error(&self) -> EnvironmentError {
        EnvironmentError::Lost(self.why.clone())
    }

    /// Says how a process ended of which `received` is here.
    pub(crate) fn conclude(&self, exec: &str, received: Cursor) -> Result<Followed, EnvironmentError> {
        let known = self.parting.ends.iter().find(|end| self.is_of(end, exec)).ok_or_else(|| self.error())?;
        Ok(Followed::Ended(proven(known, received).unwrap_or_else(|| lost(self.half_known(known)))))
    }

    fn is_of(&self, end: &PartingEnd, exec: &str) -> bool {
        let short = exec.strip_prefix(&self.launch).and_then(|rest| rest.strip_prefix('/'));
        end.id == exec || short.is_some_and(|short| end.id == short)
    }

    fn half_known(&self, end: &PartingEnd) -> String {
        let exit = end.code.map_or_else(|| end.how.clone(), |code| format!("exit code {code}"));
        format!("{}; the process had ended ({exit}), but what it wrote was lost", self.why)
    }
}

/// Returns the end, if everything that belongs to it is here.
fn proven(end: &PartingEnd, received: Cursor) -> Option<ExecEnd> {
    let how = match (end.how.as_str(), end.code) {
        ("exited", Some(code)) => Ending::Exited { code },
        ("timed-out", _) => Ending::TimedOut,
        ("stopped", _) => Ending::Stopped,
        _ => return None,
    };
    let file = |letter| match letter {
        'e' => Some(Collected::Bytes(bytes::Bytes::new())),
        'm' => Some(Collected::Missing),
        _ => None,
    };
    let files = end.files.chars().map(file).collect::<Option<Vec<_>>>()?;
    (received == end.written()).then_some(ExecEnd { how, files })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(parting: &str, exit: Option<i32>) -> Fate {
        let verdict =
            Verdict { reason: "the pod was evicted".to_owned(), parting: Some(parting.to_owned()), exit };
        Fate::new("run/x/1.1", "no answer", &verdict)
    }

    fn concluded(fate: &Fate, stdout: u64) -> String {
        match fate.conclude("run/x/1.1/0-main-0", Cursor { stdout, stderr: 2 }) {
            Ok(Followed::Ended(end)) => format!("{:?} {}", end.how, end.files.len()),
            other => format!("{other:?}"),
        }
    }

    fn end(how: &str, files: &str) -> String {
        format!(
            r#"{{"v":1,"job":"run/x/1.1","ends":[{{"id":"0-main-0",{how},"out":5,"err":2,"files":"{files}"}}]}}"#
        )
    }

    #[test]
    fn only_a_written_end_with_all_its_output_is_one() {
        let lost = "the process had ended";
        for (case, parting, received, expected) in [
            ("all is here", end(r#""how":"exited","code":0"#, "em"), 5, "Exited { code: 0 } 2"),
            ("a failure, too", end(r#""how":"exited","code":3"#, ""), 5, "Exited { code: 3 } 0"),
            ("its time was up", end(r#""how":"timed-out""#, "e"), 5, "TimedOut 1"),
            ("output is missing", end(r#""how":"exited","code":0"#, "em"), 4, lost),
            ("more came than was written", end(r#""how":"exited","code":0"#, "em"), 6, lost),
            ("a file is missing", end(r#""how":"exited","code":0"#, "ex"), 5, lost),
            ("it was lost there", end(r#""how":"lost""#, ""), 5, lost),
            ("no code", end(r#""how":"exited""#, ""), 5, lost),
            (
                "not its machine",
                end(r#""how":"exited","code":0"#, "").replace("run/x", "run/y"),
                5,
                "Err(Lost",
            ),
            (
                "another process",
                end(r#""how":"exited","code":0"#, "").replace("0-main", "1-main"),
                5,
                "Err(Lost",
            ),
            ("no message", String::new(), 5, "Err(Lost"),
            ("half a message", end(r#""how":"exited","code":0"#, "em")[..60].to_owned(), 5, "Err(Lost"),
        ] {
            let told = concluded(&fate(&parting, Some(0)), received);
            assert!(told.contains(expected), "{case}: {told}");
            assert!(expected.starts_with("Exited") || !told.contains("Exited"), "{case}: {told}");
        }
    }

    #[test]
    fn the_reason_names_all_that_is_known() {
        let told = fate(r#"{"v":1,"why":"no host for 600 s"}"#, Some(4)).why;
        assert_eq!(told, "the pod was evicted (no host for 600 s); its agent exited with 4");
        assert_eq!(Fate::new("l", "no answer for 10 s", &Verdict::default()).why, "no answer for 10 s");
    }
}
