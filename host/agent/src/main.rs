//! The program; see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    act_agent::run(std::env::args_os().skip(1)).into()
}
