//! What a workflow asks for and this build does not do yet: refused before anything runs, all at once.

use act_core::place::container::CreateOptions;
use act_workflow::model::{Job, JobKind, StepsJob, UsesRef};
use act_workflow::source::Span;
use act_workflow::step::{Step, StepKind};
use act_workflow::token::Token;

/// Something of a workflow and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// For people.
    pub message: String,
    /// Where it stands.
    pub span: Span,
}

impl Finding {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), span }
    }
}

/// Returns everything in these jobs, and those they call, that cannot be run yet: `containers` says whether the backend
/// has some.
#[must_use]
pub fn refusals<'a>(jobs: impl IntoIterator<Item = &'a Job>, containers: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    for job in jobs {
        match &job.kind {
            JobKind::Steps(steps) => refuse_steps_job(job, steps, containers, &mut found),
            JobKind::Call(call) => {
                let called = call.called.as_ref().map(|called| refusals(&called.jobs, containers));
                found.extend(called.unwrap_or_default());
            }
        }
    }
    found
}

fn refuse_steps_job(job: &Job, steps: &StepsJob, containers: bool, found: &mut Vec<Finding>) {
    let id = &job.id;
    let missing = "not built yet on this machine: `--backend kubernetes` has containers";
    if let Some(container) = &steps.container {
        match containers {
            true => refuse_options(id.as_str(), container, found),
            false => {
                found.push(Finding::new(container.span, format!("job `{id}`: `container` is {missing}")))
            }
        }
    }
    if let Some(services) = &steps.services {
        match containers {
            true => {
                let each = services.as_mapping().unwrap_or_default().iter();
                each.for_each(|(_, service)| refuse_options(id.as_str(), service, found));
            }
            false => found.push(Finding::new(services.span, format!("job `{id}`: `services` are {missing}"))),
        }
    }
    for step in steps.steps.iter().flat_map(Step::walk) {
        refuse_step(id.as_str(), step, found);
    }
}

/// Refuses options that are wrong whatever expressions come to.
fn refuse_options(job: &str, container: &Token, found: &mut Vec<Finding>) {
    let Some(options) = container.get("options") else { return };
    if let Some(text) = options.as_str()
        && let Err(reason) = CreateOptions::parse(text)
    {
        found.push(Finding::new(options.span, format!("job `{job}`: `options`: {reason}")));
    }
}

fn refuse_step(job: &str, step: &Step, found: &mut Vec<Finding>) {
    if step.background {
        found.push(Finding::new(step.span, format!("job `{job}`: background steps are not built yet")));
    }
    match &step.kind {
        StepKind::Uses { uses, .. } => {
            if let UsesRef::Docker { .. } = &uses.value {
                found.push(Finding::new(uses.span, format!("job `{job}`: Docker actions are not built yet")));
            }
        }
        StepKind::Wait { .. } | StepKind::WaitAll | StepKind::Cancel { .. } | StepKind::Parallel { .. } => {
            let keyword = step.keyword();
            found.push(Finding::new(step.span, format!("job `{job}`: `{keyword}` steps are not built yet")));
        }
        StepKind::Run { .. } => {}
    }
}

/// Returns one notice for each key that is read and has no effect on this machine.
#[must_use]
pub fn notices<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> Vec<Finding> {
    let mut found: Vec<(&str, Finding)> = Vec::new();
    let mut note = |key: &'static str, span: Span, text: &str| {
        if !found.iter().any(|(known, _)| *known == key) {
            found.push((key, Finding::new(span, text)));
        }
    };
    for job in jobs {
        if let Some(permissions) = &job.permissions {
            note("permissions", permissions.span, "`permissions` do not narrow the token given to this run");
        }
        if let JobKind::Steps(steps) = &job.kind {
            if let Some(environment) = &steps.environment {
                note(
                    "environment",
                    environment.span,
                    "`environment` has no protection rules, secrets or variables of its own here",
                );
            }
            if let Some(snapshot) = &steps.snapshot {
                note("snapshot", snapshot.span, "`snapshot` makes no image here");
            }
        }
    }
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// Returns one notice for each port of a service that is another one where the steps run: services share a pod's network,
/// and of `8080:80` the steps reach 80. Ports that are known when the job begins only are not told.
#[must_use]
pub fn moved_ports<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> Vec<Finding> {
    let steps = jobs.into_iter().filter_map(|job| match &job.kind {
        JobKind::Steps(steps) => steps.services.as_ref(),
        JobKind::Call(_) => None,
    });
    let services = steps.flat_map(|services| services.as_mapping().unwrap_or_default());
    let ports = services.flat_map(|(name, service)| {
        let ports = service.get("ports").and_then(Token::as_sequence).unwrap_or_default();
        ports.iter().map(move |port| (name, port))
    });
    let moved = |(name, port): (&Token, &Token)| {
        let (text, name) = (port.as_str()?, name.as_str()?);
        let (host, own) = text.split('/').next()?.rsplit_once(':')?;
        let host = host.rsplit(':').next()?;
        (host != own).then(|| {
            let message = format!(
                "`services.{name}`: `{text}` is reached at port {own} in a pod, as `job.services.{name}.ports` says"
            );
            Finding::new(port.span, message)
        })
    };
    ports.filter_map(moved).collect()
}
