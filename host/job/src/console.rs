//! What a process prints, line by line: commands are obeyed, problems are found, secrets are masked.
//!
//! The same for every environment. A chunk of output becomes log lines, events and effects; they are
//! kept in the journal together with how far the output was taken in.

use std::borrow::Cow;

use act_core::environment::{Cursor, EnvPath, LogicalPath, MIN_OUTPUT_BUFFER, Root, Stream, Target};
use act_core::event::{Event, FilePlace, Level, LogLine, Mark};
use act_core::record::{Effect, MatcherPoint, Matching, StreamPoint};
use act_mask::{Line, MAX_FORM, MAX_LINE, Masker, ResumePoint, Splitter};

use crate::annotations;
use crate::command::{self, Allowed, Annotation, Command, Known};
use crate::executor::{Executor, Halt};
use crate::matcher::{self, Found, Matchers};
use crate::remark::Remark;
use crate::step::Running;

/// Longest command line, in bytes: what GitHub allows for all outputs of a job.
const MAX_COMMAND: usize = 1024 * 1024 + 64 * 1024;

/// What may have to be held back of both streams before it makes sense must fit where nothing is acknowledged: a command
/// with the piece that makes it too long, and the start of a line with what decides where to cut it.
const _: () = assert!(2 * (MAX_COMMAND + 2 * MAX_LINE + MAX_FORM) <= MIN_OUTPUT_BUFFER);

/// Largest problem matcher file that is read, in bytes.
const MATCHER_LIMIT: u64 = 1024 * 1024;

/// How a step's commands stand.
#[derive(Default)]
pub(crate) struct CommandState {
    echo: bool,
    stopped: Option<String>,
}

impl CommandState {
    /// Commands are shown from the start when debugging.
    pub(crate) const fn new(debug: bool) -> Self {
        Self { echo: debug, stopped: None }
    }
}

/// Both streams of one process, on their way to lines.
pub(crate) struct Console {
    streams: [Intake; 2],
}

struct Intake {
    splitter: Splitter,
    matching: crate::matcher::Stream,
    /// A command longer than a line may be, and from where it began.
    held: Option<(String, StreamPoint)>,
}

impl Console {
    /// Takes output up where it was left.
    pub(crate) fn resume(matchers: &Matchers, points: [StreamPoint; 2], matching: &Matching) -> Self {
        let intake = |point: StreamPoint, matching: &[MatcherPoint]| {
            let StreamPoint { offset, mid_line, hidden } = point;
            let splitter = Splitter::resume(ResumePoint { offset, mid_line, hidden });
            Intake { splitter, matching: matchers.resume(matching), held: None }
        };
        let [out, err] = points;
        Self { streams: [intake(out, &matching.stdout), intake(err, &matching.stderr)] }
    }

    /// Lets both streams know which matchers there are.
    fn follow(&mut self, matchers: &Matchers) {
        self.streams.iter_mut().for_each(|intake| matchers.follow(&mut intake.matching));
    }

    /// Returns how far matchers have come in the lines so far.
    pub(crate) fn matching(&self, matchers: &Matchers) -> Matching {
        let [stdout, stderr] =
            [&self.streams[0], &self.streams[1]].map(|intake| matchers.point(&intake.matching));
        Matching { stdout, stderr }
    }

    fn intake(&mut self, stream: Stream) -> &mut Intake {
        match stream {
            Stream::Stdout => &mut self.streams[0],
            Stream::Stderr => &mut self.streams[1],
        }
    }

    /// Returns up to where each stream has been turned into lines.
    pub(crate) fn points(&self) -> [StreamPoint; 2] {
        let [out, err] = &self.streams;
        [out.point(), err.point()]
    }

    /// Returns how many bytes of each stream have come in.
    pub(crate) fn received(&self) -> Cursor {
        let [out, err] = &self.streams;
        Cursor { stdout: out.splitter.received(), stderr: err.splitter.received() }
    }
}

impl Intake {
    fn point(&self) -> StreamPoint {
        self.held.as_ref().map_or_else(|| point_of(&self.splitter), |(_, from)| *from)
    }
}

fn point_of(splitter: &Splitter) -> StreamPoint {
    let ResumePoint { offset, mid_line, hidden } = splitter.position();
    StreamPoint { offset, mid_line, hidden }
}

/// A line, or a part of one that is too long.
struct Piece {
    /// Where it begins.
    from: StreamPoint,
    text: String,
    /// The text with its secrets hidden, where only the whole line tells them.
    masked: Option<String>,
    /// The line goes on in the next piece.
    open: bool,
    /// The line began in an earlier piece.
    continued: bool,
}

impl Executor<'_> {
    /// Takes in a chunk of output; the end of the stream when `bytes` is `None`. Returns what its
    /// commands did.
    pub(crate) async fn take_output(
        &mut self,
        running: &mut Running,
        console: &mut Console,
        stream: Stream,
        bytes: Option<&[u8]>,
    ) -> Result<Vec<Effect>, Halt> {
        let intake = console.intake(stream);
        let mut from = point_of(&intake.splitter);
        let masker = &self.masker;
        // Nearly all lines mean nothing: those before the first that may go to the log as they come.
        let can_be_plain =
            intake.held.is_none() && running.commands.stopped.is_none() && self.state.matchers.is_empty();
        let mut plain = Vec::new();
        let mut pieces = Vec::new();
        let take = |line: Line<'_>| {
            let text = line.text();
            if can_be_plain && pieces.is_empty() && !line.is_part() && command::is_plain(&text) {
                plain.push(LogLine::Text(masked(masker, text)));
            } else {
                pieces.push(Piece {
                    from,
                    text: text.into_owned(),
                    masked: line.is_part().then(|| line.masked(masker).into_owned()),
                    open: line.continues,
                    continued: line.continued,
                });
            }
            from = StreamPoint { offset: line.end, mid_line: line.continues, hidden: 0 };
        };
        match bytes {
            Some(bytes) => intake.splitter.push(bytes, masker, take),
            None => intake.splitter.finish(masker, take),
        }
        self.journal.say_all(&running.at, plain);
        let mut effects = Vec::new();
        for piece in pieces {
            let Some(piece) = gather(&mut console.intake(stream).held, piece) else { continue };
            self.take_piece(running, console, stream, piece, &mut effects).await?;
        }
        if bytes.is_none()
            && let Some((text, from)) = console.intake(stream).held.take()
        {
            let piece = Piece { from, text, masked: None, open: false, continued: false };
            self.take_piece(running, console, stream, piece, &mut effects).await?;
        }
        Ok(effects)
    }

    async fn take_piece(
        &mut self,
        running: &mut Running,
        console: &mut Console,
        stream: Stream,
        piece: Piece,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Halt> {
        if let Some(masked) = piece.masked {
            let line = if piece.continued {
                LogLine::Marked(Mark::Continued, masked)
            } else {
                LogLine::Text(masked)
            };
            self.journal.say(&running.at, line);
            return Ok(());
        }
        if let Some(token) = &running.commands.stopped {
            if command::resumes(&piece.text, token) {
                self.say(&running.at, &piece.text);
                self.effect(running, Effect::ResumeCommands, effects);
                return Ok(());
            }
        } else if let Some(command) = command::parse(&piece.text) {
            // On the heap, as problems are: a process that is silent has the room for as long as it runs.
            Box::pin(self.obey(running, &command, &piece.text, effects)).await?;
            console.follow(&self.state.matchers);
            return Ok(());
        }
        let text = match command::disarm(&piece.text) {
            Cow::Borrowed(_) => piece.text,
            Cow::Owned(disarmed) => disarmed,
        };
        if !self.state.matchers.is_empty() {
            let scanned = self.state.matchers.scan(&mut console.intake(stream).matching, &text);
            for remark in scanned.remarks {
                self.remark(running, remark, effects);
            }
            if let Some(found) = scanned.found {
                return Box::pin(self.report_problem(running, found, effects)).await;
            }
        }
        let text = masked(&self.masker, text.into());
        self.journal.say(&running.at, LogLine::Text(text));
        Ok(())
    }

    async fn obey(
        &mut self,
        running: &mut Running,
        command: &Command,
        line: &str,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Halt> {
        let allowed = Allowed::read(|name| running.env.get(name).map(String::as_str));
        let meaning = command.interpret(allowed);
        let is_stop = matches!(meaning.known, Ok(Known::StopCommands { .. }));
        if running.commands.echo && !is_stop && !command.name.omits_echo() {
            self.say(&running.at, line);
        }
        for remark in meaning.remarks {
            self.remark(running, remark, effects);
        }
        match meaning.known {
            Ok(known) => self.follow_command(running, known, line, effects).await,
            Err(error) => {
                for text in error.lines(command, line) {
                    self.count_annotation(running, plain(Level::Error, text), effects);
                }
                self.effect(running, Effect::Failed, effects);
                Ok(())
            }
        }
    }

    async fn follow_command(
        &mut self,
        running: &mut Running,
        known: Known,
        line: &str,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Halt> {
        match known {
            Known::AddMask(values) => {
                if running.commands.echo {
                    self.say(&running.at, "::add-mask::***");
                }
                values.into_iter().for_each(|value| self.effect(running, Effect::Mask(value), effects));
            }
            Known::AddMatcher { file } => match self.read_matcher(&file).await?.and_then(checked) {
                Ok(json) => self.effect(running, Effect::AddMatcher(json), effects),
                Err(message) => self.refuse(running, line, message, effects),
            },
            Known::RemoveMatcher { owner } => self.effect(running, Effect::RemoveMatcher(owner), effects),
            Known::RemoveMatchersOf { file } => {
                let json = self.read_matcher(&file).await?;
                match json.and_then(|json| matcher::owners(&json).map_err(|error| error.to_string())) {
                    Ok(owners) => {
                        for owner in owners {
                            self.effect(running, Effect::RemoveMatcher(owner), effects);
                        }
                    }
                    Err(message) => self.refuse(running, line, message, effects),
                }
            }
            Known::Debug(text) => text.lines().for_each(|line| self.debug(&running.at, line)),
            Known::Annotate(annotation) => self.count_annotation(running, annotation, effects),
            Known::Group(title) => self.mark(running, Mark::Group, &title),
            Known::EndGroup => self.mark(running, Mark::EndGroup, ""),
            Known::Echo(on) => self.effect(running, Effect::Echo(on), effects),
            Known::StopCommands { token, mask } => {
                if mask {
                    self.effect(running, Effect::Mask(token.clone()), effects);
                }
                self.say(&running.at, line);
                self.effect(running, Effect::StopCommands(token), effects);
            }
            Known::SetOutput { name, value } => self.effect(running, Effect::Output { name, value }, effects),
            Known::SaveState { name, value } => self.effect(running, Effect::State { name, value }, effects),
            Known::SetEnv { name, value } => self.effect(running, Effect::Env { name, value }, effects),
            Known::AddPath(path) => self.effect(running, Effect::Path(path), effects),
            Known::Nothing => {}
        }
        Ok(())
    }

    /// Fails the step for a command that could not be obeyed.
    fn refuse(&mut self, running: &mut Running, line: &str, message: String, effects: &mut Vec<Effect>) {
        let command = format!("Unable to process command '{line}' successfully.");
        for text in [command, message] {
            self.count_annotation(running, plain(Level::Error, text), effects);
        }
        self.effect(running, Effect::Failed, effects);
    }

    fn mark(&mut self, running: &Running, mark: Mark, text: &str) {
        let text = self.masker.mask(text).into_owned();
        self.journal.say_marked(&running.at, mark, &text);
    }

    fn remark(&mut self, running: &mut Running, remark: Remark, effects: &mut Vec<Effect>) {
        let level = match remark.mark {
            Mark::Notice => Level::Notice,
            Mark::Warning => Level::Warning,
            Mark::Error => Level::Error,
            Mark::Debug | Mark::Group | Mark::EndGroup | Mark::Command | Mark::Continued => {
                return self.debug(&running.at, &remark.text);
            }
        };
        self.count_annotation(running, plain(level, remark.text), effects);
    }

    fn effect(&mut self, running: &mut Running, effect: Effect, effects: &mut Vec<Effect>) {
        let remark = self.apply(running, &effect);
        effects.push(effect);
        if let Some(remark) = remark {
            self.remark(running, remark, effects);
        }
    }

    /// Says a message, and keeps the first ten of its level as annotations.
    fn count_annotation(&mut self, running: &mut Running, found: Annotation, effects: &mut Vec<Effect>) {
        let message = annotations::cut(self.masker.mask(&found.message).into_owned());
        self.journal.say_marked(&running.at, found.level.into(), &message);
        let root = self.env.path(&Target::Job, &LogicalPath::new(Root::Workspace, ""));
        let relative = |file: String| command::relative_to(&file, root.as_str()).to_owned();
        let place = FilePlace { file: found.place.file.map(relative), ..found.place };
        self.keep_annotation(running, Annotation { message, place, ..found }, effects);
    }

    /// Keeps an annotation whose message is masked and cut already.
    fn keep_annotation(&mut self, running: &mut Running, found: Annotation, effects: &mut Vec<Effect>) {
        if !self.state.annotations.count(&running.at, found.level) {
            return;
        }
        effects.push(Effect::Annotated(found.level));
        let mask = |text: String| self.masker.mask(&text).into_owned();
        let (title, file) = (found.title.map(mask), found.place.file.map(mask));
        self.journal.tell(Event::Annotation {
            step: running.at.clone(),
            level: found.level,
            message: found.message,
            title,
            place: FilePlace { file, ..found.place },
        });
    }

    async fn report_problem(
        &mut self,
        running: &mut Running,
        found: Found,
        effects: &mut Vec<Effect>,
    ) -> Result<(), Halt> {
        let text = self.masker.mask(&found.text).into_owned();
        self.journal.say(&running.at, LogLine::Marked(found.level.into(), text));
        let root = self.env.path(&Target::Job, &LogicalPath::new(Root::Workspace, ""));
        let file = match found.path(root.as_str()) {
            Some(path) => self.file_of_repository(running, &path).await?,
            None => None,
        };
        let message = annotations::cut(self.masker.mask(&found.message).into_owned());
        let place = FilePlace { file, line: found.line, column: found.column, ..FilePlace::default() };
        let annotation = Annotation { level: found.level, message, title: None, place };
        self.keep_annotation(running, annotation, effects);
        Ok(())
    }

    async fn read_matcher(&self, file: &str) -> Result<Result<String, String>, Halt> {
        let root = self.env.path(&Target::Job, &LogicalPath::new(Root::Workspace, ""));
        let absolute = file.starts_with(['/', '\\']) || file.get(1..3).is_some_and(|drive| drive == ":\\");
        let path = if absolute { EnvPath(file.to_owned()) } else { EnvPath(self.join(&root, file)) };
        match self.env.get(&path, MATCHER_LIMIT).await? {
            Some(bytes) => Ok(Ok(String::from_utf8_lossy(&bytes).into_owned())),
            None => Ok(Err(format!("Could not find file '{path}'."))),
        }
    }

    /// Changes the state by what a command did.
    /// Returns what is to be told of it.
    pub(crate) fn apply(&mut self, running: &mut Running, effect: &Effect) -> Option<Remark> {
        match effect {
            Effect::Mask(value) => self.masker.add(value),
            Effect::Output { name, value } => running.outputs.insert(name.as_str(), value.as_str()),
            Effect::State { name, value } => {
                let saved = self.state.saved.entry(running.at.path.clone()).or_default();
                saved.insert(name.clone(), value.clone());
            }
            Effect::Env { name, value } => self.set_env(name, value),
            Effect::Path(path) => self.state.add_path(path),
            Effect::AddMatcher(json) => {
                // Checked before it became an effect.
                return self.state.matchers.add(json).ok().flatten();
            }
            Effect::RemoveMatcher(owner) => return Some(self.state.matchers.remove(owner)),
            Effect::Echo(on) => running.commands.echo = *on,
            Effect::StopCommands(token) => running.commands.stopped = Some(token.clone()),
            Effect::ResumeCommands => running.commands.stopped = None,
            Effect::Annotated(level) => {
                self.state.annotations.count(&running.at, *level);
            }
            Effect::Failed => running.failed = true,
        }
        None
    }
}

/// Masks without copying where nothing is to be masked.
fn masked(masker: &Masker, text: Cow<'_, str>) -> String {
    match masker.mask(&text) {
        Cow::Borrowed(_) => text.into_owned(),
        Cow::Owned(masked) => masked,
    }
}

fn checked(json: String) -> Result<String, String> {
    matcher::check(&json).map(|()| json).map_err(|error| error.to_string())
}

fn plain(level: Level, message: String) -> Annotation {
    Annotation { level, message, title: None, place: FilePlace::default() }
}

/// Puts the pieces of an overlong command together; other pieces pass. A command begins a line, so nothing of it is
/// hidden.
fn gather(held: &mut Option<(String, StreamPoint)>, piece: Piece) -> Option<Piece> {
    if let Some((text, _)) = held {
        text.push_str(&piece.text);
        if piece.open && text.len() < MAX_COMMAND {
            return None;
        }
        let (text, from) = held.take()?;
        return Some(Piece { from, text, masked: None, open: piece.open, continued: false });
    }
    if piece.open && !piece.continued && piece.text.trim_start().starts_with("::") {
        *held = Some((piece.text, piece.from));
        return None;
    }
    Some(piece)
}
