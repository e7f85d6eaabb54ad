//! `actions/checkout` of the run's own repository: the working tree, brought by the host.
//!
//! Any other checkout — another repository, another reference — is the action itself.

use act_core::control::{Checkout, CheckoutAsk, Control};
use act_core::environment::{EnvPath, Environment, LogicalPath, Root, Target};
use act_core::event::StepWhat;
use act_core::record::Record;
use act_workflow::step::{Step, StepKind};
use act_workflow::uses::UsesRef;
use indexmap::IndexMap;

use crate::executor::{Executor, Halt};
use crate::step::{Running, Unit};
use crate::unless_stopped::Purpose;
use crate::work::{Work, WorkKind};

/// A checkout of this repository, all inputs evaluated.
pub(crate) struct CheckoutPlan {
    path: LogicalPath,
    fetch_depth: u32,
}

impl Executor<'_> {
    /// Whether a step can only be a checkout of this repository, so that the action is not needed.
    pub(crate) fn is_own_checkout(&self, step: &Step) -> bool {
        let StepKind::Uses { uses, with } = &step.kind else { return false };
        if !is_checkout(&uses.value) {
            return false;
        }
        let given = |name: &str| with.as_ref().and_then(|with| with.get(name));
        let own = |name: &str, expected: &[&str]| match given(name) {
            None => true,
            Some(token) => {
                token.as_str().is_some_and(|text| text.is_empty() || expected.contains(&text))
                    || token.as_expression().is_some_and(|found| found.source() == format!("github.{name}"))
            }
        };
        let source = &self.spec.source;
        own("repository", &[&source.repository]) && own("ref", &[&source.reference, &source.sha])
    }

    /// Returns the work of a checkout of this repository; `None` for every other step.
    ///
    /// # Errors
    /// [`Halt::Failed`] for inputs that make no sense.
    pub(crate) fn plan_checkout(
        &self,
        step: &Step,
        inputs: &IndexMap<String, String>,
    ) -> Result<Option<Work>, Halt> {
        let Some(uses) = step.uses().filter(|uses| is_checkout(&uses.value)) else { return Ok(None) };
        let given = |name: &str| {
            let found = inputs.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
        };
        let source = &self.spec.source;
        let own_repository =
            given("repository").is_none_or(|name| name.eq_ignore_ascii_case(&source.repository));
        let short = source
            .reference
            .strip_prefix("refs/heads/")
            .or_else(|| source.reference.strip_prefix("refs/tags/"));
        let own_ref = given("ref")
            .is_none_or(|name| name == source.reference || name == source.sha || Some(name) == short);
        if !own_repository || !own_ref {
            return Ok(None);
        }
        let path = given("path").unwrap_or_default();
        if path.starts_with('/') || path.split(['/', '\\']).any(|part| part == "..") {
            return Err(Halt::failed(format!("Repository path '{path}' is not under the workspace")));
        }
        let fetch_depth = match given("fetch-depth") {
            None => 1,
            Some(text) => text.parse::<i64>().ok().map_or(0, |depth| u32::try_from(depth).unwrap_or(0)),
        };
        let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let uses = uses.value.to_string();
        let plan = CheckoutPlan { path: LogicalPath::new(Root::Workspace, path.join("/")), fetch_depth };
        let with = inputs.clone();
        let what = StepWhat::Uses { uses, with };
        Ok(Some(Work { what, remarks: Vec::new(), kind: WorkKind::Checkout(plan) }))
    }

    /// Brings the working tree in.
    ///
    /// # Errors
    /// [`Halt::Failed`] when it cannot be had or written, [`Halt::Stopped`] when a cancellation stopped that.
    pub(crate) async fn run_checkout(
        &mut self,
        unit: &Unit<'_>,
        running: &mut Running,
        plan: CheckoutPlan,
    ) -> Result<(), Halt> {
        self.relive_stop(&mut Purpose::Step(running)).await?;
        let is_this = |record: &Record| matches!(record, Record::CheckedOut { step, .. } if *step == unit.at);
        let error = match self.journal.recall("a checkout", is_this)? {
            Some(Record::CheckedOut { error, .. }) => error,
            _ => {
                let bringing = bring(self.env, self.control, &plan.path, plan.fetch_depth);
                let error = match self.unless_stopped(&mut Purpose::Step(running), bringing).await? {
                    Ok(_) => None,
                    Err(Halt::Failed(messages)) => Some(messages.join("\n")),
                    Err(halt) => return Err(halt),
                };
                if error.is_none() {
                    self.say(
                        &unit.at,
                        &format!("Checked out the working tree of {}", self.spec.source.repository),
                    );
                }
                let record = Record::CheckedOut { step: unit.at.clone(), error: error.clone() };
                self.journal.keep(record).await?;
                error
            }
        };
        if let Some(error) = error {
            return Err(Halt::failed(error));
        }
        running.outputs.insert("ref", self.spec.source.reference.as_str());
        running.outputs.insert("commit", self.spec.source.sha.as_str());
        Ok(())
    }

    /// Puts the run's own repository at `path` and returns where it lies.
    ///
    /// # Errors
    /// [`Halt::Failed`] when it cannot be had or written.
    pub(crate) async fn bring_own_repository(
        &mut self,
        purpose: &mut Purpose<'_>,
        path: &LogicalPath,
        fetch_depth: u32,
    ) -> Result<EnvPath, Halt> {
        let bringing = bring(self.env, self.control, path, fetch_depth);
        self.unless_stopped(purpose, bringing).await?
    }
}

async fn bring(
    env: &dyn Environment,
    control: &dyn Control,
    path: &LogicalPath,
    fetch_depth: u32,
) -> Result<EnvPath, Halt> {
    let with_objects = !env.facts().sees_host_files;
    let ask = CheckoutAsk { path: path.clone(), fetch_depth, with_objects };
    match control.checkout(&ask).await {
        Ok(Checkout::Tree(tree)) => Ok(env.put_tree(tree, path).await?),
        Ok(Checkout::InPlace) => Ok(env.path(&Target::Job, &LogicalPath::new(Root::Workspace, ""))),
        Err(error) => Err(Halt::failed(error.message)),
    }
}

fn is_checkout(uses: &UsesRef) -> bool {
    matches!(uses, UsesRef::Remote { owner, repository, path, .. }
        if path.is_empty() && owner.eq_ignore_ascii_case("actions") && repository.eq_ignore_ascii_case("checkout"))
}
