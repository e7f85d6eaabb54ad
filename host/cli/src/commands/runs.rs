//! `act-host runs`: what earlier runs did. Lists them, shows one, prints its log.

use std::io::{self, Write};

use act_core::ids::RunId;
use act_report::{self as report, LogFilter, RecordedError};
use act_store::{RunState, RunSummary, Runs};
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use serde_json::json;

use crate::error::CliError;
use crate::exit::Exit;
use crate::folders::Folders;
use crate::stream;
use crate::world::World;

/// Flags of `runs`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Flags {
    #[command(subcommand)]
    command: Option<Commands>,

    /// How many to list, newest first
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: usize,

    /// One JSON object a run
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Commands {
    /// Show the jobs and steps of a run, and what went wrong
    Show(Show),
    /// Print the log of a run, as GitHub writes it
    Logs(Logs),
}

#[derive(Args, Debug)]
struct Show {
    /// The run: its id, the beginning or end of it, or `latest`
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,
}

#[derive(Args, Debug)]
struct Logs {
    /// The run: its id, the beginning or end of it, or `latest`
    #[arg(value_name = "RUN", default_value = "latest")]
    run: String,

    /// Only this job: its name or id
    #[arg(short = 'j', long, value_name = "JOB")]
    job: Option<String>,

    /// Only this step: its name or id
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
}

/// Does what the flags ask.
pub(crate) fn run(flags: &Flags, world: &World) -> Result<Exit, CliError> {
    let runs = Runs::new(&Folders::of(world)?.state);
    match &flags.command {
        None => list(flags, &runs),
        Some(Commands::Show(show)) => {
            let id = find(&runs, &show.run)?;
            told(|out| report::show(&runs, id, &TimeZone::system(), stream::colour_out(), out))
        }
        Some(Commands::Logs(logs)) => {
            let id = find(&runs, &logs.run)?;
            let filter = LogFilter { job: logs.job.clone(), step: logs.step.clone() };
            told(|out| report::logs(&runs, id, &filter, world.terminal, out))
        }
    }
}

fn list(flags: &Flags, runs: &Runs) -> Result<Exit, CliError> {
    let listed = runs.list(Some(flags.limit)).map_err(|error| CliError::new(Exit::Infrastructure, error))?;
    stream::print(|out| {
        if flags.json {
            listed.iter().try_for_each(|run| writeln!(out, "{}", line(run)))
        } else {
            report::list(&listed, &TimeZone::system(), stream::colour_out(), out)
        }
    })?;
    Ok(Exit::Success)
}

/// One run for programs.
fn line(run: &RunSummary) -> serde_json::Value {
    let (state, end) = match &run.state {
        RunState::Running => ("running", None),
        RunState::Interrupted => ("interrupted", None),
        RunState::Finished(end) => ("finished", Some(end)),
    };
    let mut line =
        json!({ "run": run.id.to_string(), "state": state, "started": run.started, "bytes": run.bytes });
    if let Some(end) = end {
        line["conclusion"] = json!(end.conclusion);
        line["infrastructure"] = json!(end.infrastructure);
        line["duration_ms"] = json!(end.duration_ms);
    }
    if let Some(head) = &run.head {
        line["workflow"] = json!(head.workflow);
        line["workflow_file"] = json!(head.workflow_file);
        line["event_name"] = json!(head.event_name);
        line["repository"] = json!(head.repository);
        line["reference"] = json!(head.reference);
        line["sha"] = json!(head.sha);
        line["run_number"] = json!(head.run_number);
    }
    line
}

fn find(runs: &Runs, text: &str) -> Result<RunId, CliError> {
    runs.resolve(text).map_err(|error| CliError::invalid(error).hint("`act-host runs` lists them"))
}

/// Prints what a reader of logs writes, then what it found wrong with the log.
fn told(
    write: impl FnOnce(&mut stream::Out) -> Result<Vec<String>, RecordedError>,
) -> Result<Exit, CliError> {
    let mut wrong = None;
    stream::print(|out| match write(out) {
        Ok(notes) => {
            notes.iter().for_each(|note| stream::complain(&format!("warning: {note}\n")));
            Ok(())
        }
        Err(RecordedError::Write(error)) => Err(error),
        Err(error) => {
            wrong = Some(error);
            Ok::<(), io::Error>(())
        }
    })?;
    match wrong {
        None => Ok(Exit::Success),
        Some(error @ RecordedError::Store(_)) => Err(CliError::new(Exit::Infrastructure, error)),
        Some(error) => Err(CliError::invalid(error)),
    }
}

#[cfg(test)]
mod tests {
    use act_core::Conclusion;
    use act_store::Ended;

    use super::*;

    #[test]
    fn a_run_is_one_json_object_with_what_is_known_of_it() {
        let ended = Ended { conclusion: Conclusion::Failure, infrastructure: false, duration_ms: 7 };
        let id = RunId::from_parts(1, 2);
        let run = RunSummary { id, state: RunState::Finished(ended), started: None, head: None, bytes: 9 };
        insta::assert_snapshot!(line(&run), @r#"{"run":"00000000010000000000000002","state":"finished","started":null,"bytes":9,"conclusion":"failure","infrastructure":false,"duration_ms":7}"#);
        let state = RunState::Interrupted;
        insta::assert_snapshot!(line(&RunSummary { state, ..run }), @r#"{"run":"00000000010000000000000002","state":"interrupted","started":null,"bytes":9}"#);
    }
}
