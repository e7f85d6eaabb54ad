//! The files through which a process speaks to the job, and the variables it starts with.

use std::sync::Arc;
use std::time::Duration;

use act_core::environment::{
    Collect, Collected, Ending, EnvPath, ExecSpec, FileIn, LogicalPath, Root, StopLadder, Target,
};
use act_core::event::{Event, Mark};
use bytes::Bytes;

use crate::contexts;
use crate::executor::{Executor, Halt};
use crate::file_command::{self, FileCommand, LineEnds};
use crate::remark::Remark;
use crate::state::State;
use crate::step::Running;
use crate::variables;

/// Bytes of one file of names and values: what GitHub allows for all outputs of a job, with room to spare.
const FILE_LIMIT: u64 = 64 * 1024 * 1024;

impl State {
    /// Puts a folder before all others on `PATH`.
    pub(crate) fn add_path(&mut self, folder: &str) {
        file_command::prepend(&mut self.path, folder);
    }
}

impl Executor<'_> {
    /// Sets a variable of the steps to come.
    pub(crate) fn set_env(&mut self, name: &str, value: &str) {
        variables::set(&mut self.state.env, name, value, self.env.facts().env_ignores_case);
    }

    /// Returns what steps added to `PATH`, the first to be searched first.
    pub(crate) fn prepended_path(&self) -> Vec<String> {
        self.state.path.iter().rev().cloned().collect()
    }

    /// Runs one process with the files of a step around it. Returns its exit code; `None` when it was
    /// stopped, which `running` tells.
    ///
    /// # Errors
    /// [`Halt::Failed`] when it could not begin.
    pub(crate) async fn run_process(
        &mut self,
        running: &mut Running,
        argv: Vec<String>,
        cwd: EnvPath,
        mut files: Vec<FileIn>,
        extra: &[(String, String)],
    ) -> Result<Option<u32>, Halt> {
        let Some(timeout) = self.time_left(running) else {
            running.timed_out = true;
            return Ok(None);
        };
        let slug = format!("{}-{}", running.at, running.parts);
        let commands = FileCommand::ALL.map(|command| (command, command_file(command, &slug)));
        let variables = self.variables(running, &commands, extra);
        files.extend(commands.iter().map(|(_, path)| FileIn { path: path.clone(), bytes: Bytes::new() }));
        let with_event = !self.state.event_written;
        if with_event {
            files.push(self.event_payload());
        }
        let collect =
            commands.iter().map(|(_, path)| Collect { path: path.clone(), limit: FILE_LIMIT }).collect();
        let spec = ExecSpec {
            target: Target::Job,
            argv,
            env: variables,
            env_of_job: Arc::clone(&self.variables),
            prepend_path: self.prepended_path(),
            cwd,
            timeout,
            stop_ladder: StopLadder::default(),
            files_before: files,
            collect_after: collect,
        };
        let end = self.process(running, spec).await?;
        self.state.event_written |= with_event;
        for ((command, _), file) in commands.iter().zip(&end.files) {
            self.take_file(running, *command, file);
        }
        Ok(match end.how {
            Ending::Exited { code } => Some(code),
            Ending::TimedOut | Ending::Stopped | Ending::NotStarted { .. } | Ending::Lost { .. } => None,
        })
    }

    /// Returns how long the step may still run: `None` when its time is over.
    #[expect(clippy::option_option, reason = "no limit and no time left are two things")]
    fn time_left(&self, running: &Running) -> Option<Option<Duration>> {
        let Some(deadline) = running.deadline else { return Some(None) };
        let left = deadline.duration_since(self.control.now());
        Duration::try_from(left).ok().filter(|left| !left.is_zero()).map(Some)
    }

    fn event_payload(&self) -> FileIn {
        let event = self.contexts.get("github").and_then(|github| github.get("event")).cloned();
        let json = act_expr::json::to_json(&event.unwrap_or_default());
        FileIn { path: contexts::event_file(), bytes: json.into_bytes().into() }
    }

    /// Returns a process's variables beside those that its job gives to all: the step's environment, what its action
    /// saved, then what GitHub sets for the step and nobody overrides. Of one name the last counts.
    fn variables(
        &self,
        running: &Running,
        commands: &[(FileCommand, LogicalPath)],
        extra: &[(String, String)],
    ) -> Vec<(String, String)> {
        let mut variables = vec![("CI".to_owned(), "true".to_owned())];
        variables.extend(running.env.iter().map(|(name, value)| (name.clone(), value.clone())));
        for (name, value) in self.state.saved.get(&running.at.path).into_iter().flatten() {
            variables.push((format!("STATE_{name}"), value.clone()));
        }
        variables.extend_from_slice(extra);
        variables.extend(contexts::variables_of_step(&running.scope.get("github")));
        for (command, path) in commands {
            variables.push((command.variable().to_owned(), self.env.path(&Target::Job, path).0));
        }
        variables
    }

    /// Obeys one of the files a process wrote to.
    fn take_file(&mut self, running: &mut Running, command: FileCommand, file: &Collected) {
        let bytes = match file {
            Collected::Missing => return,
            Collected::TooLarge { size } => {
                if command == FileCommand::StepSummary {
                    self.summary_too_large(running, *size);
                } else {
                    let what = command.context_name();
                    self.fail(running, &format!("Unable to process file command '{what}' successfully."));
                    self.fail(running, &format!("The file holds {size} bytes; {FILE_LIMIT} are allowed."));
                }
                return;
            }
            Collected::Bytes(bytes) if bytes.is_empty() => return,
            Collected::Bytes(bytes) => bytes,
        };
        match command {
            FileCommand::Path => {
                for folder in file_command::read_path(bytes) {
                    self.state.add_path(&folder);
                }
            }
            FileCommand::StepSummary => self.take_summary(running, bytes),
            FileCommand::Env | FileCommand::State | FileCommand::Output => {
                self.take_pairs(running, command, bytes);
            }
        }
    }

    fn take_pairs(&mut self, running: &mut Running, command: FileCommand, bytes: &[u8]) {
        let ends = match self.env.facts().os {
            act_core::place::Os::Windows => LineEnds::CrLf,
            act_core::place::Os::Linux | act_core::place::Os::MacOs => LineEnds::Lf,
        };
        let read = file_command::read_pairs(command, bytes, ends);
        for (name, value) in read.pairs {
            match command {
                FileCommand::Env => self.set_env(&name, &value),
                FileCommand::Output => running.outputs.insert(name, value),
                FileCommand::State => {
                    let saved = self.state.saved.entry(running.at.path.clone()).or_default();
                    saved.insert(name, value);
                }
                FileCommand::Path | FileCommand::StepSummary => {}
            }
        }
        for remark in read.refused {
            self.file_remark(running, &remark);
        }
        if let Some(error) = read.error {
            for line in command.error_lines(&error) {
                self.fail(running, &line);
            }
        }
    }

    fn take_summary(&mut self, running: &mut Running, bytes: &[u8]) {
        if file_command::summary_too_large(bytes.len() as u64).is_some() {
            return self.summary_too_large(running, bytes.len() as u64);
        }
        let masker = &self.masker;
        if let Some(markdown) = file_command::read_summary(bytes, |line| masker.mask(line).into_owned()) {
            self.journal.tell(Event::Summary { step: running.at.clone(), markdown });
        }
    }

    fn summary_too_large(&mut self, running: &Running, size: u64) {
        if let Some(remark) = file_command::summary_too_large(size) {
            self.file_remark(running, &remark);
        }
    }

    fn file_remark(&mut self, running: &Running, remark: &Remark) {
        match remark.mark {
            Mark::Error => self.error(&running.at, &remark.text),
            Mark::Warning => self.warn(&running.at, &remark.text),
            Mark::Debug => self.debug(&running.at, &remark.text),
            Mark::Notice | Mark::Group | Mark::EndGroup | Mark::Command | Mark::Continued => {
                self.say(&running.at, &remark.text);
            }
        }
    }

    fn fail(&mut self, running: &mut Running, message: &str) {
        running.failed = true;
        self.error(&running.at.clone(), message);
    }
}

/// Returns where a process finds the file of a command.
fn command_file(command: FileCommand, slug: &str) -> LogicalPath {
    LogicalPath::new(Root::Scratch, format!("_runner_file_commands/{}{slug}", command.file_prefix()))
}
