//! JavaScript actions: one process of node for each part of the action.

use act_core::environment::{Brought, EnvPath, LogicalPath, Root, Target};
use act_core::ids::Phase;
use act_workflow::action::NodeAction;
use indexmap::IndexMap;

use crate::action::Action;
use crate::executor::{Executor, Halt};
use crate::step::{Running, Unit};
use crate::unless_stopped::Purpose;

/// The oldest node that GitHub still runs: what asks for less gets this.
///
/// Source: actions/runner `HandlerFactory.cs`.
const OLDEST: u32 = 20;

impl Executor<'_> {
    /// Runs the part of an action that belongs to the unit's phase.
    ///
    /// # Errors
    /// [`Halt::Failed`] when there is no node, no such file, or it ends with another code than 0.
    pub(crate) async fn run_node(
        &mut self,
        unit: &Unit<'_>,
        running: &mut Running,
        action: &Action,
        node: &NodeAction,
        inputs: &IndexMap<String, String>,
    ) -> Result<(), Halt> {
        let script = match unit.at.phase {
            Phase::Pre => node.pre.as_deref(),
            Phase::Main => Some(&*node.main),
            Phase::Post => node.post.as_deref(),
        };
        let Some(script) = script else { return Ok(()) };
        let target = self.join(&EnvPath(action.folder.clone()), script);
        if self.env.stat(&EnvPath(target.clone())).await?.is_none() {
            return Err(Halt::failed(format!("File not found: '{target}'")));
        }
        let program = self.find_node(unit, running, &node.version.value).await?;
        let variables: Vec<_> =
            inputs.iter().map(|(name, value)| (input_variable(name), value.clone())).collect();
        let cwd = self.env.path(&Target::Job, &LogicalPath::new(Root::Workspace, ""));
        let argv = vec![program.0, target];
        match self.run_process(running, argv, cwd, Vec::new(), &variables).await? {
            Some(0) | None => Ok(()),
            // The action has said what is wrong, by commands; GitHub adds nothing.
            Some(code) => {
                self.debug(&unit.at, &format!("Node Action run completed with exit code {code}"));
                running.failed = true;
                Ok(())
            }
        }
    }

    /// Finds the node an action asks for, or the one there is.
    async fn find_node(
        &mut self,
        unit: &Unit<'_>,
        running: &mut Running,
        version: &str,
    ) -> Result<EnvPath, Halt> {
        let asked = version.strip_prefix("node").and_then(|number| number.parse().ok()).unwrap_or(OLDEST);
        let wanted = asked.max(OLDEST);
        let path = self.prepended_path();
        if let Some(program) = self.env.find_program(&format!("node{wanted}"), &path).await? {
            return Ok(program);
        }
        let program = match self.env.find_program("node", &path).await? {
            Some(program) => program,
            None => self.bring_node(unit, running, version, wanted).await?,
        };
        let found = self.env.program_version(&program).await?;
        let major = found.as_deref().and_then(major_version);
        if major != Some(wanted) {
            let found = found.unwrap_or_else(|| "of an unknown version".to_owned());
            self.warn(
                &unit.at,
                &format!("The action asks for {version}; it runs on `node` {found} ({program})"),
            );
        }
        Ok(program)
    }

    /// Has one brought to a machine that has none.
    async fn bring_node(
        &mut self,
        unit: &Unit<'_>,
        running: &mut Running,
        version: &str,
        wanted: u32,
    ) -> Result<EnvPath, Halt> {
        let bringing = self.env.bring_node(wanted);
        match self.unless_stopped(&mut Purpose::Step(running), bringing).await?? {
            Brought::There(program) => {
                self.debug(&unit.at, &format!("There is no `node` on PATH: one was brought to {program}"));
                Ok(program)
            }
            Brought::Nothing { why } => {
                let advice = self.env.facts().node_advice.clone();
                let advice = advice.unwrap_or_else(|| {
                    format!("install Node.js {wanted} or add a setup step before this one")
                });
                let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                Err(Halt::failed(format!(
                    "The action runs on {version}, and there is no `node` on PATH{why}: {advice}"
                )))
            }
        }
    }
}

/// `v20.20.2` → 20.
fn major_version(text: &str) -> Option<u32> {
    text.trim().trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Source: actions/runner `Handler.AddInputsToEnvironment`.
fn input_variable(name: &str) -> String {
    format!("INPUT_{}", name.replace(' ', "_").to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_become_variables_as_in_the_toolkit() {
        assert_eq!(input_variable("who to greet"), "INPUT_WHO_TO_GREET");
        assert_eq!(input_variable("node-version"), "INPUT_NODE-VERSION");
    }

    #[test]
    fn the_major_version_is_read_from_what_node_prints() {
        assert_eq!(major_version("v20.20.2\n"), Some(20));
        assert_eq!(major_version("nonsense"), None);
    }
}
