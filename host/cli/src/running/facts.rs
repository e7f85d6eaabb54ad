//! What is known before anything is read: the repository, who runs it, the payload.

use act_engine::github::RepositoryFacts;
use act_git::{Between, Facts as GitAnswer, Git, Repository, changed_files};
use act_workflow::events::{EventFacts, EventKind, GitFacts, GitRef};
use serde_json::{Map, Value};

use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::world::World;

/// Where workflows of no known server come from, and go to.
const SERVER: &str = "https://github.com";

/// Everything that a run learns of its surroundings.
pub(crate) struct Facts {
    pub(crate) git: Git,
    /// The repository whose work tree `-C` names; `None` for any other folder.
    pub(crate) work_tree: Option<Repository>,
    pub(crate) repository: RepositoryFacts,
    pub(crate) payload: Map<String, Value>,
    git_facts: GitFacts,
}

impl Facts {
    /// Draws the facts of an event.
    pub(crate) fn event(&self, kind: EventKind) -> EventFacts {
        EventFacts::new(kind, &Value::Object(self.payload.clone()), &self.git_facts)
    }
}

/// Asks git, once, and takes the user's words.
pub(crate) async fn gather(config: &Config, world: &World) -> Result<Facts, CliError> {
    let git = Git::default();
    let found = match act_git::facts(&git, &config.selection.root, &config.event.remote).await {
        Ok(GitAnswer::Repository(repository)) => Some(*repository),
        // Without git there is no repository; jobs that need one will say so.
        Ok(GitAnswer::NotARepository) | Err(act_git::GitError::Missing { .. }) => None,
        Err(error) => return Err(CliError::new(Exit::Invalid, error)),
    };
    let place =
        found.as_ref().and_then(|found| found.remote.as_ref()).and_then(|remote| remote.place.clone());
    let folder =
        config.selection.root.file_name().map_or_else(|| "repository".into(), |name| name.to_string_lossy());
    let default_branch = config
        .event
        .default_branch
        .clone()
        .or_else(|| found.as_ref().and_then(|found| found.default_branch.clone()))
        .unwrap_or_else(|| "main".to_owned());
    let server_url = world
        .var("GITHUB_SERVER_URL")
        .map(|url| url.trim_end_matches('/').to_owned())
        .filter(|url| !url.is_empty())
        .unwrap_or_else(|| SERVER.to_owned());
    let repository = RepositoryFacts {
        repository: place.map_or_else(|| format!("local/{folder}"), |place| place.repository),
        server_url,
        actor: config.event.actor.clone().unwrap_or_else(|| "act-host".to_owned()),
        default_branch: default_branch.clone(),
    };
    let head = found.as_ref().map(|found| &found.head);
    let payload = payload(config);
    let changed_files = match (&found, compared(&payload)) {
        (Some(found), Some((base, head, between))) => {
            changed_files(&git, &found.root, base, head, between).await
        }
        _ => None,
    };
    let git_facts = GitFacts {
        head_sha: Some(head.and_then(|head| head.commit()).unwrap_or(NO_COMMIT).to_owned()),
        head_ref: head
            .and_then(act_git::Head::reference)
            .map(|name| GitRef::parse(&name))
            .or_else(|| Some(GitRef::branch(&default_branch))),
        default_branch: Some(default_branch),
        default_sha: None,
        changed_files,
    };
    let work_tree = found.filter(|found| same_folder(&found.root, &config.selection.root));
    Ok(Facts { git, work_tree, repository, payload, git_facts })
}

/// Returns the two commits whose difference path filters are about, where the payload names them.
fn compared(payload: &Map<String, Value>) -> Option<(&str, &str, Between)> {
    let tip = |side| payload.get("pull_request")?.get(side)?.get("sha")?.as_str();
    let pull_request = || Some((tip("base")?, tip("head")?));
    let text = |key| payload.get(key).and_then(Value::as_str);
    let push = || Some((text("before")?, text("after")?));
    let of = |between| move |(base, head)| (base, head, between);
    pull_request().map(of(Between::MergeBase)).or_else(|| push().map(of(Between::Commits)))
}

/// Stands for a commit where there is none.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

fn same_folder(a: &std::path::Path, b: &std::path::Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// The user's payload, with the inputs given by flags and files over its own.
fn payload(config: &Config) -> Map<String, Value> {
    let mut payload = config.event.payload.as_ref().map(|payload| payload.value.clone()).unwrap_or_default();
    if !config.event.inputs.is_empty() {
        let inputs = payload.entry("inputs").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(inputs) = inputs {
            for (name, value) in &config.event.inputs {
                inputs.insert(name.clone(), value.as_str().into());
            }
        }
    }
    payload
}
