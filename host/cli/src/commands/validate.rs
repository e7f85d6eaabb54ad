//! `act-host validate [PATH…]`: checks workflows and actions, and shows all mistakes at once.

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::check::{self, Kind, Subject};
use crate::config::Selection;
use crate::diagnostics::CheckedFile;
use crate::discover::{self, DEFAULT, DiscoverError};
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::SelectionFlags;
use crate::parallel;
use crate::repository_files::Roots;
use crate::stream;
use crate::world::World;

/// Where local actions usually are.
const ACTIONS: &str = ".github/actions";

/// Flags of `validate`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Flags {
    /// Files and folders [default: .github/workflows, .github/actions, and action.yml in the root]
    ///
    /// A file named action.yml or action.yaml is checked as an action, any other as a workflow. Of a folder
    /// that has a .github folder the same is checked as by default, of another one all its YAML files.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// How to show what is wrong
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
}

/// How mistakes are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, with excerpts
    #[default]
    Text,
    /// One JSON object a file: {"file", "jobs", "errors": [{"message", "line", "column", …}]}
    Json,
    /// `::error` commands, which GitHub shows at the lines
    Github,
}

/// Nothing was found to check.
#[derive(Debug, thiserror::Error)]
#[error("there are neither workflows nor actions in {}", path.display())]
struct NothingToCheck {
    path: PathBuf,
}

/// Checks what the flags name.
pub(crate) fn run(flags: &Flags, world: &World) -> Result<Exit, CliError> {
    report(&subjects(&flags.paths, world)?, flags.format, world)
}

/// Checks the workflows that `run` would read.
pub(crate) fn selected(flags: SelectionFlags, json: bool, world: &World) -> Result<Exit, CliError> {
    let selection = Selection::resolve(flags, world)?;
    let files = discover::workflows(&selection.root, &selection.workflows, selection.recurse)?;
    let subjects: Vec<_> = files
        .into_iter()
        .map(|file| Subject { path: file.path, kind: Kind::Workflow, root: selection.root.clone() })
        .collect();
    report(&subjects, if json { Format::Json } else { Format::Text }, world)
}

fn report(subjects: &[Subject], format: Format, world: &World) -> Result<Exit, CliError> {
    let mut seen = HashSet::new();
    let mut count = Count::default();
    let colour = stream::colour_out();
    stream::print(|out| {
        let mut written = Ok(());
        parallel::map_in_order(
            subjects,
            |subject| Checked::of(check::check(subject, world), format),
            |checked| {
                count.add(&checked);
                // A reader who goes away does not change the verdict: the rest is checked all the same.
                if written.is_ok() {
                    written = out.write_all(checked.text(format, colour, &mut seen).as_bytes());
                }
            },
        );
        written
    })?;
    if format == Format::Text {
        stream::complain(&count.sentence());
    }
    Ok(if count.wrong == 0 { Exit::Success } else { Exit::Invalid })
}

/// What is left to show of a file. Most files have nothing wrong, or can be written without a look at the others:
/// that is done side by side, as is putting away what was read.
enum Checked {
    Written { wrong: bool, text: String },
    Wrong(CheckedFile),
}

impl Checked {
    fn of(file: CheckedFile, format: Format) -> Self {
        let wrong = !file.problems.is_empty();
        match format {
            Format::Json => Self::Written { wrong, text: file.json() + "\n" },
            Format::Text | Format::Github if wrong => Self::Wrong(file),
            Format::Text | Format::Github => Self::Written { wrong, text: String::new() },
        }
    }

    fn is_wrong(&self) -> bool {
        matches!(self, Self::Written { wrong: true, .. } | Self::Wrong(_))
    }

    fn text(self, format: Format, colour: bool, seen: &mut Seen) -> String {
        match self {
            Self::Written { text, .. } => text,
            Self::Wrong(mut file) => {
                forget_known(&mut file, seen);
                if format == Format::Github { file.github() } else { file.excerpts(colour) }
            }
        }
    }
}

/// Places and messages that were shown.
type Seen = HashSet<(String, u32, u32, String)>;

/// A mistake in a called workflow is shown once, not again for each caller.
fn forget_known(file: &mut CheckedFile, seen: &mut Seen) {
    let sources = &file.sources;
    file.problems.retain(|problem| {
        let name = sources.name(problem.span.file).to_owned();
        name.is_empty()
            || seen.insert((name, problem.span.line, problem.span.column, problem.message.clone()))
    });
}

#[derive(Default)]
struct Count {
    files: usize,
    wrong: usize,
}

impl Count {
    fn add(&mut self, checked: &Checked) {
        self.files += 1;
        self.wrong += usize::from(checked.is_wrong());
    }

    fn sentence(&self) -> String {
        let files = if self.files == 1 { "1 file" } else { &format!("{} files", self.files) };
        match self.wrong {
            0 => format!("{files} checked, nothing wrong\n"),
            wrong => format!("{files} checked, {wrong} with mistakes\n"),
        }
    }
}

/// Lists what to check, each file once, workflows of a folder before its actions.
fn subjects(paths: &[PathBuf], world: &World) -> Result<Vec<Subject>, CliError> {
    let here = [PathBuf::from(".")];
    let named = !paths.is_empty();
    let mut found: Vec<Subject> = Vec::new();
    for path in if named { paths } else { &here } {
        let full: PathBuf = world.absolute(path).components().collect();
        if !named || full.join(".github").is_dir() {
            repository(&full, path, &mut found)?;
        } else {
            below(&full, path, &mut found)?;
        }
    }
    // What is named twice, or lies in another folder that is named, is found twice.
    if paths.len() > 1 {
        let mut seen = HashSet::new();
        found.retain(|subject: &Subject| seen.insert(subject.path.clone()));
    }
    Ok(found)
}

/// Lists the workflows and actions of a repository, where they usually are.
fn repository(root: &Path, shown: &Path, found: &mut Vec<Subject>) -> Result<(), CliError> {
    let before = found.len();
    for folder in [DEFAULT, ACTIONS] {
        match discover::workflows(root, &[folder.into()], true) {
            Ok(files) => found.extend(files.into_iter().map(|file| Subject {
                kind: Kind::of(&file.path),
                path: file.path,
                root: root.to_owned(),
            })),
            Err(DiscoverError::Missing { .. } | DiscoverError::Empty { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        // Other YAML files beside an action are its own business.
        found.retain(|subject| {
            folder != ACTIONS || subject.kind == Kind::Action || !subject.path.starts_with(root.join(ACTIONS))
        });
    }
    let own =
        ["action.yml", "action.yaml"].map(|name| root.join(name)).into_iter().filter(|path| path.is_file());
    found.extend(own.map(|path| Subject { path, kind: Kind::Action, root: root.to_owned() }));
    if found.len() == before {
        let above = discover::above(root)
            .map(|above| format!("workflows are in {}: name that folder", above.display()));
        let hint = above.unwrap_or_else(|| "name a file or a folder".to_owned());
        return Err(CliError::invalid(NothingToCheck { path: shown.to_owned() }).hint(hint));
    }
    Ok(())
}

/// Lists a file, or the YAML files of a folder.
fn below(full: &Path, shown: &Path, found: &mut Vec<Subject>) -> Result<(), CliError> {
    let files = discover::workflows(full, &[PathBuf::from(".")], true).map_err(|error| match error {
        DiscoverError::Missing { .. } => DiscoverError::Missing { path: shown.to_owned(), above: None },
        DiscoverError::Empty { .. } => DiscoverError::Empty { path: shown.to_owned() },
        DiscoverError::Folder { .. } => error,
    })?;
    let mut roots = Roots::default();
    found.extend(files.into_iter().map(|file| Subject {
        kind: Kind::of(&file.path),
        root: roots.of(&file.path),
        path: file.path,
    }));
    Ok(())
}
