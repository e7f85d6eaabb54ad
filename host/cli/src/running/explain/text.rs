//! Why each job would run where, for people: a block a job instance, one line a word.

use std::fmt::Write as _;

use act_core::decide::PhaseName;
use act_core::event::RunStarted;
use act_core::provisioner::Document;
use act_engine::preview::{Known, MachinePreview, Work};

use super::instance::{Instance, Status};
use super::json::amended;
use act_report::words;

/// Writes a workflow. `cut` says that there is more.
pub(super) fn workflow<'a>(
    started: &RunStarted,
    instances: &'a [Instance<'a>],
    cut: bool,
    shown: &mut String,
) {
    let on = [&*started.event_name, &started.reference].join(" ");
    let _ = writeln!(shown, "{} ({}) on {}", started.workflow, started.workflow_file, on.trim_end());
    let mut page = Page { shown, described: Vec::new() };
    instances.iter().for_each(|instance| page.instance(instance));
    if cut {
        page.line(1, "… there is more than is shown");
    }
}

struct Page<'a, 's> {
    shown: &'s mut String,
    /// Documents that were written: jobs whose machines are alike share theirs.
    described: Vec<&'a Document>,
}

impl<'a> Page<'a, '_> {
    fn line(&mut self, depth: usize, text: &str) {
        let text = text.trim_end().replace(['\n', '\r', '\t'], " ");
        let _ = writeln!(self.shown, "{}{text}", "  ".repeat(depth));
    }

    /// Writes a word and what there is to say of it, in two columns.
    fn told(&mut self, word: &str, text: &str) {
        self.line(2, &format!("{word:<9}  {text}"));
    }

    fn instance(&mut self, instance: &'a Instance<'a>) {
        let (key, end) = (instance.key(), &instance.end);
        let name = instance.leg.and_then(|leg| leg.name.now()).filter(|name| **name != key);
        let name = name.map(|name| format!("  {name}")).unwrap_or_default();
        let place = end.place.as_ref().map(|place| format!(", {}:{}", place.file, place.line));
        let place = place.unwrap_or_default();
        self.line(1, &format!("{key}{name}  ({}: {}{place})", verb(end.status), end.reason));
        for hint in &end.hints {
            self.line(2, &format!("hint: {hint}"));
        }
        match instance.leg.map(|leg| &leg.work) {
            Some(Work::Machine(machine)) => self.machine(machine),
            Some(Work::Call(called)) => {
                let uses = instance.job.uses.as_deref().unwrap_or_default();
                let unread = if matches!(called, Known::Now(None)) { " (not fetched yet)" } else { "" };
                self.told("calls", &format!("{uses}{unread}"));
            }
            None => {}
        }
    }

    fn machine(&mut self, machine: &'a MachinePreview) {
        self.labels(machine);
        self.verdicts(machine, PhaseName::JobQueued);
        for answer in &machine.answers {
            self.told("mapper", &format!("{}: {}", answer.mapper, words::mapped(&answer.answer)));
        }
        self.verdicts(machine, PhaseName::JobStart);
        if let Some(placed) = &machine.placed {
            let text = words::placement(&placed.placement);
            self.told("placement", &text.unwrap_or_else(|| "anywhere".to_owned()));
        }
        match &machine.decision {
            Some(Known::Now(decision)) => {
                self.told("decision", &format!("{}: {}", machine.scheduler, words::decision(decision)));
            }
            Some(Known::Deferred(deferred)) => {
                self.told("decision", &format!("{}: {deferred}", machine.scheduler));
            }
            Some(Known::Wrong(_)) | None => {}
        }
        for phase in [PhaseName::Launch, PhaseName::StepStart, PhaseName::Secret] {
            self.verdicts(machine, phase);
        }
        self.documents(&machine.documents);
    }

    fn labels(&mut self, machine: &MachinePreview) {
        let place = format!("  {}:{}", machine.place.file, machine.place.line);
        let labels = match &machine.ask {
            Known::Now(ask) => {
                let group = ask.group.iter().map(|group| format!("group {group}"));
                let written = amended(machine).unwrap_or(&ask.labels);
                written.iter().cloned().chain(group).collect::<Vec<_>>().join(", ")
            }
            Known::Deferred(deferred) => deferred.to_string(),
            Known::Wrong(_) => "wrong".to_owned(),
        };
        self.told("labels", &format!("{labels}{place}"));
    }

    fn verdicts(&mut self, machine: &MachinePreview, phase: PhaseName) {
        for said in machine.verdicts.iter().filter(|said| said.phase == phase) {
            // What is judged before is the job, whose place is told.
            let of_part = matches!(phase, PhaseName::StepStart | PhaseName::Secret);
            let place = said
                .place
                .as_ref()
                .filter(|_| of_part)
                .map(|place| format!("  {}:{}", place.file, place.line));
            let of = said.secret.as_ref().map(|name| format!(", secrets.{}", name.0)).unwrap_or_default();
            let verdict = words::verdict(&said.verdict);
            let text =
                format!("{} ({}{of}): {verdict}{}", said.policy, phase.as_str(), place.unwrap_or_default());
            self.told("policy", &text);
        }
    }

    fn documents(&mut self, documents: &'a [Document]) {
        for document in documents.iter().filter(|document| !document.text.is_empty()) {
            if self.described.contains(&document) {
                continue;
            }
            self.described.push(document);
            self.line(2, &document.title);
            document.text.lines().for_each(|line| self.line(3, line));
        }
    }
}

const fn verb(status: Status) -> &'static str {
    match status {
        Status::Run => "would run",
        Status::Deferred => "deferred",
        Status::Skip => "skipped",
        Status::Unknown => "unknown",
        Status::Denied => "denied",
        Status::Unplaced => "unplaced",
        Status::Fail => "fails",
        Status::PluginFailed => "plugin failed",
    }
}
