//! What is known about one event: drawn from its payload, filled up from the local repository.

use serde_json::{Map, Value};

use super::refs::GitRef;
use super::table::{EventKind, RunsAt};

/// What the caller knows of the local repository. Everything is optional: facts that are missing stay unknown and
/// are never guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitFacts {
    /// The commit that is checked out.
    pub head_sha: Option<String>,
    /// The branch or tag that is checked out.
    pub head_ref: Option<GitRef>,
    /// Short name of the default branch.
    pub default_branch: Option<String>,
    /// The last commit of the default branch.
    pub default_sha: Option<String>,
    /// Paths that the event changed, relative to the root, with `/`.
    pub changed_files: Option<Vec<String>>,
}

/// An event, in the terms in which filters and the `github` context speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFacts {
    /// Which event.
    pub event: EventKind,
    /// The activity: the payload's `action`.
    pub action: Option<String>,
    /// `github.ref`.
    pub git_ref: Option<GitRef>,
    /// `github.sha`.
    pub sha: Option<String>,
    /// `github.base_ref`: short name of the branch a pull request goes into.
    pub base_ref: Option<String>,
    /// `github.head_ref`: short name of the branch a pull request comes from.
    pub head_ref: Option<String>,
    /// What `branches` and `tags` are compared with: the pushed ref, a pull request's or merge group's base, the
    /// branch of the run that a `workflow_run` follows.
    pub filtered_ref: Option<GitRef>,
    /// Paths that the event changed; `None` if nobody knows.
    pub changed_files: Option<Vec<String>>,
    /// Name of the workflow that a `workflow_run` follows.
    pub followed_workflow: Option<String>,
    /// The cron expression that is due.
    pub schedule: Option<String>,
    /// The image of an `image_version`.
    pub image: Option<Image>,
    /// Inputs as given, before defaults and types are applied.
    pub inputs: Map<String, Value>,
}

/// The image an `image_version` event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl EventFacts {
    /// Draws the facts of `event` from its payload, and from `git` where the payload is silent.
    ///
    /// The payload has the form of GitHub's webhooks; `{}` is fine. Source: GitHub docs, "Events that trigger
    /// workflows", the columns `GITHUB_SHA` and `GITHUB_REF`.
    #[must_use]
    pub fn new(event: EventKind, payload: &Value, git: &GitFacts) -> Self {
        let reader = Reader { payload, git };
        let (git_ref, sha) = reader.runs_at(event.runs_at());
        let is_pull_request = matches!(event, EventKind::PullRequest | EventKind::PullRequestTarget);
        let pull_request_ref = |pointer| is_pull_request.then(|| reader.text(pointer)).flatten();
        Self {
            event,
            action: reader.text("/action"),
            git_ref,
            sha,
            base_ref: pull_request_ref("/pull_request/base/ref"),
            head_ref: pull_request_ref("/pull_request/head/ref"),
            filtered_ref: reader.filtered_ref(event),
            changed_files: git.changed_files.clone().or_else(|| reader.changed_by_commits()),
            followed_workflow: reader.text("/workflow_run/name"),
            schedule: reader.text("/schedule"),
            image: reader.image(),
            inputs: payload.get("inputs").and_then(Value::as_object).cloned().unwrap_or_default(),
        }
    }

    /// The fields of the `github` context that the event decides, as GitHub fills them: empty where it has nothing.
    #[must_use]
    pub fn github_fields(&self) -> [(&'static str, &str); 7] {
        let git_ref = self.git_ref.as_ref();
        [
            ("event_name", self.event.name()),
            ("ref", git_ref.map_or("", GitRef::as_str)),
            ("ref_name", git_ref.map_or("", GitRef::short_name)),
            ("ref_type", git_ref.map_or("", GitRef::type_name)),
            ("sha", self.sha.as_deref().unwrap_or_default()),
            ("base_ref", self.base_ref.as_deref().unwrap_or_default()),
            ("head_ref", self.head_ref.as_deref().unwrap_or_default()),
        ]
    }
}

struct Reader<'a> {
    payload: &'a Value,
    git: &'a GitFacts,
}

type RefAndSha = (Option<GitRef>, Option<String>);

impl Reader<'_> {
    fn text(&self, pointer: &str) -> Option<String> {
        let text = self.payload.pointer(pointer)?.as_str()?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn flag(&self, pointer: &str) -> bool {
        self.payload.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A commit id that names a commit: GitHub writes zeros for "none".
    fn sha(&self, pointer: &str) -> Option<String> {
        self.text(pointer).filter(|sha| sha.bytes().any(|digit| digit != b'0'))
    }

    fn runs_at(&self, place: RunsAt) -> RefAndSha {
        match place {
            RunsAt::DefaultBranch => self.default_branch(),
            RunsAt::PullRequest => self.pull_request(),
            RunsAt::Pushed => self.pushed(),
            RunsAt::Created => self.created(),
            RunsAt::Deployment => self.deployment(),
            RunsAt::MergeGroup => {
                self.at(self.git_ref("/merge_group/head_ref"), self.sha("/merge_group/head_sha"))
            }
            RunsAt::Package => self.package(),
            RunsAt::Release => self.at(self.text("/release/tag_name").map(|tag| GitRef::tag(&tag)), None),
            RunsAt::Dispatched | RunsAt::Caller => self.at(self.git_ref("/ref"), None),
        }
    }

    fn git_ref(&self, pointer: &str) -> Option<GitRef> {
        self.text(pointer).map(|name| GitRef::parse(&name))
    }

    /// A ref and a commit, with what is checked out in place of what is missing.
    fn at(&self, git_ref: Option<GitRef>, sha: Option<String>) -> RefAndSha {
        let git_ref = git_ref.or_else(|| self.git.head_ref.clone());
        (git_ref, sha.or_else(|| self.git.head_sha.clone()))
    }

    fn default_branch(&self) -> RefAndSha {
        let name = self.text("/repository/default_branch").or_else(|| self.git.default_branch.clone());
        let default = name.map(|name| GitRef::branch(&name));
        let is_checked_out = default.is_some() && default == self.git.head_ref;
        let sha = if is_checked_out { None } else { self.git.default_sha.clone() };
        self.at(default, sha)
    }

    fn pull_request(&self) -> RefAndSha {
        let number = self.payload.pointer("/pull_request/number").or_else(|| self.payload.get("number"));
        let merge = number.and_then(Value::as_u64).map(GitRef::pull_request_merge);
        let base = self.text("/pull_request/base/ref").map(|name| GitRef::branch(&name));
        let git_ref = if self.flag("/pull_request/merged") { base.or(merge) } else { merge };
        self.at(git_ref, self.sha("/pull_request/merge_commit_sha"))
    }

    fn pushed(&self) -> RefAndSha {
        if self.flag("/deleted") {
            // "When you delete a branch, the SHA in the workflow run (and its associated refs) reverts to the
            // default branch of the repository."
            return self.default_branch();
        }
        self.at(self.git_ref("/ref"), self.sha("/after"))
    }

    fn created(&self) -> RefAndSha {
        let is_tag = self.text("/ref_type").as_deref() == Some("tag");
        let named = self.text("/ref").map(|name| match (name.starts_with("refs/"), is_tag) {
            (false, true) => GitRef::tag(&name),
            _ => GitRef::parse(&name),
        });
        self.at(named, None)
    }

    /// GitHub leaves the ref empty when a deployment names a commit.
    fn deployment(&self) -> RefAndSha {
        let sha = self.sha("/deployment/sha");
        let name = self.text("/deployment/ref");
        if name.is_some() && name == sha {
            return (None, sha);
        }
        self.at(name.map(|name| GitRef::parse(&name)), sha)
    }

    fn package(&self) -> RefAndSha {
        let version = |field| self.text(&format!("/registry_package/package_version/{field}"));
        let tag = version("release/tag_name").map(|tag| GitRef::tag(&tag));
        if tag.is_some() {
            return self.at(tag, version("target_oid"));
        }
        let (branch, tip) = self.default_branch();
        (branch, version("target_oid").or(tip))
    }

    fn filtered_ref(&self, event: EventKind) -> Option<GitRef> {
        match event {
            EventKind::Push => self.git_ref("/ref").or_else(|| self.git.head_ref.clone()),
            EventKind::PullRequest | EventKind::PullRequestTarget => self.git_ref("/pull_request/base/ref"),
            EventKind::MergeGroup => self.git_ref("/merge_group/base_ref"),
            EventKind::WorkflowRun => self.git_ref("/workflow_run/head_branch"),
            _ => None,
        }
    }

    /// Paths listed by the commits of a push, if every commit lists them (webhooks do, `github.event` doesn't).
    fn changed_by_commits(&self) -> Option<Vec<String>> {
        let commits = self.payload.get("commits")?.as_array()?;
        let mut changed = Vec::new();
        for commit in commits {
            for list in ["added", "modified", "removed"] {
                let paths = commit.get(list)?.as_array()?;
                changed.extend(paths.iter().filter_map(Value::as_str).map(str::to_owned));
            }
        }
        changed.sort_unstable();
        changed.dedup();
        (!commits.is_empty()).then_some(changed)
    }

    fn image(&self) -> Option<Image> {
        let name = self.text("/image_version/name")?;
        Some(Image { name, version: self.text("/image_version/version").unwrap_or_default() })
    }
}
