//! What the events of a job tell, step by step: all that must be the same however the job was run.

use act_core::Conclusion;
use act_core::environment::{Environment, LogicalPath, Root, Target};
use act_core::event::{Event, FilePlace, Level, LogLine, Mark, StepStarted};
use act_core::ids::StepRef;

/// A message that a step left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How grave.
    pub level: Level,
    /// What.
    pub text: String,
    /// Short form.
    pub title: Option<String>,
    /// Where.
    pub place: FilePlace,
}

/// What one step did, in one of its phases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepStory {
    /// Which.
    pub step: StepRef,
    /// What its beginning told; `None` for the job's own parts.
    pub started: Option<StepStarted>,
    /// Its log, as GitHub would write it.
    pub lines: Vec<String>,
    /// Its annotations.
    pub messages: Vec<Message>,
    /// Its summaries.
    pub summaries: Vec<String>,
    /// Outcome and conclusion.
    pub end: Option<(Conclusion, Conclusion)>,
}

/// What a job did: its steps in the order in which they were first heard of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// The steps.
    pub steps: Vec<StepStory>,
    /// Actions and their commits.
    pub resolved: Vec<(String, String)>,
}

impl Story {
    /// Reads a job's events.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut story = Self::default();
        events.iter().for_each(|event| story.hear(event));
        story
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::StepStarted(started) => {
                self.at(&started.step).started = Some((**started).clone());
            }
            Event::Output { step, lines } => {
                let step = self.at(step);
                lines.iter().for_each(|line| step.say(line));
            }
            Event::Annotation { step, level, message, title, place } => {
                let (text, title, place) = (message.clone(), title.clone(), place.clone());
                self.at(step).messages.push(Message { level: *level, text, title, place });
            }
            Event::Summary { step, markdown } => self.at(step).summaries.push(markdown.clone()),
            Event::StepFinished { step, outcome, conclusion, .. } => {
                let step = self.at(step);
                assert!(step.end.is_none(), "a step ends once: {step:?}");
                step.end = Some((*outcome, *conclusion));
            }
            Event::ActionResolved { uses, commit } => self.resolved.push((uses.clone(), commit.clone())),
            other => panic!("no event of a step: {other:?}"),
        }
    }

    fn at(&mut self, step: &StepRef) -> &mut StepStory {
        let known = self.steps.iter().position(|known| known.step == *step);
        let index = known.unwrap_or_else(|| {
            let step = step.clone();
            let (lines, messages, summaries) = Default::default();
            self.steps.push(StepStory { step, started: None, lines, messages, summaries, end: None });
            self.steps.len() - 1
        });
        &mut self.steps[index]
    }

    /// Returns a step by its path and phase, as `0-main` or `1.0-post`.
    #[must_use]
    pub fn step(&self, name: &str) -> &StepStory {
        let find = |story: &&StepStory| story.step.to_string() == name;
        self.steps.iter().find(find).unwrap_or_else(|| panic!("there is no step {name} in {self:#?}"))
    }

    /// Whether a step was heard of.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.steps.iter().any(|story| story.step.to_string() == name)
    }

    /// Returns the steps, each as `path-phase conclusion`, those of the job itself left out.
    #[must_use]
    pub fn ends(&self) -> Vec<String> {
        let ends = self.steps.iter().filter_map(|story| Some((story, story.end?)));
        ends.map(|(story, (outcome, conclusion))| {
            let step = &story.step;
            if outcome == conclusion {
                format!("{step} {conclusion}")
            } else {
                format!("{step} {outcome}/{conclusion}")
            }
        })
        .collect()
    }

    /// Writes the places of an environment as `<Root>`, so that stories of two machines can be compared.
    #[must_use]
    pub fn without_places(&self, env: &dyn Environment) -> Self {
        let mut story = self.clone();
        story.each_text(&mut |line| {
            for root in [Root::Workspace, Root::Scratch, Root::Temp, Root::Actions, Root::Tools, Root::Work] {
                let place = env.path(&Target::Job, &LogicalPath::new(root, ""));
                *line = line.replace(place.as_str(), &format!("<{root:?}>"));
            }
        });
        story
    }

    fn each_text(&mut self, change: &mut dyn FnMut(&mut String)) {
        for step in &mut self.steps {
            step.lines.iter_mut().for_each(&mut *change);
            step.messages.iter_mut().for_each(|message| change(&mut message.text));
            if let Some(started) = &mut step.started {
                started.env.values_mut().for_each(&mut *change);
            }
        }
    }
}

impl StepStory {
    /// Adds a line; the parts of a long one are put together.
    fn say(&mut self, line: &LogLine) {
        match line {
            LogLine::Text(text) => self.lines.push(text.clone()),
            LogLine::Marked(Mark::Continued, text) => {
                self.lines.last_mut().expect("a line went on").push_str(text);
            }
            LogLine::Marked(mark, text) => self.lines.push(format!("##[{}]{text}", mark.as_str())),
        }
    }

    /// Returns its log as one text.
    #[must_use]
    pub fn log(&self) -> String {
        self.lines.join("\n")
    }

    /// Returns the name people see.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.started.as_ref().unwrap().name
    }
}
