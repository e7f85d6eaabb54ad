//! Runs the processes of one job where they are to run, and serves them to a host over one session.
//!
//! ```text
//! serve      listens, watches signals and the host's absence    flags, places   what it was told, what it finds
//! station    what is known here: processes, epochs, sessions    session, outbox one stream: what is read, what is sent
//! exec       one process, from its files to its end             asks, uploads   file work that a host asks for
//! journal    what was begun and how it ended, on disk           spool           output, on disk until acknowledged
//! parting    what stays when the machine is gone                lines           what people see of it
//! proxy, install   joins streams to the socket; puts the program somewhere
//! ```
//! One static program, no runtime: a thread a process and two a stream. It knows nothing of GitHub. Whatever happens is
//! in the journal before it is told. A process is started once, whatever is asked how often, also by an agent that took
//! over the journal of one that was killed; a process whose end nobody saw is lost, and never a success.
#![warn(missing_docs)]

mod asks;
mod bell;
mod exec;
mod exit;
mod flags;
mod install;
mod journal;
mod lines;
mod outbox;
mod parting;
mod places;
mod proxy;
mod serve;
mod session;
mod spool;
mod station;
mod uploads;

pub use exit::Exit;

use std::ffi::OsString;
use std::io::Write;

use flags::Command;

const USAGE: &str = "\
Runs the processes of one job, and serves them to act-host.

Usage: act-agent serve --dir DIR [flags]   serve on DIR/agent.sock until told to end
       act-agent proxy --dir DIR           join standard input and output to that socket
       act-agent install DEST              copy this program to DEST, and see whether it runs there
       act-agent --version                 name, version, version of the protocol

Flags of serve:
  --dir DIR                   socket, journal and uploads lie here
  --job LAUNCH                serve this launch only [default: that of the first host]
  --epoch N                   refuse hosts of a lower epoch [default: 0]
  --orphan-grace TIME         end after so long without a host: 600, 600s, 10m [default: 10m]
  --termination-message FILE  write how each process ended to FILE, at most 4096 bytes
  --journal-cap BYTES         output kept of one process until it is acknowledged [default: 67108864]
  --name NAME                 what people call this machine [default: its host name]
  --marker NAME               variable that marks every process started here [default: ACT_AGENT_ID]
  --home DIR                  HOME where the image's cannot be written [default: DIR/home]
  --workspace DIR --work DIR --temp DIR --scratch DIR --actions DIR --tools DIR
                              places of the job [default: below DIR]

Exit codes: 0 told to end, 2 wrong usage, 3 cannot serve, 4 no host for too long, 128 + N signal N
";

/// Runs the program; arguments without its name.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let done = match flags::parse(arguments) {
        Ok(Command::Help) => say(USAGE),
        Ok(Command::Version) => say(&format!("{}\n", version())),
        Ok(Command::Serve(flags)) => serve::serve(*flags),
        Ok(Command::Proxy { dir }) => proxy::proxy(&dir).map(|()| Exit::Done),
        Ok(Command::Install { dest }) => install::install(&dest).map(|()| Exit::Done),
        Err(wrong) => {
            complain(&format!("{wrong}\n\n{USAGE}"));
            return Exit::Usage;
        }
    };
    done.unwrap_or_else(|cannot| {
        complain(&format!("{cannot}\n"));
        Exit::CannotServe
    })
}

/// Returns which agent this is.
pub(crate) fn version() -> String {
    format!("act-agent {} (protocol {})", env!("CARGO_PKG_VERSION"), act_protocol::VERSION)
}

fn say(text: &str) -> Result<Exit, exit::Cannot> {
    let failed = |error| exit::Cannot(format!("cannot write: {error}"));
    std::io::stdout().write_all(text.as_bytes()).map_err(failed)?;
    Ok(Exit::Done)
}

fn complain(text: &str) {
    // Who cannot be told learns it from the exit code.
    let _ = std::io::stderr().write_all(format!("act-agent: {text}").as_bytes());
}
