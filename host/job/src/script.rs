//! `run` steps: which shell, which folder, and what the script leaves behind.

use act_core::environment::{EnvPath, FileIn, LogicalPath, Root, Target};
use act_core::event::StepWhat;
use act_workflow::evaluate;
use act_workflow::step::StepKind;
use act_workflow::token::Token;

use crate::executor::{Executor, Halt};
use crate::scope::StepScope;
use crate::shell::{Host, Shell};
use crate::step::{Frame, Running, Unit};
use crate::work::{Work, WorkKind, name_repository};

/// A script, ready to run.
pub(crate) struct Script {
    text: String,
    shell: Shell,
    program: Option<EnvPath>,
    cwd: String,
}

impl Executor<'_> {
    /// Evaluates a `run` step.
    ///
    /// # Errors
    /// [`Halt::Failed`] when an expression fails.
    pub(crate) async fn plan_script(
        &mut self,
        frame: &Frame,
        unit: &Unit<'_>,
        running: &mut Running,
    ) -> Result<Work, Halt> {
        let StepKind::Run { run, shell, working_directory } = &unit.step.kind else {
            return Err(Halt::failed("the step runs no script"));
        };
        name_repository(None, running);
        let text = self.text(unit, running, Some(run)).await?.unwrap_or_default();
        let asked = self.text(unit, running, shell.as_ref()).await?.filter(|shell| !shell.is_empty());
        let folder = self.text(unit, running, working_directory.as_ref()).await?;
        // Defaults are the job's: steps inside actions do not see them.
        let own = frame.action.is_none();
        let asked = asked.or_else(|| self.defaults.shell.clone().filter(|_| own));
        let folder = folder.or_else(|| self.defaults.working_directory.clone().filter(|_| own));
        let shell = Shell::parse(asked.as_deref(), self.shell_host());
        let program = self.find_shell(&shell).await?;
        let cwd = self.working_directory(folder.as_deref().unwrap_or_default());
        let what = StepWhat::Run {
            script: text.clone(),
            shell: shell.display(program.as_ref().map(EnvPath::as_str)),
        };
        Ok(Work { what, remarks: Vec::new(), kind: WorkKind::Script(Script { text, shell, program, cwd }) })
    }

    async fn text(
        &mut self,
        unit: &Unit<'_>,
        running: &mut Running,
        token: Option<&Token>,
    ) -> Result<Option<String>, Halt> {
        let Some(token) = token else { return Ok(None) };
        let evaluate = |scope: &StepScope| evaluate::text(token, scope);
        self.evaluate(&unit.at, &mut running.scope, evaluate).await.map(Some)
    }

    fn shell_host(&self) -> Host {
        match self.env.facts().os {
            act_core::place::Os::Windows => Host::Windows,
            act_core::place::Os::Linux | act_core::place::Os::MacOs => Host::Unix,
        }
    }

    async fn find_shell(&self, shell: &Shell) -> Result<Option<EnvPath>, Halt> {
        let path = self.prepended_path();
        for name in shell.candidates() {
            if let Some(program) = self.env.find_program(name, &path).await? {
                return Ok(Some(program));
            }
        }
        Ok(None)
    }

    /// Joins `working-directory` to the workspace; an absolute one stays as it is.
    fn working_directory(&self, folder: &str) -> String {
        let workspace = self.env.path(&Target::Job, &LogicalPath::new(Root::Workspace, ""));
        let absolute = folder.starts_with(['/', '\\']) || folder.get(1..2) == Some(":");
        if absolute { folder.to_owned() } else { self.join(&workspace, folder) }
    }

    /// Runs a script.
    ///
    /// # Errors
    /// [`Halt::Failed`] when it ends with another code than 0.
    pub(crate) async fn run_script(&mut self, running: &mut Running, script: Script) -> Result<(), Halt> {
        let program = script.program.ok_or_else(|| Halt::failed(script.shell.not_found().to_string()))?;
        let name = format!("{}-{}{}", running.at, running.parts, script.shell.extension());
        let file = LogicalPath::new(Root::Scratch, name);
        let path = self.env.path(&Target::Job, &file);
        let arguments =
            script.shell.arguments(path.as_str()).map_err(|error| Halt::failed(error.to_string()))?;
        let mut argv = vec![program.0];
        argv.extend(arguments);
        let bytes = script.shell.script(&script.text).into_bytes().into();
        let files = vec![FileIn { path: file, bytes }];
        let code = self.run_process(running, argv, EnvPath(script.cwd), files, &[]).await?;
        match code {
            Some(0) | None => Ok(()),
            Some(code) => Err(Halt::failed(format!("Process completed with exit code {code}."))),
        }
    }
}
