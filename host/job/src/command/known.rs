//! Decides what a workflow command means, and with which words a wrong one is refused.
//!
//! Source: actions/runner `ActionCommandManager.cs`, `Constants.cs`.

use act_core::event::Level;

use super::{Annotation, Command, Name};
use crate::remark::Remark;

/// What the environment allows commands to do. Both are off unless a variable says otherwise: read from
/// the runner's own environment, then from the step's `env` context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// `set-env` and `add-path`: [`Allowed::UNSECURE_COMMANDS`] is `true`, in any case.
    pub unsecure_commands: bool,
    /// Any token for `stop-commands`: [`Allowed::UNSECURE_TOKENS`] is `1`, `true`, `$true`, in any case.
    pub unsecure_tokens: bool,
}

impl Allowed {
    /// Name of a variable.
    pub const UNSECURE_COMMANDS: &'static str = "ACTIONS_ALLOW_UNSECURE_COMMANDS";
    /// Name of a variable.
    pub const UNSECURE_TOKENS: &'static str = "ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS";

    /// Reads the two variables.
    #[must_use]
    pub fn read<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Self {
        let unsecure_commands =
            variable(Self::UNSECURE_COMMANDS).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        let unsecure_tokens = variable(Self::UNSECURE_TOKENS)
            .is_some_and(|value| ["1", "true", "$true"].iter().any(|yes| value.eq_ignore_ascii_case(yes)));
        Self { unsecure_commands, unsecure_tokens }
    }
}

/// What a command asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Mask these from now on: the value, then each of its lines. With echo on, `::add-mask::***` shows.
    AddMask(Vec<String>),
    /// Add the problem matchers of a file. A relative path counts from the workspace.
    AddMatcher {
        /// As written.
        file: String,
    },
    /// Remove the problem matcher of an owner.
    RemoveMatcher {
        /// Without regard to case.
        owner: String,
    },
    /// Remove the problem matchers whose owners a file names. A relative path counts from the workspace.
    RemoveMatchersOf {
        /// As written.
        file: String,
    },
    /// Show a line when debugging.
    Debug(String),
    /// Note a message.
    Annotate(Annotation),
    /// Begin a group of lines.
    Group(String),
    /// End it.
    EndGroup,
    /// Show the lines of commands, or stop it.
    Echo(bool),
    /// Take no commands until the token comes: see [`super::resumes`].
    StopCommands {
        /// The token.
        token: String,
        /// Whether the token is to be masked, for good.
        mask: bool,
    },
    /// Set an output of the step.
    SetOutput {
        /// Not empty.
        name: String,
        /// Value.
        value: String,
    },
    /// Keep a value for the action's later stages.
    SaveState {
        /// Not empty.
        name: String,
        /// Value.
        value: String,
    },
    /// Set a variable for later steps.
    SetEnv {
        /// Not empty.
        name: String,
        /// Value.
        value: String,
    },
    /// Put a folder before all others on `PATH` of later steps.
    AddPath(String),
    /// Nothing: the remarks say why.
    Nothing,
}

/// A command's meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// What to tell first.
    pub remarks: Vec<Remark>,
    /// What to do, or why not: then the step fails.
    pub known: Result<Known, CommandError>,
}

/// Why a command fails its step. The texts are GitHub's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// A property is missing or empty.
    #[error("Required field '{field}' is missing in ##[{}] command.", .command.as_str())]
    Required {
        /// Of which command.
        command: Name,
        /// Its name.
        field: &'static str,
    },
    /// The data must not be empty.
    #[error("Value cannot be null. (Parameter '{0}')")]
    Empty(&'static str),
    /// `echo` with another word than `on` and `off`.
    #[error("Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '{0}'.")]
    Echo(String),
    /// `set-env` or `add-path`, which GitHub switched off.
    #[error("The `{}` command is disabled. Please upgrade to using Environment Files or opt into unsecure command execution by setting the `ACTIONS_ALLOW_UNSECURE_COMMANDS` environment variable to `true`. For more information see: https://github.blog/changelog/2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/", .0.as_str())]
    Disabled(Name),
    /// `stop-commands` with a token that anyone could guess.
    #[error(
        "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command. For more information see: https://docs.github.com/actions/learn-github-actions/workflow-commands-for-github-actions#example-stopping-and-starting-workflow-commands or opt into insecure command execution by setting the `ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` environment variable to `true`."
    )]
    Token,
}

impl CommandError {
    /// Returns the error lines of the log, in order. `line` is the line that held the command.
    #[must_use]
    pub fn lines(&self, command: &Command, line: &str) -> Vec<String> {
        // The runner checks the token outside of what catches the errors of commands.
        if matches!(self, Self::Token) {
            return vec![self.to_string()];
        }
        let shown = if command.name.omits_echo() { command.name.as_str() } else { line };
        vec![format!("Unable to process command '{shown}' successfully."), self.to_string()]
    }
}

impl Command {
    /// Says what the command means.
    #[must_use]
    pub fn interpret(&self, allowed: Allowed) -> Meaning {
        let mut remarks = Vec::new();
        let known = self.known(allowed, &mut remarks);
        Meaning { remarks, known }
    }

    fn known(&self, allowed: Allowed, remarks: &mut Vec<Remark>) -> Result<Known, CommandError> {
        Ok(match self.name {
            Name::AddMask => self.add_mask(remarks),
            Name::AddMatcher if self.data.is_empty() => warn(remarks, "File path must be specified."),
            Name::AddMatcher => Known::AddMatcher { file: self.data.clone() },
            Name::AddPath => return self.add_path(allowed),
            Name::Debug => Known::Debug(self.data.clone()),
            Name::Echo => return self.echo(remarks),
            Name::EndGroup => Known::EndGroup,
            Name::Error => Known::Annotate(Annotation::read(Level::Error, self, remarks)),
            Name::Group => Known::Group(self.data.clone()),
            Name::Notice => Known::Annotate(Annotation::read(Level::Notice, self, remarks)),
            Name::RemoveMatcher => self.remove_matcher(remarks),
            Name::SaveState => {
                remarks.push(self.deprecated());
                Known::SaveState { name: self.required("name")?, value: self.data.clone() }
            }
            Name::SetEnv => return self.set_env(allowed, remarks),
            Name::SetOutput => {
                remarks.push(self.deprecated());
                Known::SetOutput { name: self.required("name")?, value: self.data.clone() }
            }
            Name::StopCommands => return self.stop_commands(allowed),
            Name::Warning => Known::Annotate(Annotation::read(Level::Warning, self, remarks)),
        })
    }

    fn required(&self, field: &'static str) -> Result<String, CommandError> {
        match self.properties.get(field) {
            Some(value) if !value.is_empty() => Ok(value.to_owned()),
            _ => Err(CommandError::Required { command: self.name, field }),
        }
    }

    fn deprecated(&self) -> Remark {
        Remark::warning(format!(
            "The `{}` command is deprecated and will be disabled soon. Please upgrade to using Environment Files. For more information see: https://github.blog/changelog/2022-10-11-github-actions-deprecating-save-state-and-set-output-commands/",
            self.name.as_str()
        ))
    }

    fn add_mask(&self, remarks: &mut Vec<Remark>) -> Known {
        if self.data.trim().is_empty() {
            return warn(remarks, "Can't add secret mask for empty string in ##[add-mask] command.");
        }
        let lines = self.data.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty());
        let mut values = vec![self.data.clone()];
        values.extend(lines.filter(|line| *line != self.data).map(str::to_owned));
        Known::AddMask(values)
    }

    fn remove_matcher(&self, remarks: &mut Vec<Remark>) -> Known {
        let owner = self.properties.get("owner").unwrap_or_default();
        match (owner.is_empty(), self.data.is_empty()) {
            (false, false) => warn(
                remarks,
                "Either specify an owner name or a file path in ##[remove-matcher] command. Both values cannot be set.",
            ),
            (true, true) => warn(
                remarks,
                "Either an owner name or a file path must be specified in ##[remove-matcher] command.",
            ),
            (false, true) => Known::RemoveMatcher { owner: owner.to_owned() },
            (true, false) => Known::RemoveMatchersOf { file: self.data.clone() },
        }
    }

    fn add_path(&self, allowed: Allowed) -> Result<Known, CommandError> {
        if !allowed.unsecure_commands {
            return Err(CommandError::Disabled(self.name));
        }
        if self.data.is_empty() {
            return Err(CommandError::Empty("path"));
        }
        Ok(Known::AddPath(self.data.clone()))
    }

    fn set_env(&self, allowed: Allowed, remarks: &mut Vec<Remark>) -> Result<Known, CommandError> {
        if !allowed.unsecure_commands {
            return Err(CommandError::Disabled(self.name));
        }
        let name = self.required("name")?;
        if name.eq_ignore_ascii_case("NODE_OPTIONS") {
            let text = "Can't update NODE_OPTIONS environment variable using ::set-env:: command.";
            remarks.push(Remark::annotation(Level::Error, text));
            return Ok(Known::Nothing);
        }
        Ok(Known::SetEnv { name, value: self.data.clone() })
    }

    fn echo(&self, remarks: &mut Vec<Remark>) -> Result<Known, CommandError> {
        if self.data.is_empty() {
            return Err(CommandError::Empty("value"));
        }
        let on = match self.data.trim() {
            word if word.eq_ignore_ascii_case("on") => true,
            word if word.eq_ignore_ascii_case("off") => false,
            _ => return Err(CommandError::Echo(self.data.clone())),
        };
        let word = if on { "on" } else { "off" };
        remarks.push(Remark::debug(format!("Setting echo command value to '{word}'")));
        Ok(Known::Echo(on))
    }

    fn stop_commands(&self, allowed: Allowed) -> Result<Known, CommandError> {
        let token = self.data.clone();
        let guessable =
            token.is_empty() || Name::find(&token).is_some() || token.eq_ignore_ascii_case("pause-logging");
        if guessable && !allowed.unsecure_tokens {
            return Err(CommandError::Token);
        }
        // The runner's length counts UTF-16 units.
        let mask = token.encode_utf16().count() > 6;
        Ok(Known::StopCommands { token, mask })
    }
}

fn warn(remarks: &mut Vec<Remark>, text: &str) -> Known {
    remarks.push(Remark::warning(text));
    Known::Nothing
}
