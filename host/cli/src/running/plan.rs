//! Which workflows run, and as what: the event, the filters, the jobs asked for; and what is refused.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use act_core::ids::{Attempt, RunId};
use act_core::spec::Debugging;
use act_engine::github::RunFacts;
use act_engine::prepare::Ask;
use act_engine::refuse::Finding;
use act_engine::{Prepared, Secrets, check, prepare, select};
use act_expr::Value;
use act_workflow::events::EventKind;
use act_workflow::filter::{Exclusion, Selection};
use act_workflow::source::{Problem, Sources};

use super::deciders::Deciders;
use super::facts::Facts;
use super::frozen::Texts;
use super::read::ReadFile;
use crate::config::{Config, Mode};
use crate::diagnostics::CheckedFile;
use crate::error::CliError;
use crate::nearest::nearest;

/// What will run.
pub(crate) struct Planned {
    pub(crate) prepared: Vec<Prepared>,
    /// What was read for each.
    pub(super) texts: Vec<Texts>,
    /// One line each, for the user.
    pub(crate) notices: Vec<String>,
}

type Answer = Result<Result<Planned, Vec<CheckedFile>>, CliError>;

/// Decides on all files; the inner error holds everything that is refused.
pub(crate) async fn plan(
    config: &Config,
    facts: &Facts,
    deciders: &Deciders,
    files: Vec<ReadFile>,
) -> Answer {
    let kind = event(config, &files)?;
    let event = facts.event(kind);
    let mut notices = Vec::new();
    let mut selected = Vec::new();
    let mut excluded = Vec::new();
    for file in with_jobs(config, files)? {
        let named = file.named || !config.selection.jobs.is_empty() || !config.filters;
        match select::triggered(&file.workflow, &event) {
            Selection::Selected(passed) => {
                notices.extend(passed.iter().map(|notice| format!("{}: {notice}", file.name)));
                selected.push(file);
            }
            Selection::Excluded(reason) if named => {
                notices.push(format!("{} runs although {reason}", file.name));
                selected.push(file);
            }
            Selection::Excluded(reason) => excluded.push((reason, file.name)),
        }
    }
    if selected.is_empty() {
        let error = CliError::invalid(format!("no workflow runs on `{}`", kind.name()));
        let error =
            excluded.into_iter().fold(error, |error, (reason, name)| error.hint(format!("{name}: {reason}")));
        return Err(error.hint("`--no-filters` runs them all the same, `-W FILE` one of them"));
    }
    // That a workflow is for other events is no news; that a filter kept it out may be.
    let news = |(reason, _): &&(Exclusion, String)| {
        config.output.verbose || !matches!(reason, Exclusion::NotATrigger(_))
    };
    let told = |(reason, name): &(Exclusion, String)| format!("not run: {name}: {reason}");
    notices.extend(excluded.iter().filter(news).map(told));
    let mut all_prepared = Vec::new();
    let mut texts = Vec::new();
    let mut refused = Vec::new();
    for file in selected {
        texts.push(file.texts.clone());
        match prepare_file(config, facts, deciders, &event, file).await {
            Ok((prepared, mut found)) => {
                notices.append(&mut found);
                all_prepared.push(prepared);
            }
            Err(checked) => refused.push(checked),
        }
    }
    Ok(if refused.is_empty() { Ok(Planned { prepared: all_prepared, texts, notices }) } else { Err(refused) })
}

/// The user's word, else the one event that starts every workflow, else `push`.
fn event(config: &Config, files: &[ReadFile]) -> Result<EventKind, CliError> {
    let parse = |name: &str| {
        name.parse::<EventKind>().map_err(|error| {
            let known = EventKind::ALL.iter().map(|event| event.name());
            let near = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
            CliError::invalid(error).maybe_hint(near)
        })
    };
    if let Some(name) = &config.event.name {
        return parse(name);
    }
    let events: BTreeSet<&str> = files
        .iter()
        .flat_map(|file| file.workflow.on.events.iter().map(|trigger| trigger.event.as_str()))
        .collect();
    match events.into_iter().collect::<Vec<_>>()[..] {
        [only] => parse(only),
        _ => Ok(EventKind::Push),
    }
}

/// Keeps the files that have one of the jobs asked for.
fn with_jobs(config: &Config, files: Vec<ReadFile>) -> Result<Vec<ReadFile>, CliError> {
    let wanted = &config.selection.jobs;
    for id in wanted {
        let mut ids = files.iter().flat_map(|file| &file.workflow.jobs).map(|job| job.id.as_str());
        if !ids.clone().any(|known| known.eq_ignore_ascii_case(id)) {
            let hint = nearest(id, &mut ids).map(|near| format!("did you mean `{near}`?"));
            return Err(CliError::invalid(format!("no workflow has a job `{id}`")).maybe_hint(hint));
        }
    }
    let has = |file: &ReadFile| wanted.is_empty() || wanted.iter().any(|id| file.workflow.job(id).is_some());
    Ok(files.into_iter().filter(has).collect())
}

async fn prepare_file(
    config: &Config,
    facts: &Facts,
    deciders: &Deciders,
    event: &act_workflow::events::EventFacts,
    file: ReadFile,
) -> Result<(Prepared, Vec<String>), CheckedFile> {
    let ReadFile { workflow, sources, name, .. } = file;
    let checked = |problems, sources| CheckedFile { name: name.clone(), jobs: Vec::new(), problems, sources };
    let files = sources.iter().map(|(_, file)| file.name.to_string()).collect();
    let jobs =
        config.selection.jobs.iter().filter(|id| workflow.job(id).is_some()).cloned().collect::<Vec<_>>();
    let ask = Ask {
        host: env!("CARGO_PKG_VERSION").to_owned(),
        run: RunFacts {
            run: new_run_id(),
            attempt: Attempt(1),
            number: 1,
            workflow: workflow.name.as_ref().map_or_else(|| name.clone(), |name| name.value.to_string()),
            file: name.clone(),
        },
        workflow: Arc::new(workflow),
        files,
        repository: facts.repository.clone(),
        facts: event.clone(),
        payload: serde_json::Value::Object(facts.payload.clone()),
        vars: Value::object(config.vars.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
        secrets: secrets(config),
        env: config.env.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        jobs,
        matrix: config.matrix.iter().map(|leg| (leg.key.clone(), leg.value.clone())).collect(),
        containers: deciders.beyond_this_machine,
        debug: step_debug(config),
        show_secrets: config.output.show_secrets,
    };
    let prepared = match prepare(ask) {
        Ok(prepared) => prepared,
        Err(findings) => {
            let problems = findings.into_iter().map(|found| problem(found, None)).collect();
            return Err(checked(problems, sources));
        }
    };
    // An explanation is there to show them, each in its place.
    let unplaced = match config.mode {
        Mode::Explain => Vec::new(),
        Mode::Run | Mode::DryRun => {
            check::unplaceable(&prepared.request, &deciders.mappers, &deciders.policies).await
        }
    };
    if !unplaced.is_empty() {
        let problems = unplaced.into_iter().map(|(found, hint)| problem(found, hint)).collect();
        return Err(checked(problems, sources));
    }
    let notices = prepared.notices.iter().map(|found| notice(found, &sources)).collect();
    Ok((prepared, notices))
}

fn problem(found: Finding, hint: Option<String>) -> Problem {
    let problem = Problem::new(found.span, found.message);
    match hint {
        Some(hint) => problem.with_hint(hint),
        None => problem,
    }
}

fn notice(found: &Finding, sources: &Sources) -> String {
    format!("{}:{}: {}", sources.name(found.span.file), found.span.line, found.message)
}

pub(super) fn secrets(config: &Config) -> Secrets {
    let secret =
        |(name, value): (&String, &String)| (name.clone(), act_core::control::Secret::new(value.clone()));
    config.secrets.0.iter().map(secret).collect()
}

/// `-v` shows what steps say for debugging without telling them: a run must not differ for being watched.
///
/// Source: GitHub docs, "Enabling debug logging": a secret or a variable of this name.
fn step_debug(config: &Config) -> Debugging {
    const NAME: &str = "ACTIONS_STEP_DEBUG";
    let set = |value: Option<&String>| value.is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if set(config.secrets.0.get(NAME)) || set(config.vars.get(NAME)) {
        Debugging::Steps
    } else if config.output.verbose {
        Debugging::Log
    } else {
        Debugging::Off
    }
}

/// Time, and randomness from the standard hasher's keys, which the system seeds.
pub(super) fn new_run_id() -> RunId {
    use std::hash::{BuildHasher, RandomState};
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let half = || u128::from(RandomState::new().hash_one(std::process::id()));
    RunId::from_parts(u64::try_from(millis).unwrap_or(u64::MAX), (half() << 64) | half())
}
