//! One launch of one leg: place, decide, provision, execute, conclude.

use std::time::Duration;

use act_core::control::CancelStage;
use act_core::decide::Case;
use act_core::event::{Event, Level};
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

use crate::control::LaunchControl;
use crate::dispatcher::Run;
use crate::job::{LegCase, LegEnd};
use crate::outcome::Outcome;
use crate::place::{Unplaced, decide, label_ask, place};
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
    placement: Placement,
    timeout: Duration,
) -> Case {
    let bind = Bind { repository: request.source.repository.clone(), deadline: Some(timeout) };
    Case { launch: launch_id(request, key), placement, bind }
}

impl Run {
    /// Runs a leg on a machine.
    pub(crate) async fn launch(&self, case: &LegCase<'_>, job: &StepsJob) -> LegEnd {
        let end = |outcome, forgiven| LegEnd { outcome, forgiven };
        let (settings, decision) = match self.decide(case, job) {
            Ok(decided) => decided,
            Err(messages) => return end(self.end_wrong(&case.key, &case.name, case.job, messages), false),
        };
        // The semaphore lives as long as the run: it cannot be closed.
        let _place = tokio::select! {
            place = self.places.acquire() => place,
            _ = case.cancel.beyond(CancelStage::None) => {
                let reason = Some(why::cancelled(case.scope).to_owned());
                return end(self.end_unstarted(&case.key, &case.name, Conclusion::Cancelled, reason), false);
            }
        };
        let began = self.host.clock.now();
        let ended = self.on_machine(case, job, &settings, &decision).await;
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

    fn decide(&self, case: &LegCase<'_>, job: &StepsJob) -> Result<(Settings, Decision), Vec<String>> {
        let messages = |error: evaluate::EvaluateError| error.messages(&self.request.files);
        let settings = Settings::of(job, &case.expressions, &self.request.files)?;
        let runs_on = evaluate::now(evaluate::runs_on(&job.runs_on, &case.expressions)).map_err(messages)?;
        let ask = label_ask(case.job, runs_on, &self.request.source.repository);
        let placed = place(&self.host.mappers, &ask).map_err(Unplaced::lines)?;
        self.say(
            Some(&case.key),
            Event::JobPlaced {
                labels: ask.labels,
                mapper: placed.mapper,
                placement: placed.placement.clone(),
                reason: placed.reason,
            },
        );
        let request = placed_case(&self.request, &case.key, placed.placement, settings.timeout);
        let decision = decide(&*self.host.scheduler, &request).map_err(Unplaced::lines)?;
        Ok((settings, decision))
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
