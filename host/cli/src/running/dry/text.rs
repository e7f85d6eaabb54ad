//! What would run, for people: a job, why, where, and its steps, further in.

use std::fmt::Write as _;

use act_core::event::RunStarted;
use act_core::provisioner::Document;
use act_engine::preview::{
    ActionPreview, Fate, JobPreview, Known, LegPreview, MachinePreview, Preview, StepPreview,
    StepPreviewKind, Work,
};

use act_report::words;

/// Writes a workflow. `verbose` adds what each mapper and each policy said.
pub(super) fn workflow<'a>(started: &RunStarted, preview: &'a Preview, verbose: bool, shown: &'a mut String) {
    let on = [&*started.event_name, &started.reference].join(" ");
    let _ = writeln!(shown, "{} ({}) on {}", started.workflow, started.workflow_file, on.trim_end());
    let mut page = Page { shown, verbose, described: Vec::new() };
    preview.jobs.iter().for_each(|job| page.job(job, 1));
    if preview.cut {
        page.line(1, "… there is more than is shown");
    }
}

struct Page<'a> {
    shown: &'a mut String,
    verbose: bool,
    /// Documents that were written: jobs whose machines are alike share theirs.
    described: Vec<&'a Document>,
}

impl<'a> Page<'a> {
    fn line(&mut self, depth: usize, text: &str) {
        let _ = writeln!(self.shown, "{}{}", "  ".repeat(depth), one_line(text));
    }

    fn job(&mut self, job: &'a JobPreview, depth: usize) {
        self.line(depth, &format!("{}  ({})", job.id, fate(&job.fate)));
        if let Some(condition) = &job.condition {
            self.line(depth + 1, &format!("if: {condition}"));
        }
        if let Some(uses) = &job.uses {
            self.line(depth + 1, &format!("calls {uses}"));
        }
        if let Some(matrix) = &job.matrix {
            self.line(depth + 1, &format!("matrix {matrix}"));
        }
        for leg in &job.legs {
            self.leg(job, leg, depth + 1);
        }
        if !job.steps.is_empty() {
            self.line(depth + 1, "steps");
            self.steps(&job.steps, depth + 2);
        }
    }

    fn leg(&mut self, job: &'a JobPreview, leg: &'a LegPreview, depth: usize) {
        let name = match &leg.name {
            Known::Now(name) => (*name != job.id).then(|| name.clone()),
            Known::Deferred(deferred) if job.matrix.is_none() => {
                Some(format!("{} ({deferred})", job.written_name))
            }
            Known::Deferred(_) => (job.written_name != job.id).then(|| job.written_name.clone()),
            Known::Wrong(_) => None,
        };
        let place = match &leg.work {
            Work::Machine(machine) => place(machine),
            Work::Call(Known::Now(None)) => vec!["not fetched yet".to_owned()],
            Work::Call(_) => Vec::new(),
        };
        let line = name.into_iter().chain(place).collect::<Vec<_>>().join("  ");
        if !line.is_empty() {
            self.line(depth, &line);
        }
        if !matches!(job.fate, Fate::Fail(_) | Fate::Unknown(_)) {
            leg.wrong().iter().for_each(|message| self.line(depth + 1, message));
        }
        match &leg.work {
            Work::Machine(machine) => self.machine(machine, depth + 1),
            Work::Call(called) => {
                for job in called.now().into_iter().flatten().flatten() {
                    self.job(job, depth + 1);
                }
            }
        }
    }

    fn machine(&mut self, machine: &'a MachinePreview, depth: usize) {
        for answer in machine.answers.iter().take(if self.verbose { usize::MAX } else { 0 }) {
            self.line(depth, &format!("mapper {}: {}", answer.mapper, words::mapped(&answer.answer)));
        }
        for said in machine.verdicts.iter().take(if self.verbose { usize::MAX } else { 0 }) {
            let (policy, phase) = (&said.policy, said.phase.as_str());
            self.line(depth, &format!("policy {policy} ({phase}): {}", words::verdict(&said.verdict)));
        }
        if let Some(deferred) = machine.decision.as_ref().and_then(Known::deferred) {
            self.line(depth, &format!("machine {deferred}"));
        }
        for document in &machine.documents {
            if self.described.contains(&document) {
                continue;
            }
            self.described.push(document);
            self.line(depth, &document.title);
            document.text.lines().for_each(|line| self.line(depth + 1, line));
        }
    }

    fn steps(&mut self, steps: &[StepPreview], depth: usize) {
        for (number, step) in (1..).zip(steps) {
            self.step(number, step, depth);
        }
    }

    fn step(&mut self, number: usize, step: &StepPreview, depth: usize) {
        let (detail, note, inner) = match &step.kind {
            StepPreviewKind::Run { first_line } => {
                (format!("run: {first_line}"), None, &[] as &[StepPreview])
            }
            StepPreviewKind::Uses { uses, action } => {
                let inner = if let ActionPreview::Composite(steps) = action { &steps[..] } else { &[] };
                (format!("uses: {uses}"), note(action), inner)
            }
            StepPreviewKind::Other { keyword, steps } => ((*keyword).to_owned(), None, &steps[..]),
        };
        let note = note.map(|note| format!("  ({note})")).unwrap_or_default();
        let condition = step.condition.as_ref().map(|text| format!("  if: {text}")).unwrap_or_default();
        let told = detail.split_once(": ").is_some_and(|(_, what)| step.name == format!("Run {what}"));
        if told {
            self.line(depth, &format!("{number}. {}{note}{condition}", step.name));
        } else {
            self.line(depth, &format!("{number}. {}{condition}", step.name));
            self.line(depth + 1, &format!(" {detail}{note}"));
        }
        self.steps(inner, depth + 2);
    }
}

fn fate(fate: &Fate) -> String {
    match fate {
        Fate::Run(reason) => format!("runs: {reason}"),
        Fate::Skip(reason) => format!("skipped: {reason}"),
        Fate::Deferred(reason) => format!("deferred: {reason}"),
        Fate::Fail(messages) => format!("fails: {}", messages.join("; ")),
        Fate::Unknown(reason) => format!("unknown: {reason}"),
    }
}

/// Labels, and what became of them; what is wrong follows on lines of its own.
fn place(machine: &MachinePreview) -> Vec<String> {
    let ask = match &machine.ask {
        Known::Now(ask) => ask,
        Known::Deferred(deferred) => return vec![format!("runs-on {deferred}")],
        Known::Wrong(_) => return Vec::new(),
    };
    let group = ask.group.iter().map(|group| format!("group {group}"));
    let labels = ask.labels.iter().cloned().chain(group).collect::<Vec<_>>().join(", ");
    let placed = machine.placed.as_ref().map(|placed| format!("{}: {}", placed.mapper, placed.reason));
    std::iter::once(format!("[{labels}]")).chain(placed).collect()
}

/// What there is to say of an action.
pub(super) fn note(action: &ActionPreview) -> Option<String> {
    Some(match action {
        ActionPreview::OwnCheckout => "this repository".to_owned(),
        ActionPreview::Composite(_) => "composite".to_owned(),
        ActionPreview::Node { version, pre, post } => {
            let parts = [pre.then_some("pre"), post.then_some("post")];
            let parts: Vec<&str> = parts.into_iter().flatten().collect();
            if parts.is_empty() {
                version.clone()
            } else {
                format!("{version}, with {}", parts.join(" and "))
            }
        }
        ActionPreview::Docker => "Docker".to_owned(),
        ActionPreview::NotFetched => "not fetched yet".to_owned(),
        ActionPreview::Wrong(messages) => messages.join("; "),
        ActionPreview::TooDeep => "actions that use actions go no deeper".to_owned(),
        ActionPreview::Cut => "there is more than is shown".to_owned(),
    })
}

/// A name is whatever a file says: it stays on its line.
fn one_line(text: &str) -> String {
    text.trim_end().replace(['\n', '\r', '\t'], " ")
}
