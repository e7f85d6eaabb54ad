//! From a leg to its place: settings, labels, policies, mappers, policies again.

use std::sync::Arc;

use act_core::decide::{LabelAsk, MapperAnswer};
use act_core::event::{Event, FilePlace, JobJudged, JobPlaced, Level};
use act_core::{Conclusion, Loss};
use act_job::content;
use act_workflow::evaluate;
use act_workflow::model::StepsJob;
use indexmap::IndexMap;

use crate::content::{Surroundings, of_job};
use crate::dispatcher::Run;
use crate::facts::job_facts;
use crate::hearing::{Denial, Hearing, Judged};
use crate::job::LegCase;
use crate::outcome::Outcome;
use crate::past::Launched;
use crate::place::{Placed, Unplaced, answers, label_ask, verdict};
use crate::settings::Settings;

/// A leg that has a place.
pub(crate) struct PlacedLeg {
    pub(crate) settings: Settings,
    /// With the labels as policies left them.
    pub(crate) ask: LabelAsk,
    pub(crate) placed: Placed,
    /// Where there are policies.
    pub(crate) hearing: Option<Arc<Hearing>>,
}

/// Why a leg does not start.
pub(crate) struct Undecided {
    /// For people, a line each; none where `loss` says it.
    messages: Vec<String>,
    /// What they are about; `None` for the job.
    place: Option<FilePlace>,
    /// What failed, where the workflow is not to blame.
    loss: Option<Loss>,
}

impl From<Vec<String>> for Undecided {
    fn from(messages: Vec<String>) -> Self {
        Self { messages, place: None, loss: None }
    }
}

impl From<Unplaced> for Undecided {
    fn from(unplaced: Unplaced) -> Self {
        match unplaced.failed {
            true => Loss::NotProvisioned(unplaced.lines().join("; ")).into(),
            false => unplaced.lines().into(),
        }
    }
}

impl From<Loss> for Undecided {
    fn from(loss: Loss) -> Self {
        Self { messages: Vec::new(), place: None, loss: Some(loss) }
    }
}

impl From<Denial> for Undecided {
    fn from(denial: Denial) -> Self {
        let loss = denial.failure().map(Loss::Policy);
        Self { messages: vec![denial.message()], place: Some(denial.place.into()), loss }
    }
}

impl Run {
    /// Finds a leg's place.
    pub(crate) async fn place(&self, case: &LegCase<'_>, job: &StepsJob) -> Result<PlacedLeg, Undecided> {
        let messages = |error: evaluate::EvaluateError| error.messages(&self.request.files);
        let settings = Settings::of(job, &case.expressions, &self.request.files)?;
        let runs_on = evaluate::now(evaluate::runs_on(&job.runs_on, &case.expressions)).map_err(messages)?;
        let matrix = case.expressions.contexts.get("matrix").cloned().unwrap_or_default();
        let facts = job_facts(&self.request, case.job, Some(&case.key), Some(&case.name), &matrix);
        let mut ask = label_ask(facts, runs_on);
        let mut hearing = self.hearing(case, job, &ask);
        if let Some(hearing) = &mut hearing {
            self.heed(case, hearing.queued(&mut ask).await)?;
        }
        let answers = answers(&self.host.mappers, &ask).await;
        let mut placed = match verdict(&ask, answers.clone()) {
            Ok(placed) => placed,
            Err(unplaced) => {
                self.say(Some(&case.key), Event::JobUnplaced { labels: ask.labels, answers });
                return Err(unplaced.into());
            }
        };
        let judged = match &hearing {
            Some(hearing) => hearing.placed(&mut placed).await,
            None => Judged::default(),
        };
        let judged = self.heed(case, judged);
        self.say(Some(&case.key), placed_event(placed.clone(), ask.labels.clone(), answers));
        judged?;
        Ok(PlacedLeg { settings, ask, placed, hearing: hearing.map(Arc::new) })
    }

    /// Finds the place that a leg had before its run was cut.
    pub(crate) fn place_again(
        &self,
        case: &LegCase<'_>,
        job: &StepsJob,
        before: &Launched,
    ) -> Result<PlacedLeg, Undecided> {
        let settings = Settings::of(job, &case.expressions, &self.request.files)?;
        let (ask, placed) = (before.ask.clone(), before.placed.clone());
        let hearing = self.hearing(case, job, &ask).map(Arc::new);
        if let Some(hearing) = &hearing {
            hearing.recall(&self.past.judged(&case.key));
        }
        Ok(PlacedLeg { settings, ask, placed, hearing })
    }

    fn hearing(&self, case: &LegCase<'_>, job: &StepsJob, ask: &LabelAsk) -> Option<Hearing> {
        if self.host.policies.is_empty() {
            return None;
        }
        let files = &self.request.files;
        let text = |token: &_| evaluate::now(evaluate::text(token, &case.expressions)).ok();
        let around = Surroundings {
            files,
            callers: &case.scope.callers,
            enclosing: case.scope.enclosing,
            text: &text,
        };
        let place = content::place(case.job.id_span, files);
        Some(Hearing::new(&self.host.policies, ask, of_job(case.job, job, around), place))
    }

    /// Tells what policies said.
    ///
    /// # Errors
    /// The denial, if it is one.
    pub(crate) fn heed(&self, case: &LegCase<'_>, judged: Judged) -> Result<(), Undecided> {
        let tell = |said: JobJudged| self.say(Some(&case.key), Event::JobJudged(Box::new(said)));
        judged.verdicts.into_iter().for_each(tell);
        judged.denial.map_or(Ok(()), |denial| Err(denial.into()))
    }

    /// Says why a leg does not start: the workflow's fault, or ours.
    pub(crate) fn end_undecided(&self, case: &LegCase<'_>, undecided: Undecided) -> Outcome {
        let Undecided { messages, place, loss } = undecided;
        let place = place.unwrap_or_else(|| content::place(case.job.id_span, &self.request.files).into());
        for message in messages {
            let place = place.clone();
            self.say(Some(&case.key), Event::Notice { level: Level::Error, message, place });
        }
        let mut outcome = Outcome::plain(Conclusion::Failure);
        outcome.lost = loss.is_some();
        let end = Event::JobFinished {
            name: case.name.clone(),
            conclusion: outcome.result,
            outputs: IndexMap::new(),
            reason: None,
            loss,
            duration_ms: 0,
        };
        self.say(Some(&case.key), end);
        outcome
    }
}

fn placed_event(placed: Placed, labels: Vec<String>, answers: Vec<MapperAnswer>) -> Event {
    let Placed { mapper, placement, reason } = placed;
    Event::JobPlaced(Box::new(JobPlaced { labels, mapper, placement, reason, answers }))
}
