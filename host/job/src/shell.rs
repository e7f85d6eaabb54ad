//! Decides how a script is run: which program, with which arguments, in a file of which name and with
//! which lines added.
//!
//! Does not look for programs: the caller looks for [`Shell::candidates`] in turn. Nothing is wrong with
//! a shell until its program is found; then [`Shell::arguments`] says so, as on GitHub.
//!
//! Source: actions/runner `ScriptHandler.cs`, `ScriptHandlerHelpers.cs`; .NET `Process.Unix.cs`.

mod format;
mod split;
#[cfg(test)]
mod tests;

/// Where scripts run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Linux or macOS, on the machine itself.
    Unix,
    /// The job's container.
    Container,
    /// Windows.
    Windows,
}

/// How scripts of a step are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// First word of what was asked for, or the shell GitHub takes the default for.
    command: String,
    /// What follows the program, with `{0}` for the script.
    format: String,
    candidates: Vec<String>,
    host: Host,
}

/// Why a script cannot run. The texts are GitHub's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShellError {
    /// No candidate was found.
    #[error("{0}: command not found")]
    NotFound(String),
    /// The step's `shell` begins with a blank.
    #[error("Value cannot be null. (Parameter 'command')")]
    NoCommand,
    /// Not built in, and without a place for the script.
    #[error(
        "Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, powershell, pwsh) or a format string containing '{{0}}'"
    )]
    Invalid,
    /// Braces that .NET's `string.Format` refuses.
    #[error("Input string was not in a correct format. Failure to parse near offset {offset}. {reason}")]
    Format {
        /// UTF-16 units from the start of the arguments.
        offset: usize,
        /// What is wrong there.
        reason: &'static str,
    },
    /// `{1}` and above.
    #[error(
        "Index (zero based) must be greater than or equal to zero and less than the size of the argument list."
    )]
    Index,
}

impl Shell {
    /// Reads the `shell` of a step, or of the defaults. Empty is as good as unset: then `bash -e`, or
    /// `sh -e` where there is no bash or in a container; on Windows `pwsh`, else `powershell`.
    #[must_use]
    pub fn parse(asked: Option<&str>, host: Host) -> Self {
        let Some(asked) = asked.filter(|asked| !asked.is_empty()) else { return Self::default_for(host) };
        let (command, rest) = asked.split_once(' ').unwrap_or((asked, ""));
        let rest = rest.trim_start();
        let format = if rest.is_empty() { built_in(command).map_or("", |shell| shell.1) } else { rest };
        Self::new(command, format, &[command], host)
    }

    /// Reads the shell of a hook, one of `bash`, `sh`, `pwsh` and `powershell`: as for a step, only that
    /// `bash` is given the arguments of `sh`.
    #[must_use]
    pub fn for_hook(shell: &str, host: Host) -> Self {
        if shell == "bash" {
            Self::new(shell, SH_FORMAT, &[shell], host)
        } else {
            Self::parse(Some(shell), host)
        }
    }

    fn default_for(host: Host) -> Self {
        match host {
            Host::Unix => Self::new("sh", SH_FORMAT, &["bash", "sh"], host),
            Host::Container => Self::new("sh", SH_FORMAT, &["sh"], host),
            Host::Windows => Self::new("pwsh", POWERSHELL_FORMAT, &["pwsh", "powershell"], host),
        }
    }

    fn new(command: &str, format: &str, candidates: &[&str], host: Host) -> Self {
        let candidates = candidates.iter().map(|name| (*name).to_owned()).collect();
        Self { command: command.to_owned(), format: format.to_owned(), candidates, host }
    }

    /// Returns the programs to look for; the first one found is run. A path is taken as it is.
    pub fn candidates(&self) -> impl Iterator<Item = &str> {
        self.candidates.iter().map(String::as_str)
    }

    /// Returns the error for the case that none of the candidates was found.
    #[must_use]
    pub fn not_found(&self) -> ShellError {
        match self.candidates.last() {
            Some(name) if !name.is_empty() => ShellError::NotFound(name.clone()),
            _ => ShellError::NoCommand,
        }
    }

    /// Returns the end of the script's file name, with its dot; empty for a program unknown to GitHub.
    #[must_use]
    pub fn extension(&self) -> &'static str {
        built_in(&self.command).map_or("", |shell| shell.2)
    }

    /// Returns what the log shows behind `shell: `. `program` is where the program was found.
    #[must_use]
    pub fn display(&self, program: Option<&str>) -> String {
        let program = program.filter(|program| !program.is_empty()).unwrap_or(&self.command);
        format!("{program} {}", self.format)
    }

    /// Returns the script's file: lines that a shell needs are put around it, and on Windows lines end
    /// by CRLF. Always without a byte order mark.
    #[must_use]
    pub fn script(&self, contents: &str) -> String {
        let fixed = self.fix_up(contents);
        match self.host {
            Host::Windows => fixed.replace("\r\n", "\n").replace('\n', "\r\n"),
            Host::Unix | Host::Container => fixed,
        }
    }

    fn fix_up(&self, contents: &str) -> String {
        // Unlike everywhere else, case counts.
        match self.command.as_str() {
            "cmd" => format!("@echo off\n{contents}"),
            "pwsh" | "powershell" => format!(
                "$ErrorActionPreference = 'stop'\n{contents}\nif ((Test-Path -LiteralPath variable:\\LASTEXITCODE)) {{ exit $LASTEXITCODE }}"
            ),
            _ => contents.to_owned(),
        }
    }

    /// Returns the arguments as one text, as Windows takes it.
    ///
    /// # Errors
    /// [`ShellError::Invalid`] without `{0}`; [`ShellError::Format`] and [`ShellError::Index`] for braces
    /// that are not `{0}`, `{{` or `}}`.
    pub fn arguments_text(&self, script: &str) -> Result<String, ShellError> {
        if !self.format.contains("{0}") {
            return Err(ShellError::Invalid);
        }
        format::format(&self.format, &script.replace('"', "\\\""))
    }

    /// Returns the arguments behind the program, split as .NET does on Unix: at blanks outside of double
    /// quotes; `\"` is a quote, `""` inside of quotes too. Single quotes mean nothing. Blanks in the script's
    /// own path never split it: GitHub's runner cannot live in such a folder, we can.
    ///
    /// # Errors
    /// See [`Shell::arguments_text`].
    pub fn arguments(&self, script: &str) -> Result<Vec<String>, ShellError> {
        let text = self.arguments_text(&script.replace(' ', BLANK))?;
        Ok(split::split(&text).into_iter().map(|argument| argument.replace(BLANK, " ")).collect())
    }
}

/// Stands for a blank of the script's path while arguments are split: no path holds it.
const BLANK: &str = "\u{f8ff}";

const SH_FORMAT: &str = "-e {0}";
const POWERSHELL_FORMAT: &str = "-command \". '{0}'\"";

/// Name, arguments and file extension.
type BuiltIn = (&'static str, &'static str, &'static str);

const BUILT_IN: [BuiltIn; 6] = [
    ("cmd", "/D /E:ON /V:OFF /S /C \"CALL \"{0}\"\"", ".cmd"),
    ("pwsh", POWERSHELL_FORMAT, ".ps1"),
    ("powershell", POWERSHELL_FORMAT, ".ps1"),
    ("bash", "--noprofile --norc -e -o pipefail {0}", ".sh"),
    ("sh", SH_FORMAT, ".sh"),
    ("python", "{0}", ".py"),
];

fn built_in(command: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|shell| shell.0.eq_ignore_ascii_case(command))
}
