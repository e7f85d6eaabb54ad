//! One shallow fetch of one reference, and the files of its commit.
//!
//! Whoever calls holds the lock. A token that the server refuses must not stand between the user and a public
//! repository: then it is asked again without.

use act_core::control::{RemoteUses, Secret};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::process::Command;

use crate::facts::is_object_id;
use crate::program::{Answer, Git, GitError, last_words};

use super::error::StoreError;
use super::folder::{Known, Lock, RepositoryFolder, reference_key};
use super::{Server, StoreOptions};

/// Carries the header to git: an argument could be read by everybody on this machine.
const HEADER: &str = "ACT_HOST_GIT_HEADER";

/// Over the user's configuration: a fetch of a commit, whatever the user likes for repositories to work in.
/// A server that sends less than a kilobyte in a minute has gone.
const FETCH: [&str; 4] =
    ["protocol.version=2", "fetch.unpackLimit=1", "http.lowSpeedLimit=1000", "http.lowSpeedTime=60"];

/// Files as they are in the commit: no line ends of this machine, no large files of another server.
const CHECKOUT: [&str; 7] = [
    "core.autocrlf=false",
    "core.eol=lf",
    "core.symlinks=true",
    "core.sparseCheckout=false",
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
];

/// A fetch to be done.
pub(super) struct Fetch<'a> {
    git: &'a Git,
    uses: &'a RemoteUses,
    folder: &'a RepositoryFolder,
    lock: &'a Lock,
    reference: &'a str,
    server: &'a Server,
    url: String,
    token: Option<&'a Secret>,
}

/// Why git brought nothing.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    NoVersion,
    NoRepository,
    NoEntry,
    NoNetwork,
    Other,
}

impl<'a> Fetch<'a> {
    pub(super) fn new(
        git: &'a Git,
        options: &'a StoreOptions,
        uses: &'a RemoteUses,
        (folder, lock): (&'a RepositoryFolder, &'a Lock),
        reference: &'a str,
    ) -> Self {
        let server = &options.server;
        let token =
            options.token.as_ref().filter(|token| server.is_confidential() && !token.reveal().is_empty());
        Self { git, uses, folder, lock, reference, server, url: server.repository(uses), token }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Fetches, and returns what the reference means, with the reason if it took going without the token.
    pub(super) async fn run(&self) -> Result<(Known, Option<String>), StoreError> {
        let had_mirror = self.folder.mirror().exists();
        match self.attempt().await {
            // Whatever an interrupted write or a full disk left there, a new one has not.
            Err(StoreError::Git(GitError::Failed { .. })) if had_mirror => {
                self.folder.drop_mirror().await?;
                self.attempt().await
            }
            result => result,
        }
    }

    async fn attempt(&self) -> Result<(Known, Option<String>), StoreError> {
        self.folder.sweep().await?;
        let refused = self.fetch().await?;
        let object = self.fetched()?;
        let commit = self.commit_of(&object).await?;
        if !self.folder.has(&commit) {
            self.check_out(&commit).await?;
            self.folder.complete(&commit).await?;
        }
        Ok((Known { reference: self.reference.to_owned(), object, commit }, refused))
    }

    /// Asks the server, with the token first; returns why it did not like it.
    async fn fetch(&self) -> Result<Option<String>, StoreError> {
        let first = self.ask(self.token).await?;
        if first.ok {
            return Ok(None);
        }
        let refusal = Refusal::of(&first.stderr);
        let reason = last_words(&first.stderr);
        if self.token.is_none() || !matches!(refusal, Refusal::NoEntry | Refusal::NoRepository) {
            return Err(self.error(&refusal, reason));
        }
        let second = self.ask(None).await?;
        if second.ok {
            return Ok(Some(reason));
        }
        match Refusal::of(&second.stderr) {
            // Without a token a server does not even say that a repository exists: the first answer tells more.
            Refusal::NoEntry | Refusal::NoRepository => Err(self.error(&refusal, reason)),
            other => Err(self.error(&other, last_words(&second.stderr))),
        }
    }

    async fn ask(&self, token: Option<&Secret>) -> Result<Answer, GitError> {
        let mut command = self.in_mirror(&FETCH)?;
        let encoded = token.map(|token| STANDARD.encode(format!("x-access-token:{}", token.reveal())));
        if let Some(encoded) = &encoded {
            let key = format!("http.{}/.extraheader", self.server.url());
            // Empty first: a header of the user's own configuration would be sent beside ours.
            command.arg("-c").arg(format!("{key}=")).arg(format!("--config-env={key}={HEADER}"));
            command.env(HEADER, format!("AUTHORIZATION: basic {encoded}"));
        }
        command.args(["fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--force"]);
        command.arg("--no-write-fetch-head").arg(&self.url).arg(format!(
            "+{}:{}",
            self.reference,
            self.target()
        ));
        let mut answer = self.git.answer(command).await?;
        for secret in token.map(Secret::reveal).into_iter().chain(encoded.as_deref()) {
            answer.stderr = answer.stderr.replace(secret, "***");
        }
        Ok(answer)
    }

    /// Where in the mirror the reference is kept, so that the next fetch need only bring what is new.
    fn target(&self) -> String {
        format!("refs/act/{}", reference_key(self.reference))
    }

    fn in_mirror(&self, settings: &[&str]) -> Result<Command, GitError> {
        let mirror = self.folder.mirror();
        let mut command = self.git.at(&mirror);
        // Named, not found: `safe.directory` does not apply to it.
        command.arg("--git-dir").arg(&mirror).env("GIT_LFS_SKIP_SMUDGE", "1");
        for setting in settings {
            command.args(["-c", setting]);
        }
        let lock = self.lock.lend().map_err(|error| GitError::failed("keep the store locked", error))?;
        command.stdin(lock);
        Ok(command)
    }

    /// Reads the object that was fetched: the mirror's references are files, as nobody packs them.
    fn fetched(&self) -> Result<String, GitError> {
        let path = self.folder.mirror().join(self.target());
        let what = || format!("read {}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|error| GitError::failed(what(), error))?;
        let id = text.trim();
        if is_object_id(id) {
            Ok(id.to_owned())
        } else {
            Err(GitError::failed(what(), "it holds no object id"))
        }
    }

    /// Follows the annotation of a tag; what is known already is not asked of git.
    async fn commit_of(&self, object: &str) -> Result<String, StoreError> {
        if self.folder.has(object) {
            return Ok(object.to_owned());
        }
        if let Some(known) = self.folder.known(self.reference).filter(|known| known.object == object) {
            return Ok(known.commit);
        }
        let mut command = self.in_mirror(&[])?;
        command.args(["rev-parse", "--verify", "--quiet", &format!("{object}^{{commit}}")]);
        let answer = self.git.answer(command).await?;
        let commit = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        if answer.ok && is_object_id(&commit) {
            return Ok(commit);
        }
        Err(self.error(&Refusal::NoVersion, format!("{object} is no commit")))
    }

    async fn check_out(&self, commit: &str) -> Result<(), GitError> {
        let partial = self.folder.partial();
        std::fs::create_dir_all(&partial)
            .map_err(|error| GitError::failed(format!("make {}", partial.display()), error))?;
        let mut command = self.in_mirror(&CHECKOUT)?;
        command.arg("--work-tree").arg(&partial).env("GIT_INDEX_FILE", self.folder.partial_index());
        command.args(["read-tree", "--reset", "-u", commit]);
        let answer = self.git.answer(command).await?;
        if answer.ok { Ok(()) } else { Err(answer.error(&format!("check {} out", self.uses.source()))) }
    }

    fn error(&self, refusal: &Refusal, reason: String) -> StoreError {
        let source_name = self.uses.source();
        let reference = self.uses.reference.clone();
        match refusal {
            Refusal::NoVersion if is_short_commit(&reference) => {
                StoreError::ShortCommit { source_name, reference }
            }
            Refusal::NoVersion => StoreError::VersionNotFound { source_name, reference, reason },
            Refusal::NoRepository | Refusal::NoEntry => {
                let repository = format!("{}/{}", self.uses.owner, self.uses.repository);
                StoreError::RepositoryNotFound { repository, reason }
            }
            Refusal::NoNetwork => StoreError::Unreachable {
                url: self.url.clone(),
                reason,
                known: self.folder.meant(self.reference).is_some(),
            },
            Refusal::Other => StoreError::Git(GitError::failed(format!("fetch {source_name}"), reason)),
        }
    }
}

impl Refusal {
    /// Reads git's standard error, which is English under `LC_ALL=C`.
    ///
    /// Source: git's `fetch.c`, `fetch-pack.c`, `remote-curl.c`, `connect.c`, `daemon.c`; libcurl's texts follow
    /// "unable to access".
    fn of(stderr: &str) -> Self {
        let stderr = stderr.to_ascii_lowercase();
        let says = |texts: &[&str]| texts.iter().any(|text| stderr.contains(text));
        if says(&["couldn't find remote ref", "not our ref", "no such remote ref"]) {
            Self::NoVersion
        } else if says(&[
            "authentication failed",
            "could not read username",
            "could not read password",
            "returned error: 401",
            "returned error: 403",
            "permission denied (",
        ]) {
            Self::NoEntry
        } else if says(&[
            "' not found",
            "repository not found",
            "returned error: 404",
            "does not appear to be a git repository",
            "repository not exported",
        ]) {
            Self::NoRepository
        } else if says(&[
            "unable to access",
            "unable to connect",
            "unable to look up",
            "could not resolve host",
            "connection refused",
            "connection timed out",
            "connection reset",
            "network is unreachable",
            "no route to host",
            "rpc failed",
            "early eof",
            "hung up unexpectedly",
        ]) {
            Self::NoNetwork
        } else {
            Self::Other
        }
    }
}

fn is_short_commit(reference: &str) -> bool {
    (7..40).contains(&reference.len()) && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_tells_who_is_to_blame() {
        for (stderr, refusal) in [
            ("fatal: couldn't find remote ref v9", Refusal::NoVersion),
            ("fatal: remote error: upload-pack: not our ref 12", Refusal::NoVersion),
            (
                "remote: Repository not found.\nfatal: repository 'https://x/' not found",
                Refusal::NoRepository,
            ),
            ("fatal: '/x' does not appear to be a git repository", Refusal::NoRepository),
            ("fatal: remote error: access denied or repository not exported: /x", Refusal::NoRepository),
            ("fatal: could not read Username for 'https://x': terminal prompts disabled", Refusal::NoEntry),
            ("fatal: unable to access 'x': The requested URL returned error: 403", Refusal::NoEntry),
            ("fatal: Authentication failed for 'https://x/'", Refusal::NoEntry),
            ("fatal: unable to access 'x': Could not resolve host: x", Refusal::NoNetwork),
            ("fatal: unable to access 'x': The requested URL returned error: 502", Refusal::NoNetwork),
            ("fatal: unable to connect to 127.0.0.1:\nerrno=Connection refused", Refusal::NoNetwork),
            ("fatal: bad object", Refusal::Other),
        ] {
            assert_eq!(Refusal::of(stderr), refusal, "{stderr}");
        }
    }
}
