//! Which file a problem that a matcher found is in: one of the workflow's repository, or none.
//!
//! Source: actions/runner `OutputManager.cs` (`ConvertToIssue`, `GetRepositoryPath`).

use std::collections::HashMap;

use act_core::environment::{EnvPath, EnvironmentError, FileKind};

use crate::executor::{Executor, Halt};
use crate::matcher;
use crate::step::Running;

/// Folders above a file that are looked at.
const MAX_FOLDERS: usize = 50;

/// Largest `.git/config` that is read, in bytes.
const CONFIG_LIMIT: u64 = 1024 * 1024;

/// Folders remembered before all are forgotten.
const MAX_KNOWN: usize = 100;

/// The repositories that folders are in, as far as one process's output has asked.
#[derive(Default)]
pub(crate) struct Repositories(HashMap<String, Option<String>>);

impl Executor<'_> {
    /// Returns a file's path from the root of the workflow's repository; `None`, with a debug line, if it is
    /// none of its files.
    ///
    /// # Errors
    /// [`Halt::Lost`] when the environment is gone.
    pub(crate) async fn file_of_repository(
        &mut self,
        running: &mut Running,
        path: &str,
    ) -> Result<Option<String>, Halt> {
        if self.env.stat(&EnvPath(path.to_owned())).await? != Some(FileKind::File) {
            self.debug(&running.at, &format!("Dropping file value '{path}'. Path does not exist"));
            return Ok(None);
        }
        let root = self.repository_of(running, path).await?;
        let relative = root
            .and_then(|root| path.strip_prefix(&*root).map(|rest| rest.trim_start_matches('/').to_owned()));
        if relative.is_none() {
            let text = format!("Dropping file value '{path}'. Path is not under the workflow repo.");
            self.debug(&running.at, &text);
        }
        Ok(relative)
    }

    /// The first folder upwards with a `.git/config` decides.
    async fn repository_of(&self, running: &mut Running, path: &str) -> Result<Option<String>, Halt> {
        let mut asked = Vec::new();
        let mut found = None;
        let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        while !folder.is_empty() && asked.len() <= MAX_FOLDERS {
            if let Some(known) = running.repositories.0.get(folder) {
                found.clone_from(known);
                break;
            }
            asked.push(folder.to_owned());
            let config = EnvPath(format!("{folder}/.git/config"));
            match self.env.get(&config, CONFIG_LIMIT).await {
                Ok(None) => folder = folder.rsplit_once('/').map_or("", |(above, _)| above),
                Ok(Some(bytes)) => {
                    found = self.is_own(&String::from_utf8_lossy(&bytes)).then(|| folder.to_owned());
                    break;
                }
                Err(EnvironmentError::Refused(_)) => break,
                Err(lost) => return Err(lost.into()),
            }
        }
        let known = &mut running.repositories.0;
        if known.len() > MAX_KNOWN {
            known.clear();
        }
        known.extend(asked.into_iter().map(|folder| (folder, found.clone())));
        Ok(found)
    }

    fn is_own(&self, config: &str) -> bool {
        let github = self.contexts.get("github");
        let text = |name: &str| {
            github.and_then(|github| github.get(name)).map(crate::executor::text_of).unwrap_or_default()
        };
        matcher::is_config_of(config, &text("server_url"), &text("repository"))
    }
}
