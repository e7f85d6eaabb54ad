//! A problem for people: the message, the line it is about with what is wrong underlined, the hint.

use std::borrow::Cow;

use act_workflow::source::{Problem, Sources, Span};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// Characters of one line that are shown; a longer line is cut around what is wrong.
const WIDTH: usize = 240;
/// How many of them stand before it.
const BEFORE: usize = 80;

/// Returns the whole message, ending in a line break.
pub(crate) fn render(problem: &Problem, sources: &Sources, colour: bool) -> String {
    let name = sources.name(problem.span.file);
    let excerpt = Excerpt::find(problem.span, sources);
    let title = Level::ERROR.primary_title(&*problem.message);
    let mut report = vec![match &excerpt {
        Some(excerpt) if excerpt.whole() => title.element(excerpt.snippet().path(name)),
        Some(excerpt) => title.elements(origin(name, problem.span)).element(excerpt.snippet()),
        None => title.elements(origin(name, problem.span)),
    }];
    if let Some(caller) = problem.called_from {
        let title = Level::NOTE.secondary_title("in a workflow that is called here");
        report.push(title.elements(origin(sources.name(caller.file), caller)));
    }
    if let Some(hint) = &problem.hint {
        report.push(Group::with_title(Level::HELP.with_name("hint").secondary_title(&**hint)));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&report) + "\n"
}

fn origin(name: &str, span: Span) -> Option<Origin<'_>> {
    let origin = (!name.is_empty()).then(|| Origin::path(name))?;
    if span.is_whole_file() {
        return Some(origin);
    }
    Some(origin.line(span.line as usize).char_column(span.column as usize))
}

/// A line of a file and the part of it that is wrong.
struct Excerpt<'a> {
    text: Cow<'a, str>,
    line: usize,
    /// Bytes of `text`.
    marked: std::ops::Range<usize>,
}

impl<'a> Excerpt<'a> {
    /// Finds the first line of a span; `None` when there is no such place.
    fn find(span: Span, sources: &'a Sources) -> Option<Self> {
        let line = span.line as usize;
        let text =
            sources.get(span.file)?.text.strip_prefix('\u{feff}').unwrap_or(&sources.get(span.file)?.text);
        let text = text.split('\n').nth(line.checked_sub(1)?)?.trim_end_matches('\r');
        let length = text.chars().count();
        let start = (span.column as usize).saturating_sub(1).min(length);
        let end = if span.end_line > span.line {
            text.trim_end().chars().count()
        } else {
            (span.end_column as usize).saturating_sub(1)
        };
        let end = end.clamp(start, length);
        let (text, shift) = cut(text, length, start);
        let byte = |at: usize| {
            text.char_indices().nth(at.saturating_sub(shift)).map_or(text.len(), |(byte, _)| byte)
        };
        let marked = byte(start)..byte(end).max(byte(start));
        Some(Self { marked, text, line })
    }

    /// Whether columns of the excerpt are columns of the file.
    const fn whole(&self) -> bool {
        matches!(self.text, Cow::Borrowed(_))
    }

    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let annotation = AnnotationKind::Primary.span(self.marked.clone());
        Snippet::source(&*self.text).line_start(self.line).annotation(annotation)
    }
}

/// Takes what is around `start` out of a line that is too long, and says how many characters were left out before.
fn cut(text: &str, length: usize, start: usize) -> (Cow<'_, str>, usize) {
    if length <= WIDTH {
        return (Cow::Borrowed(text), 0);
    }
    let skipped = start.saturating_sub(BEFORE);
    let window: String = text.chars().skip(skipped).take(WIDTH).collect();
    (Cow::Owned(window), skipped)
}
