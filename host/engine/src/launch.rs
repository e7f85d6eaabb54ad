//! One launch of one leg: place, decide, provision, execute, conclude.

use std::sync::Arc;

use act_core::control::CancelStage;
use act_core::decide::{Case, Ruling};
use act_core::environment::Environment;
use act_core::event::{Event, Level};
use act_core::ids::{LaunchId, MachineId};
use act_core::place::{Bind, Decision};
use act_core::provisioner::Release;
use act_core::spec::{JobContexts, RunDefaults, SPEC_VERSION};
use act_core::{Conclusion, JobEnd, JobSpec, Loss};
use act_workflow::model::StepsJob;
use act_workflow::token::Token;
use indexmap::IndexMap;
use jiff::Timestamp;

use crate::containers::{containers, env_around};
use crate::control::LaunchControl;
use crate::dispatcher::Run;
use crate::job::{LegCase, LegEnd};
use crate::launches::{Launches, Next};
use crate::machine::{Ruled, SHORTEST_WAIT, Unready, Watch, since};
use crate::outcome::Outcome;
use crate::past::Launched;
use crate::placing::{PlacedLeg, Undecided};
use crate::settings::Settings;
use crate::take_up::{NOT_SURVIVED, Unmade, began_at, time_run};
use crate::why;

/// Why a leg did not start.
enum Unstarted {
    Cancelled,
    Undecided(Box<Undecided>),
}

/// What came of a launch.
enum Trial {
    Ended(JobEnd),
    /// It came to nothing.
    Ruled {
        ruled: Ruled,
        /// Whether its machine was never made.
        unmade: bool,
    },
    Unstarted(Unstarted),
}

impl Trial {
    /// Returns how its machine is released.
    const fn end(&self) -> Release {
        match self {
            Self::Ended(JobEnd::Interrupted(_)) => Release::Failed,
            Self::Ended(JobEnd::Concluded(result)) if matches!(result.conclusion, Conclusion::Failure) => {
                Release::Failed
            }
            Self::Ended(_) | Self::Ruled { .. } | Self::Unstarted(_) => Release::Done,
        }
    }
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
        let past = self.past.launches(&case.key);
        // On the heap: legs that wait for a place hold nothing of it.
        let placing = Box::pin(self.placed(case, job, past.first()));
        let (leg, mut launches) = self.unless_cancelled(case, placing).await?;
        launches.take_up(past);
        let mut taken_up = past.last().map(|last| Arc::new(last.decision.clone()));
        let mut before = None;
        loop {
            let decision = match taken_up.take() {
                Some(decision) => decision,
                None => {
                    let deciding = self.decide(case, &leg, &mut launches, before.take());
                    self.unless_cancelled(case, Box::pin(deciding)).await?
                }
            };
            self.note_launch(&case.key, launches.case.launch.launch);
            // Nobody closes the semaphore.
            let place = self.unless_cancelled(case, async { Ok(self.host.places.acquire().await) }).await?;
            let cancel = match self.has_begun(&case.key) {
                true => case.cancel.clone(),
                // What it was not kept from starting by does not stop it now.
                false => case.cancel.survivor(),
            };
            let started = &LegCase { cancel, ..case.clone() };
            let past = self.past.records(&case.key, launches.case.launch.launch);
            let began = began_at(past).unwrap_or_else(|| self.host.clock.now());
            // On the heap, once there is a place: legs that wait hold nothing of it.
            let trial = self.on_machine(started, job, &leg, &mut launches, &decision);
            match Box::pin(trial).await {
                Trial::Ended(end) => return Ok(self.conclude(started, &leg.settings, end, began)),
                Trial::Ruled { ruled, unmade } => before = Some((ruled, unmade)),
                Trial::Unstarted(unstarted) => return Err(unstarted),
            }
            drop(place);
        }
    }

    async fn placed(
        &self,
        case: &LegCase<'_>,
        job: &StepsJob,
        before: Option<&Launched>,
    ) -> Result<(PlacedLeg, Box<Launches>), Undecided> {
        let leg = match before {
            Some(before) => self.place_again(case, job, before)?,
            None => self.place(case, job).await?,
        };
        let (facts, placement) = (leg.ask.facts.clone(), leg.placed.placement.clone());
        let bind = containers(
            job,
            &env_around(&self.request.env, case.scope.enclosing),
            &case.expressions,
            &self.request.files,
        )?;
        let bind = Bind { deadline: Some(leg.settings.timeout), ..bind };
        let now = self.host.clock.now();
        let launches = Launches::new(&self.request, &case.key, facts, placement, bind, now);
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

    /// Asks the scheduler until it decides; `before` is what it ruled on its last decision, and whether that was never
    /// made. Policies see it last.
    async fn decide(
        &self,
        case: &LegCase<'_>,
        leg: &PlacedLeg,
        launches: &mut Launches,
        before: Option<(Ruled, bool)>,
    ) -> Result<Arc<Decision>, Undecided> {
        let scheduler = &self.host.scheduler;
        let mut next = match before {
            None => Next::Ask,
            Some((Ruled { ruling, why }, unmade)) => {
                launches.follow_end(scheduler.name(), ruling, &why, unmade)?
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
                    self.host.log.launched(&launches.written(leg, &decision))?;
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
            return Err(time_up(&reason).into());
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
        launches: &mut Launches,
        decision: &Decision,
    ) -> Trial {
        let launch = launches.case.launch.clone();
        let control = self.control(case, leg);
        let id = MachineId::of(&launch);
        let begun = self.has_begun(&case.key);
        let machine = match self.machine(&id, decision, &control, begun).await {
            Ok(machine) => machine,
            Err(Unmade::Refused(seen)) => {
                return Trial::Ruled { ruled: self.ruled(launches, seen).await, unmade: true };
            }
            Err(Unmade::Gone(text)) => {
                let end = JobEnd::Interrupted(Loss::Machine(text.clone()));
                return self.after(launches, &mut Watch::of_gone(&text), end).await;
            }
        };
        let mut watch = Watch::new(self.host.provisioner.observe(&machine));
        let trial = match self.ready(case, launches, &machine, &mut watch).await {
            Ok(env) if begun && !env.facts().survives_host => {
                Trial::Ended(JobEnd::Interrupted(Loss::Machine(NOT_SURVIVED.to_owned())))
            }
            Ok(env) => {
                let spec = self.spec(case, job, &leg.settings, launch).await;
                let running = self.started(case, leg, &spec, &*env, &control);
                let clock = &self.host.clock;
                let end = watch.beside(Box::pin(running), |seen| launches.saw(seen, clock.now())).await;
                self.after(launches, &mut watch, end).await
            }
            Err(Unready::Ruled(ruled)) => Trial::Ruled { ruled, unmade: false },
            Err(Unready::Cancelled) => Trial::Unstarted(Unstarted::Cancelled),
            Err(Unready::TimeUp(what)) => {
                Trial::Unstarted(Unstarted::Undecided(Box::new(time_up(&what).into())))
            }
        };
        self.release(case, &machine, trial.end()).await;
        trial
    }

    async fn started(
        &self,
        case: &LegCase<'_>,
        leg: &PlacedLeg,
        spec: &JobSpec,
        env: &dyn Environment,
        control: &LaunchControl<'_>,
    ) -> JobEnd {
        let started = Event::JobStarted { name: case.name.clone(), machine: env.facts().name.clone() };
        match self.tell(Some(&case.key), started) {
            Ok(()) => self.execute(case, leg, spec, env, control).await,
            Err(loss) => JobEnd::Interrupted(loss),
        }
    }

    /// Asks the scheduler about a job whose machine went away under it: it ends so, unless that rules otherwise.
    async fn after(&self, launches: &mut Launches, watch: &mut Watch, end: JobEnd) -> Trial {
        let (text, seen) = match &end {
            JobEnd::Interrupted(Loss::Machine(text)) => (text, watch.end(text, true).await),
            // Told to end, a machine may end its processes before it goes.
            JobEnd::Interrupted(Loss::Exit(text)) => match watch.known_end(true).await {
                Some(seen) => (text, seen),
                None => return Trial::Ended(end),
            },
            JobEnd::Interrupted(_) | JobEnd::Concluded(_) => return Trial::Ended(end),
        };
        let ruled = self.ruled(launches, seen).await;
        match ruled.ruling {
            Ruling::Launch(_) | Ruling::Wait { .. } | Ruling::NextHop { .. } => {
                Trial::Ruled { ruled, unmade: false }
            }
            Ruling::Keep | Ruling::Fail { .. } | Ruling::Failed { .. } => {
                let why =
                    if text.contains(&ruled.why) { ruled.why } else { format!("{}: {text}", ruled.why) };
                Trial::Ended(JobEnd::Interrupted(Loss::Machine(why)))
            }
        }
    }

    fn control<'a>(&'a self, case: &'a LegCase<'_>, leg: &'a PlacedLeg) -> LaunchControl<'a> {
        LaunchControl {
            run: self,
            stamp: self.stamp(&case.key),
            secrets: &case.scope.secrets,
            cancel: &case.cancel,
            hearing: leg.hearing.as_deref(),
        }
    }

    /// Executes the job, under its time limit and the one after a cancellation.
    async fn execute(
        &self,
        case: &LegCase<'_>,
        leg: &PlacedLeg,
        spec: &JobSpec,
        env: &dyn Environment,
        control: &LaunchControl<'_>,
    ) -> JobEnd {
        let settings = &leg.settings;
        let past = self.past.records(&case.key, spec.launch.launch);
        let job = act_job::run_job(spec, env, control, past);
        let left = settings.timeout.saturating_sub(time_run(past, self.host.clock.now()));
        let watch = async {
            tokio::select! {
                () = tokio::time::sleep(left) => {
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
        tokio::select! {
            end = job => end,
            () = watch => JobEnd::Interrupted(Loss::Machine("the watch over the job ended".to_owned())),
        }
    }

    async fn spec(
        &self,
        case: &LegCase<'_>,
        job: &StepsJob,
        settings: &Settings,
        launch: LaunchId,
    ) -> JobSpec {
        let context = |name: &str| case.expressions.contexts.get(name).cloned().unwrap_or_default();
        let github = context("github").to_object();
        let github = github.with("job", case.job.id.as_str());
        let env = env_around(&self.request.env, case.scope.enclosing).into_iter().chain(job.env.clone());
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
                job: self.job_context(case).await,
            },
            secrets: case.scope.secrets.names().cloned().collect(),
            source: self.request.source.clone(),
            cancel_timeout: settings.cancel_timeout,
            debug: self.request.debug,
            show_secrets: self.request.show_secrets,
        }
    }
}

fn time_up(what: &str) -> Loss {
    Loss::NotProvisioned(format!("the job's time was over before there was a machine: {what}"))
}
