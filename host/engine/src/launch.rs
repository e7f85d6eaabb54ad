//! One launch of one leg: place, decide, provision, execute, conclude.

use std::sync::OnceLock;
use std::time::Duration;

use act_core::control::CancelStage;
use act_core::decide::Case;
use act_core::event::{Event, Level};
use act_core::ids::{LaunchId, MachineId};
use act_core::place::Decision;
use act_core::provisioner::{Creation, Machine, Release, Released};
use act_core::spec::{JobContexts, RunDefaults, SPEC_VERSION};
use act_core::{Conclusion, JobEnd, JobSpec, Loss};
use act_expr::{Object, Value};
use act_workflow::model::StepsJob;
use act_workflow::source::Span;
use act_workflow::token::{Token, TokenKind};
use indexmap::IndexMap;
use jiff::Timestamp;

use crate::control::LaunchControl;
use crate::dispatcher::Run;
use crate::job::{LegCase, LegEnd};
use crate::launches::{EPOCH, Launches, Next};
use crate::outcome::Outcome;
use crate::placing::{PlacedLeg, Undecided};
use crate::settings::Settings;
use crate::why;

/// How long a scheduler that asks to be asked again at once is left alone.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// Why a leg did not start.
enum Unstarted {
    Cancelled,
    Undecided(Box<Undecided>),
}

/// What came of a launch.
enum Trial {
    Ended(JobEnd),
    Refused(Refusal),
}

/// That a machine was refused.
struct Refusal {
    reason: String,
    /// Whether the same ask may succeed later.
    may_come: bool,
}

impl Run {
    /// Runs a leg on a machine.
    pub(crate) async fn launch(&self, case: &LegCase<'_>, job: &StepsJob) -> LegEnd {
        match self.launched(case, job).await {
            Ok(end) => end,
            Err(Unstarted::Cancelled) => {
                let reason = Some(why::cancelled(case.scope).to_owned());
                let outcome = self.end_unstarted(&case.key, &case.name, Conclusion::Cancelled, reason);
                LegEnd { outcome, forgiven: false }
            }
            Err(Unstarted::Undecided(undecided)) => {
                LegEnd { outcome: self.end_undecided(case, *undecided), forgiven: false }
            }
        }
    }

    async fn launched(&self, case: &LegCase<'_>, job: &StepsJob) -> Result<LegEnd, Unstarted> {
        // On the heap: legs that wait for a place hold nothing of it.
        let (leg, mut launches) = self.unless_cancelled(case, Box::pin(self.placed(case, job))).await?;
        let mut refused = None;
        loop {
            let deciding = self.decide(case, &leg, &mut launches, refused.take());
            let decision = self.unless_cancelled(case, Box::pin(deciding)).await?;
            // Nobody closes the semaphore.
            let place = self.unless_cancelled(case, async { Ok(self.host.places.acquire().await) }).await?;
            // What it was not kept from starting by does not stop it now.
            let started = &LegCase { cancel: case.cancel.survivor(), ..case.clone() };
            let began = self.host.clock.now();
            // On the heap, once there is a place: legs that wait hold nothing of it.
            let trial = self.on_machine(started, job, &leg, &launches.case.launch, &decision);
            match Box::pin(trial).await {
                Trial::Ended(end) => return Ok(self.conclude(started, &leg.settings, end, began)),
                Trial::Refused(refusal) => refused = Some(refusal),
            }
            drop(place);
        }
    }

    async fn placed(
        &self,
        case: &LegCase<'_>,
        job: &StepsJob,
    ) -> Result<(PlacedLeg, Box<Launches>), Undecided> {
        let leg = self.place(case, job).await?;
        let (facts, placement) = (leg.ask.facts.clone(), leg.placed.placement.clone());
        let (timeout, now) = (leg.settings.timeout, self.host.clock.now());
        let launches = Launches::new(&self.request, &case.key, facts, placement, timeout, now);
        Ok((leg, Box::new(launches)))
    }

    /// Does what comes before a job's start, for as long as nobody cancels it.
    async fn unless_cancelled<T>(
        &self,
        case: &LegCase<'_>,
        work: impl Future<Output = Result<T, Undecided>>,
    ) -> Result<T, Unstarted> {
        tokio::select! {
            // First, so that who is cancelled does not start when a place becomes free for the same reason.
            biased;
            () = self.stays_out(case) => Err(Unstarted::Cancelled),
            done = work => done.map_err(|undecided| Unstarted::Undecided(Box::new(undecided))),
        }
    }

    /// Asks the scheduler until it decides; `refused` is what became of its last decision. Policies see it last.
    async fn decide(
        &self,
        case: &LegCase<'_>,
        leg: &PlacedLeg,
        launches: &mut Launches,
        refused: Option<Refusal>,
    ) -> Result<Decision, Undecided> {
        let scheduler = &self.host.scheduler;
        let mut next = match refused {
            None => Next::Ask,
            Some(Refusal { reason, may_come }) => {
                let seen = launches.refused(&reason, may_come, self.host.clock.now());
                let ruling = scheduler.react(&launches.case, &seen).await;
                launches.follow_refusal(scheduler.name(), ruling, &reason)?
            }
        };
        let mut told = None;
        loop {
            next = match next {
                Next::Ask => {
                    self.note_launch(&case.key, launches.case.launch.launch);
                    launches.case.now = self.host.clock.now();
                    let ruling = scheduler.decide(&launches.case).await;
                    launches.follow(scheduler.name(), ruling)?
                }
                Next::Wait { until, reason } => {
                    self.await_turn(case, launches, until, reason, &mut told).await?;
                    Next::Ask
                }
                Next::Launch(decision) => {
                    self.note_launch(&case.key, launches.case.launch.launch);
                    if let Some(hearing) = &leg.hearing {
                        self.heed(case, hearing.launch(&launches.case.placement, &decision).await)?;
                    }
                    return Ok(decision);
                }
            };
        }
    }

    /// Waits as a scheduler asks to, but never longer than the job's own time.
    async fn await_turn(
        &self,
        case: &LegCase<'_>,
        launches: &Launches,
        until: Timestamp,
        reason: String,
        told: &mut Option<String>,
    ) -> Result<(), Undecided> {
        let Case { waiting_since, bind, .. } = &launches.case;
        let now = self.host.clock.now();
        let left = bind.deadline.map(|limit| limit.saturating_sub(since(*waiting_since, now)));
        if left.is_some_and(|left| left.is_zero()) {
            let reason = format!("the job's time was over before there was a machine: {reason}");
            return Err(Loss::NotProvisioned(reason).into());
        }
        if told.as_ref() != Some(&reason) {
            self.say(Some(&case.key), Event::JobWaiting { reason: reason.clone() });
            *told = Some(reason);
        }
        let wanted = since(now, until).max(SHORTEST_WAIT);
        tokio::time::sleep(left.map_or(wanted, |left| wanted.min(left))).await;
        Ok(())
    }

    /// Says how a job ended that ran.
    fn conclude(&self, case: &LegCase<'_>, settings: &Settings, end: JobEnd, began: Timestamp) -> LegEnd {
        let (conclusion, outputs, loss) = match end {
            JobEnd::Concluded(result) => (result.conclusion, result.outputs, None),
            JobEnd::Interrupted(loss) => (Conclusion::Failure, IndexMap::new(), Some(loss)),
        };
        let lost = loss.is_some();
        self.say(
            Some(&case.key),
            Event::JobFinished {
                name: case.name.clone(),
                conclusion,
                outputs: outputs.clone(),
                reason: case.time_up.get().cloned(),
                loss,
                duration_ms: self.millis_since(began),
            },
        );
        let forgiven = settings.forgiven && !lost;
        LegEnd { outcome: Outcome { result: conclusion, outputs, lost }, forgiven }
    }

    async fn on_machine(
        &self,
        case: &LegCase<'_>,
        job: &StepsJob,
        leg: &PlacedLeg,
        launch: &LaunchId,
        decision: &Decision,
    ) -> Trial {
        let machine = match self.host.provisioner.create(&MachineId::of(launch), decision).await {
            Creation::Created(machine) | Creation::Adopted(machine) => machine,
            Creation::Refused { reason, retry } => {
                return Trial::Refused(Refusal { reason, may_come: retry });
            }
        };
        let end = match self.host.provisioner.bind(&machine, launch, EPOCH).await {
            Ok(env) => {
                let started =
                    Event::JobStarted { name: case.name.clone(), machine: env.facts().name.clone() };
                match self.tell(Some(&case.key), started) {
                    Ok(()) => {
                        let spec = self.spec(case, job, &leg.settings, launch.clone());
                        self.execute(case, leg, &spec, &*env).await
                    }
                    Err(loss) => JobEnd::Interrupted(loss),
                }
            }
            Err(error) => JobEnd::Interrupted(Loss::Machine(error.to_string())),
        };
        self.release(case, &machine).await;
        Trial::Ended(end)
    }

    async fn release(&self, case: &LegCase<'_>, machine: &Machine) {
        if let Released::Unconfirmed(what) = self.host.provisioner.release(machine, Release::Done).await {
            let message = format!("the job's machine could not be taken down wholly: {what}");
            self.notice(Some(&case.key), Level::Warning, None, message);
        }
    }

    /// Executes the job, under its time limit and the one after a cancellation.
    async fn execute(
        &self,
        case: &LegCase<'_>,
        leg: &PlacedLeg,
        spec: &JobSpec,
        env: &dyn act_core::environment::Environment,
    ) -> JobEnd {
        let control = LaunchControl {
            host: self.host.clone(),
            stamp: self.stamp(&case.key),
            secrets: case.scope.secrets.clone(),
            masks: self.request.secrets.clone(),
            show_secrets: self.request.show_secrets,
            cancel: case.cancel.clone(),
            hearing: leg.hearing.clone(),
            failed: OnceLock::new(),
        };
        let settings = &leg.settings;
        let job = act_job::run_job(spec, env, &control, &[]);
        let watch = async {
            tokio::select! {
                () = tokio::time::sleep(settings.timeout) => {
                    let message = format!(
                        "The job running on runner {} has exceeded the maximum execution time of {} minutes.",
                        env.facts().name, settings.timeout_minutes,
                    );
                    let message = case.time_up.get_or_init(|| message);
                    self.notice(Some(&case.key), Level::Error, None, message.clone());
                    case.cancel.raise(CancelStage::Cancel);
                }
                _ = case.cancel.beyond(CancelStage::None) => {}
            }
            tokio::time::sleep(settings.cancel_timeout).await;
            case.cancel.raise(CancelStage::Kill);
            std::future::pending::<()>().await;
        };
        let end = tokio::select! {
            end = job => end,
            () = watch => JobEnd::Interrupted(Loss::Machine("the watch over the job ended".to_owned())),
        };
        match (end, control.failed.get()) {
            (JobEnd::Concluded(_), Some(failure)) => JobEnd::Interrupted(Loss::Policy(failure.clone())),
            (end, _) => end,
        }
    }

    fn spec(&self, case: &LegCase<'_>, job: &StepsJob, settings: &Settings, launch: LaunchId) -> JobSpec {
        let context = |name: &str| case.expressions.contexts.get(name).cloned().unwrap_or_default();
        let github = context("github").as_object().cloned().unwrap_or_default();
        let github = github.with("job", case.job.id.as_str());
        let base = literal_env(&self.request.env);
        let env = std::iter::once(base).chain(case.scope.enclosing.env.clone()).chain(job.env.clone());
        let defaults = |key: &str| {
            let of = |token: &Option<Token>| token.as_ref()?.get("run")?.get(key).cloned();
            of(&job.defaults).or_else(|| of(&case.scope.enclosing.defaults))
        };
        JobSpec {
            version: SPEC_VERSION,
            launch,
            name: case.name.clone(),
            files: self.request.files.clone(),
            steps: job.steps.clone(),
            env: env.collect(),
            defaults: RunDefaults {
                shell: defaults("shell"),
                working_directory: defaults("working-directory"),
            },
            outputs: job.outputs.clone(),
            contexts: JobContexts {
                github: github.into(),
                inputs: context("inputs"),
                vars: context("vars"),
                needs: case.needs.clone(),
                strategy: context("strategy"),
                matrix: context("matrix"),
                job: self.job_context(),
            },
            secrets: case.scope.secrets.names().cloned().collect(),
            source: self.request.source.clone(),
            cancel_timeout: settings.cancel_timeout,
            debug: self.request.debug,
            show_secrets: self.request.show_secrets,
        }
    }

    /// Source: actions/runner `JobContext.cs`.
    fn job_context(&self) -> Value {
        let github = &self.request.github;
        let of = |name: &str| github.get(name).cloned().unwrap_or_default();
        Object::new()
            .with("workflow_ref", of("workflow_ref"))
            .with("workflow_sha", of("workflow_sha"))
            .with("workflow_repository", of("repository"))
            .with("workflow_file_path", self.request.started.workflow_file.as_str())
            .into()
    }
}

/// Returns variables as an `env` mapping without expressions.
fn literal_env(variables: &[(String, String)]) -> Token {
    let text = |text: &str| Token::string(text, Span::nowhere());
    let entries = variables.iter().map(|(name, value)| (text(name), text(value)));
    Token::new(TokenKind::Mapping(entries.collect()), Span::nowhere())
}

/// Returns the time from one moment to a later one.
fn since(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}
