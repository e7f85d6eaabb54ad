//! The host of one job in a test: keeps what is emitted in memory, answers from tables, and may cut the job.
//!
//! The cut stands for a host process that is killed: either just after an emission was kept, or just before.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use act_core::Loss;
use act_core::control::{
    ActionError, Admission, CancelStage, Checkout, CheckoutAsk, Control, Emission, FetchedAction, RemoteUses,
    Secret, Wanted,
};
use act_core::event::{Event, LogLine};
use act_core::record::Record;
use act_core::spec::SecretName;
use act_core::tree::Tree;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::tree::MemoryTree;

/// When the host is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// When so many emissions have been kept; the last one is.
    After(usize),
    /// When so many emissions would have been kept; the last one is not.
    Before(usize),
}

/// What happens when a line of the log comes by.
enum Trigger {
    Stage(CancelStage),
    Advance(SignedDuration),
}

/// What of a host's work never ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endless {
    /// A checkout of the run's own repository.
    Checkout,
    /// The fetch of this action, `owner/repo@ref`.
    Fetch(String),
}

/// Answers one job; see the [module](self).
pub struct MemoryControl {
    kept: Mutex<(Vec<Record>, Vec<Event>)>,
    emissions: Mutex<usize>,
    cut: Option<Cut>,
    /// Milliseconds since 1970 when it began, and what was added.
    clock: AtomicI64,
    began: std::time::Instant,
    triggers: Vec<(String, Trigger)>,
    late_steps: Vec<(String, SignedDuration)>,
    /// What is masked from the start.
    pub masks: Vec<String>,
    /// Secrets by name.
    pub secrets: HashMap<String, String>,
    /// Secrets that are refused, with the reason.
    pub denied: HashMap<String, String>,
    /// Actions by `owner/repo@ref`, with the commit they resolve to.
    pub actions: HashMap<String, (String, MemoryTree)>,
    /// What a checkout brings.
    pub checkout: Option<MemoryTree>,
    /// What never ends, and how far the job is cancelled once that has begun.
    pub endless: Option<(Endless, CancelStage)>,
    /// Steps whose admission is refused, by their path.
    pub refused: HashMap<String, String>,
    /// What was asked of [`Control::admit`], in order.
    pub asked: Mutex<Vec<Wanted>>,
    stage: watch::Sender<CancelStage>,
}

impl Default for MemoryControl {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            emissions: Mutex::default(),
            cut: None,
            clock: AtomicI64::new(1_790_000_000_000),
            began: std::time::Instant::now(),
            triggers: Vec::new(),
            late_steps: Vec::new(),
            masks: Vec::new(),
            secrets: HashMap::new(),
            denied: HashMap::new(),
            actions: HashMap::new(),
            checkout: None,
            endless: None,
            refused: HashMap::new(),
            asked: Mutex::default(),
            stage: watch::Sender::new(CancelStage::None),
        }
    }
}

impl MemoryControl {
    /// Cuts the job.
    #[must_use]
    pub const fn cut(mut self, cut: Cut) -> Self {
        self.cut = Some(cut);
        self
    }

    /// Adds a secret: it can be asked for, and is masked.
    #[must_use]
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.insert(name.to_ascii_uppercase(), value.to_owned());
        self.masks.push(value.to_owned());
        self
    }

    /// Adds an action of another repository.
    #[must_use]
    pub fn action(mut self, source: &str, files: &[(&str, &str)]) -> Self {
        let commit = format!("{:040x}", 0xabc0 + self.actions.len());
        let tree = MemoryTree::new(&commit, files);
        self.actions.insert(source.to_owned(), (commit, tree));
        self
    }

    /// Sets what a checkout brings.
    #[must_use]
    pub fn repository(mut self, files: &[(&str, &str)]) -> Self {
        self.checkout = Some(MemoryTree::new("source", files));
        self
    }

    /// Has something never end, and raises the stage of cancellation when it has begun.
    #[must_use]
    pub fn cancel_in(mut self, endless: Endless, stage: CancelStage) -> Self {
        self.endless = Some((endless, stage));
        self
    }

    /// Raises the stage of cancellation when a line with `text` is kept.
    #[must_use]
    pub fn cancel_at(mut self, text: &str, stage: CancelStage) -> Self {
        self.triggers.push((text.to_owned(), Trigger::Stage(stage)));
        self
    }

    /// Moves the clock forward when a line with `text` is kept.
    #[must_use]
    pub fn advance_at(mut self, text: &str, by: SignedDuration) -> Self {
        self.triggers.push((text.to_owned(), Trigger::Advance(by)));
        self
    }

    /// Moves the clock forward when a step, named by its path, has begun.
    #[must_use]
    pub fn advance_when_begun(mut self, step: &str, by: SignedDuration) -> Self {
        self.late_steps.push((step.to_owned(), by));
        self
    }

    /// Begins where a host that was killed left off: cancelled, if that one was.
    #[must_use]
    pub fn with_past(self, records: Vec<Record>, events: Vec<Event>) -> Self {
        events.iter().for_each(|event| self.react(event));
        *self.kept.lock().unwrap() = (records, events);
        self
    }

    /// Raises the stage of cancellation.
    pub fn raise(&self, stage: CancelStage) {
        self.stage.send_if_modified(|now| std::mem::replace(now, stage.max(*now)) != stage);
    }

    /// Returns what was kept so far.
    #[must_use]
    pub fn kept(&self) -> (Vec<Record>, Vec<Event>) {
        self.kept.lock().unwrap().clone()
    }

    /// Returns how many emissions came.
    #[must_use]
    pub fn emissions(&self) -> usize {
        *self.emissions.lock().unwrap()
    }

    fn advance(&self, by: SignedDuration) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    /// Never returns where `work` is what never ends.
    async fn begin(&self, work: Endless) {
        let Some((_, stage)) = self.endless.as_ref().filter(|(endless, _)| *endless == work) else { return };
        // A kill comes after a cancellation that was heard.
        self.raise(CancelStage::Cancel);
        tokio::task::yield_now().await;
        self.raise(*stage);
        std::future::pending().await
    }

    fn react(&self, event: &Event) {
        if let Event::StepStarted(started) = event {
            let is_this = |late: &&(String, SignedDuration)| late.0 == started.step.path.to_string();
            self.late_steps.iter().filter(is_this).for_each(|(_, by)| self.advance(*by));
        }
        let Event::Output { lines, .. } = event else { return };
        for line in lines {
            let (LogLine::Text(text) | LogLine::Marked(_, text)) = line;
            for (_, trigger) in self.triggers.iter().filter(|(wanted, _)| text.contains(wanted)) {
                match trigger {
                    Trigger::Stage(stage) => self.raise(*stage),
                    Trigger::Advance(by) => self.advance(*by),
                }
            }
        }
    }
}

#[async_trait]
impl Control for MemoryControl {
    async fn emit(&self, emission: Emission) -> Result<(), Loss> {
        let count = {
            let mut emissions = self.emissions.lock().unwrap();
            *emissions += 1;
            *emissions
        };
        let killed = || Err(Loss::Log("cut".to_owned()));
        if self.cut == Some(Cut::Before(count)) {
            return killed();
        }
        {
            let mut kept = self.kept.lock().unwrap();
            kept.0.extend(emission.records);
            kept.1.extend(emission.events.clone());
        }
        emission.events.iter().for_each(|event| self.react(event));
        if self.cut == Some(Cut::After(count)) { killed() } else { Ok(()) }
    }

    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap();
        Timestamp::from_millisecond(self.clock.load(Ordering::SeqCst) + passed).unwrap()
    }

    fn masks(&self) -> Vec<Secret> {
        self.masks.iter().cloned().map(Secret::new).collect()
    }

    async fn secret(&self, name: &SecretName) -> Option<Secret> {
        self.secrets.get(&name.0.to_ascii_uppercase()).cloned().map(Secret::new)
    }

    fn may_refuse(&self) -> bool {
        true
    }

    async fn admit(&self, wanted: &Wanted) -> Admission {
        self.asked.lock().unwrap().push(wanted.clone());
        let refusal = match wanted {
            Wanted::Step { step, .. } => self.refused.get(&step.path.to_string()),
            Wanted::Secret { name, .. } => self.denied.get(&name.0.to_ascii_uppercase()),
        };
        refusal
            .map_or(Admission::Allowed, |reason| Admission::Denied { reason: reason.clone(), failure: None })
    }

    async fn action(&self, uses: &RemoteUses) -> Result<FetchedAction, ActionError> {
        self.begin(Endless::Fetch(uses.source())).await;
        let by_commit = || self.actions.values().find(|(commit, _)| *commit == uses.reference);
        let Some((commit, tree)) = self.actions.get(&uses.source()).or_else(by_commit) else {
            let message = format!("Unable to resolve action `{}`, repository not found", uses.source());
            return Err(ActionError { message });
        };
        let below = |name: &str| match uses.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}/{name}"),
        };
        let manifest = ["action.yml", "action.yaml", "Dockerfile"]
            .into_iter()
            .find_map(|name| Some((name.to_owned(), tree.bytes(&below(name))?)));
        let tree: Arc<dyn Tree> = Arc::new(tree.clone());
        Ok(FetchedAction { commit: commit.clone(), tree, manifest })
    }

    async fn checkout(&self, _: &CheckoutAsk) -> Result<Checkout, ActionError> {
        self.begin(Endless::Checkout).await;
        let missing = || ActionError { message: "there is no repository here".to_owned() };
        self.checkout.clone().map(|tree| Checkout::Tree(Arc::new(tree))).ok_or_else(missing)
    }

    fn cancel_stage(&self) -> CancelStage {
        *self.stage.borrow()
    }

    async fn cancelled_beyond(&self, seen: CancelStage) -> CancelStage {
        let mut stage = self.stage.subscribe();
        *stage.wait_for(|stage| *stage > seen).await.unwrap()
    }
}
