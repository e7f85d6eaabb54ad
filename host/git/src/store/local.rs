//! Folders of this machine that stand for a repository at a reference: `--local-repository`.

use std::path::PathBuf;

use act_core::control::RemoteUses;

use crate::program::Git;
use crate::tree::DirTree;

use super::error::StoreError;
use super::server::Server;

/// A folder, used as it is, wherever `owner/repository@reference` is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalRepository {
    /// The only server it counts for; `None` for any.
    pub server: Option<Server>,
    /// The owner, in any case.
    pub owner: String,
    /// The repository, in any case.
    pub repository: String,
    /// The reference, exactly.
    pub reference: String,
    /// What stands for it.
    pub folder: PathBuf,
}

/// A text that names no local repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no local repository: expected [https://server/]owner/repository@reference=folder")]
pub struct MalformedLocalRepository {
    /// As given.
    pub text: String,
}

impl LocalRepository {
    /// Reads `[https://server/]owner/repository@reference=folder`, as act's flag of this name does.
    ///
    /// # Errors
    /// [`MalformedLocalRepository`] where a part is missing.
    pub fn parse(text: &str) -> Result<Self, MalformedLocalRepository> {
        Self::parts(text).ok_or_else(|| MalformedLocalRepository { text: text.to_owned() })
    }

    fn parts(text: &str) -> Option<Self> {
        let (source, folder) = text.split_once('=')?;
        let (name, reference) = source.split_once('@')?;
        let (before, repository) = name.rsplit_once('/')?;
        let (server, owner) = match before.rsplit_once('/') {
            Some((server, owner)) => (Some(Server::parse(server).ok()?), owner),
            None => (None, before),
        };
        if [owner, repository, reference, folder].iter().any(|part| part.is_empty()) {
            return None;
        }
        let [owner, repository, reference] = [owner, repository, reference].map(str::to_owned);
        Some(Self { server, owner, repository, reference, folder: folder.into() })
    }

    pub(super) fn stands_for(&self, uses: &RemoteUses, server: &Server) -> bool {
        self.server.as_ref().is_none_or(|own| own == server)
            && self.owner.eq_ignore_ascii_case(&uses.owner)
            && self.repository.eq_ignore_ascii_case(&uses.repository)
            && self.reference == uses.reference
    }

    /// Returns the commit of the folder's HEAD, or `local`, and its files.
    pub(super) async fn open(&self, git: &Git) -> Result<(String, DirTree), StoreError> {
        let unreadable = |reason: String| StoreError::LocalRepository {
            folder: self.folder.display().to_string(),
            reason,
        };
        let folder = self.folder.clone();
        let tree = tokio::task::spawn_blocking(move || DirTree::living(folder))
            .await
            .map_err(|error| unreadable(error.to_string()))?
            .map_err(|error| unreadable(error.to_string()))?;
        let answer = git.ask("read HEAD", &self.folder, ["rev-parse", "--show-prefix", "HEAD"]).await;
        let answer = answer.map(|stdout| String::from_utf8_lossy(&stdout).into_owned()).unwrap_or_default();
        // A prefix means that the folder is part of another repository, whose HEAD says nothing about it.
        let commit = answer.strip_prefix('\n').map_or("local", str::trim);
        Ok((commit.to_owned(), tree))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_repositories_are_read_as_act_reads_them() {
        let parsed = LocalRepository::parse("Octo/app@v1/x@y=/code/a=b").unwrap();
        assert_eq!((parsed.owner.as_str(), parsed.repository.as_str()), ("Octo", "app"));
        assert_eq!((parsed.reference.as_str(), parsed.folder), ("v1/x@y", PathBuf::from("/code/a=b")));
        assert_eq!(parsed.server, None);
        let parsed = LocalRepository::parse("https://ghe.corp/octo/app@v1=..").unwrap();
        assert_eq!(parsed.server, Server::parse("https://ghe.corp").ok());
        assert_eq!(parsed.owner, "octo");
        for text in ["", "octo/app@v1", "octo/app=x", "app@v1=x", "octo/app@v1=", "/app@v1=x", "a/b/c@v1=x"] {
            assert!(LocalRepository::parse(text).is_err(), "{text}");
        }
    }
}
