//! One launch of one leg: place, decide, provision, execute, conclude.

use std::time::Duration;

use act_core::control::CancelStage;
use act_core::decide::{Case, JobFacts, MapperAnswer};
use act_core::event::{Event, JobPlaced, Level};
use act_core::ids::{Epoch, JobKey, Launch, LaunchId, MachineId};
use act_core::place::{Bind, Decision, Placement};
use act_core::provisioner::{Creation, Machine, Release, Released};
use act_core::spec::{JobContexts, RunDefaults, SPEC_VERSION};
use act_core::{Conclusion, JobEnd, JobSpec, Loss};
use act_expr::{Object, Value};
use act_workflow::evaluate;
use act_workflow::model::StepsJob;
use act_workflow::source::Span;
use act_workflow::token::{Token, TokenKind};
use indexmap::IndexMap;
use jiff::Timestamp;

use crate::control::LaunchControl;
use crate::dispatcher::Run;
use crate::facts::job_facts;
use crate::job::{LegCase, LegEnd};
use crate::outcome::Outcome;
use crate::place::{Placed, Unplaced, answers, decide, label_ask, verdict};
use crate::request::RunRequest;
use crate::settings::Settings;
use crate::why;

/// The first launch, and who speaks for it: this host retries nothing on its own machine.
const LAUNCH: Launch = Launch(1);
const EPOCH: Epoch = Epoch(1);

fn launch_id(request: &RunRequest, key: &JobKey) -> LaunchId {
    LaunchId { run: request.run, job: key.clone(), attempt: request.attempt, launch: LAUNCH }
}

/// Makes the scheduler's case of a placed leg.
pub(crate) fn placed_case(
    request: &RunRequest,
    key: &JobKey,
    facts: JobFacts,
    placement: Placement,
    timeout: Duration,
    now: Timestamp,
) -> Case {
    let repository = request.source.repository.clone();
    let bind = Bind { repository, deadline: Some(timeout), ..Bind::default() };
    let launch = launch_id(request, key);
    Case { launch, facts, placement, hop: 0, bind, now, waiting_since: now, history: Vec::new() }
}

/// Returns when a run began, as its id says.
pub(crate) fn began(request: &RunRequest) -> Timestamp {
    let millis = i64::try_from(request.run.millis()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// Why a leg has no decision.
struct Undecided {
    /// For people, a line each; none where `loss` says it.
    messages: Vec<String>,
    /// What failed, where the workflow is not to blame.
    loss: Option<Loss>,
}

impl From<Vec<String>> for Undecided {
    fn from(messages: Vec<String>) -> Self {
        Self { messages, loss: None }
    }
}

impl From<Unplaced> for Undecided {
    fn from(unplaced: Unplaced) -> Self {
        match unplaced.failed {
            true => {
                Self { messages: Vec::new(), loss: Some(Loss::NotProvisioned(unplaced.lines().join("; "))) }
            }
            false => unplaced.lines().into(),
        }
    }
}

fn placed_event(placed: Placed, labels: Vec<String>, answers: Vec<MapperAnswer>) -> Event {
    let Placed { mapper, placement, reason } = placed;
    Event::JobPlaced(Box::new(JobPlaced { labels, mapper, placement, reason, answers }))
}

impl Run {
    /// Runs a leg on a machine.
    pub(crate) async fn launch(&self, case: &LegCase<'_>, job: &StepsJob) -> LegEnd {
        let end = |outcome, forgiven| LegEnd { outcome, forgiven };
        let (settings, decision) = match self.decide(case, job).await {
            Ok(decided) => decided,
            Err(undecided) => return end(self.end_undecided(case, undecided), false),
        };
        // Nobody closes the semaphore.
        let _place = tokio::select! {
            // First, so that who is cancelled does not start when a place becomes free for the same reason.
            biased;
            () = self.stays_out(case) => {
                let reason = Some(why::cancelled(case.scope).to_owned());
                return end(self.end_unstarted(&case.key, &case.name, Conclusion::Cancelled, reason), false);
            }
            place = self.host.places.acquire() => place,
        };
        // What it was not kept from starting by does not stop it now.
        let case = &LegCase { cancel: case.cancel.survivor(), ..case.clone() };
        let began = self.host.clock.now();
        // On the heap, once there is a place: legs that wait hold nothing of it.
        let ended = Box::pin(self.on_machine(case, job, &settings, &decision)).await;
        let duration_ms = self.millis_since(began);
        let (conclusion, outputs, loss) = match ended {
            JobEnd::Concluded(result) => (result.conclusion, result.outputs, None),
            JobEnd::Interrupted(loss) => (Conclusion::Failure, IndexMap::new(), Some(loss)),
        };
        let lost = loss.is_some();
        let name = case.name.clone();
        self.say(
            Some(&case.key),
            Event::JobFinished {
                name,
                conclusion,
                outputs: outputs.clone(),
                reason: case.time_up.get().cloned(),
                loss,
                duration_ms,
            },
        );
        let forgiven = settings.forgiven && !lost;
        end(Outcome { result: conclusion, outputs, lost }, forgiven)
    }

    /// Asks the mappers and the scheduler.
    async fn decide(&self, case: &LegCase<'_>, job: &StepsJob) -> Result<(Settings, Decision), Undecided> {
        let messages = |error: evaluate::EvaluateError| error.messages(&self.request.files);
        let settings = Settings::of(job, &case.expressions, &self.request.files)?;
        let runs_on = evaluate::now(evaluate::runs_on(&job.runs_on, &case.expressions)).map_err(messages)?;
        let matrix = case.expressions.contexts.get("matrix").cloned().unwrap_or_default();
        let facts = job_facts(&self.request, case.job, Some(&case.key), Some(&case.name), &matrix);
        let ask = label_ask(facts, runs_on);
        let answers = answers(&self.host.mappers, &ask).await;
        let placed = match verdict(&ask, answers.clone()) {
            Ok(placed) => placed,
            Err(unplaced) => {
                self.say(Some(&case.key), Event::JobUnplaced { labels: ask.labels, answers });
                return Err(unplaced.into());
            }
        };
        let placement = placed.placement.clone();
        self.say(Some(&case.key), placed_event(placed, ask.labels, answers));
        let now = self.host.clock.now();
        let timeout = settings.timeout;
        let request = placed_case(&self.request, &case.key, ask.facts, placement, timeout, now);
        let decision = decide(&*self.host.scheduler, &request).await?;
        Ok((settings, decision))
    }

    /// Says why a leg has no machine: the workflow's fault, or ours.
    fn end_undecided(&self, case: &LegCase<'_>, undecided: Undecided) -> Outcome {
        let Undecided { messages, loss } = undecided;
        let mut outcome = match &loss {
            None => return self.end_wrong(&case.key, &case.name, case.job, messages),
            Some(_) => Outcome::plain(Conclusion::Failure),
        };
        let end = Event::JobFinished {
            name: case.name.clone(),
            conclusion: outcome.result,
            outputs: IndexMap::new(),
            reason: None,
            loss,
            duration_ms: 0,
        };
        self.say(Some(&case.key), end);
        outcome.lost = true;
        outcome
    }

    async fn on_machine(
        &self,
        case: &LegCase<'_>,
        job: &StepsJob,
        settings: &Settings,
        decision: &Decision,
    ) -> JobEnd {
        let launch = launch_id(&self.request, &case.key);
        let machine = match self.host.provisioner.create(&MachineId::of(&launch), decision).await {
            Creation::Created(machine) | Creation::Adopted(machine) => machine,
            Creation::Refused { reason, .. } => {
                return JobEnd::Interrupted(Loss::NotProvisioned(reason));
            }
        };
        let end = match self.host.provisioner.bind(&machine, &launch, EPOCH).await {
            Ok(env) => {
                let started =
                    Event::JobStarted { name: case.name.clone(), machine: env.facts().name.clone() };
                match self.tell(Some(&case.key), started) {
                    Ok(()) => {
                        let spec = self.spec(case, job, settings, launch);
                        self.execute(case, settings, &spec, &*env).await
                    }
                    Err(loss) => JobEnd::Interrupted(loss),
                }
            }
            Err(error) => JobEnd::Interrupted(Loss::Machine(error.to_string())),
        };
        self.release(case, &machine).await;
        end
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
        settings: &Settings,
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
        };
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
        tokio::select! {
            end = job => end,
            () = watch => JobEnd::Interrupted(Loss::Machine("the watch over the job ended".to_owned())),
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
