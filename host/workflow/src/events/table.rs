//! The table of triggers as of 2026: names, activity types, filters, and what a run of each is about.
//!
//! Sources: the `on-mapping-strict` definitions of `workflow-v1.0.json` in actions/languageservices (names, types,
//! filters); GitHub docs, "Events that trigger workflows" (default types, `GITHUB_SHA` and `GITHUB_REF`).

use std::fmt;
use std::str::FromStr;

/// The activity types that `types` may list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityTypes {
    /// The event has no activities, and no `types`.
    None,
    /// These, all of which start a workflow without `types`.
    All(&'static [&'static str]),
    /// These, of which only some start a workflow without `types`.
    Some {
        /// What `types` may list.
        known: &'static [&'static str],
        /// What starts a workflow that has no `types`.
        default: &'static [&'static str],
    },
    /// Any text the sender chose (`repository_dispatch`).
    Free,
}

/// A key under an event of `on` that narrows when the workflow runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FilterKey {
    /// `types`.
    Types,
    /// `branches`.
    Branches,
    /// `branches-ignore`.
    BranchesIgnore,
    /// `tags`.
    Tags,
    /// `tags-ignore`.
    TagsIgnore,
    /// `paths`.
    Paths,
    /// `paths-ignore`.
    PathsIgnore,
    /// `workflows` of `workflow_run`.
    Workflows,
    /// `names` of `image_version`.
    Names,
    /// `versions` of `image_version`.
    Versions,
    /// `cron` of `schedule`.
    Cron,
}

/// What `GITHUB_REF` and `GITHUB_SHA` are for runs of an event: the columns of GitHub's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsAt {
    /// The last commit of the default branch.
    DefaultBranch,
    /// `refs/pull/N/merge` and its merge commit; the base branch once merged.
    PullRequest,
    /// The ref that was pushed, and its tip.
    Pushed,
    /// The branch or tag that was created.
    Created,
    /// The branch or tag to deploy, if it was named, and the commit to deploy.
    Deployment,
    /// The merge group's own ref and commit.
    MergeGroup,
    /// The branch or tag of the published package.
    Package,
    /// The release's tag.
    Release,
    /// The branch or tag that was chosen when dispatching.
    Dispatched,
    /// Whatever the calling workflow runs at.
    Caller,
}

/// A name that is no trigger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown event '{0}'")]
pub struct UnknownEvent(pub String);

const CREATED_EDITED_DELETED: ActivityTypes = ActivityTypes::All(&["created", "edited", "deleted"]);
const PULL_REQUEST: ActivityTypes = ActivityTypes::Some {
    known: &[
        "assigned",
        "unassigned",
        "labeled",
        "unlabeled",
        "opened",
        "edited",
        "closed",
        "reopened",
        "synchronize",
        "converted_to_draft",
        "locked",
        "unlocked",
        "enqueued",
        "dequeued",
        "milestoned",
        "demilestoned",
        "ready_for_review",
        "review_requested",
        "review_request_removed",
        "auto_merge_enabled",
        "auto_merge_disabled",
        "stacked",
    ],
    default: &["opened", "synchronize", "reopened"],
};
const DISCUSSION: ActivityTypes = ActivityTypes::All(&[
    "created",
    "edited",
    "deleted",
    "transferred",
    "pinned",
    "unpinned",
    "labeled",
    "unlabeled",
    "locked",
    "unlocked",
    "category_changed",
    "answered",
    "unanswered",
]);
const ISSUES: ActivityTypes = ActivityTypes::All(&[
    "opened",
    "edited",
    "deleted",
    "transferred",
    "pinned",
    "unpinned",
    "closed",
    "reopened",
    "assigned",
    "unassigned",
    "labeled",
    "unlabeled",
    "locked",
    "unlocked",
    "milestoned",
    "demilestoned",
    "field_added",
    "field_removed",
    "typed",
    "untyped",
]);

macro_rules! events {
    ($($variant:ident $name:literal, $types:expr, [$($filter:ident)*], $runs_at:ident;)*) => {
        /// An event that can trigger a workflow.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventKind {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl EventKind {
            /// Every event, in the alphabetical order of names.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name as it stands in `on` and in `github.event_name`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What `types` may list, and what holds without it.
            #[must_use]
            pub const fn activity_types(self) -> ActivityTypes {
                match self {
                    $(Self::$variant => $types,)*
                }
            }

            /// What a run is about.
            #[must_use]
            pub const fn runs_at(self) -> RunsAt {
                match self {
                    $(Self::$variant => RunsAt::$runs_at,)*
                }
            }

            /// The filters other than `types` that the event takes.
            const fn own_filters(self) -> &'static [FilterKey] {
                match self {
                    $(Self::$variant => &[$(FilterKey::$filter,)*],)*
                }
            }
        }
    };
}

use ActivityTypes::{All, Free};
const NO_TYPES: ActivityTypes = ActivityTypes::None;

events! {
    BranchProtectionRule "branch_protection_rule", CREATED_EDITED_DELETED, [], DefaultBranch;
    CheckRun "check_run", All(&["completed", "created", "rerequested", "requested_action"]), [], DefaultBranch;
    CheckSuite "check_suite", All(&["completed"]), [], DefaultBranch;
    Create "create", NO_TYPES, [], Created;
    Delete "delete", NO_TYPES, [], DefaultBranch;
    Deployment "deployment", NO_TYPES, [], Deployment;
    DeploymentStatus "deployment_status", NO_TYPES, [], Deployment;
    Discussion "discussion", DISCUSSION, [], DefaultBranch;
    DiscussionComment "discussion_comment", CREATED_EDITED_DELETED, [], DefaultBranch;
    Fork "fork", NO_TYPES, [], DefaultBranch;
    Gollum "gollum", NO_TYPES, [], DefaultBranch;
    ImageVersion "image_version", All(&["created", "ready", "deleted"]), [Names Versions], DefaultBranch;
    IssueComment "issue_comment", CREATED_EDITED_DELETED, [], DefaultBranch;
    Issues "issues", ISSUES, [], DefaultBranch;
    Label "label", CREATED_EDITED_DELETED, [], DefaultBranch;
    MergeGroup "merge_group", All(&["checks_requested"]), [Branches BranchesIgnore], MergeGroup;
    Milestone "milestone", All(&["created", "closed", "opened", "edited", "deleted"]), [], DefaultBranch;
    PageBuild "page_build", NO_TYPES, [], DefaultBranch;
    Project "project", All(&["created", "closed", "reopened", "edited", "deleted"]), [], DefaultBranch;
    ProjectCard "project_card", All(&["created", "moved", "converted", "edited", "deleted"]), [], DefaultBranch;
    ProjectColumn "project_column", All(&["created", "updated", "moved", "deleted"]), [], DefaultBranch;
    Public "public", NO_TYPES, [], DefaultBranch;
    PullRequest "pull_request", PULL_REQUEST, [Branches BranchesIgnore Paths PathsIgnore], PullRequest;
    PullRequestComment "pull_request_comment", CREATED_EDITED_DELETED, [], DefaultBranch;
    PullRequestReview "pull_request_review", All(&["submitted", "edited", "dismissed"]), [], PullRequest;
    PullRequestReviewComment "pull_request_review_comment", CREATED_EDITED_DELETED, [], PullRequest;
    // Since December 2025 at the default branch; before, at the pull request's base branch.
    PullRequestTarget "pull_request_target", PULL_REQUEST, [Branches BranchesIgnore Paths PathsIgnore], DefaultBranch;
    Push "push", NO_TYPES, [Branches BranchesIgnore Tags TagsIgnore Paths PathsIgnore], Pushed;
    RegistryPackage "registry_package", All(&["published", "updated"]), [], Package;
    Release "release",
        All(&["published", "unpublished", "created", "edited", "deleted", "prereleased", "released"]), [], Release;
    RepositoryDispatch "repository_dispatch", Free, [], DefaultBranch;
    Schedule "schedule", NO_TYPES, [Cron], DefaultBranch;
    Status "status", NO_TYPES, [], DefaultBranch;
    Watch "watch", All(&["started"]), [], DefaultBranch;
    WorkflowCall "workflow_call", NO_TYPES, [], Caller;
    WorkflowDispatch "workflow_dispatch", NO_TYPES, [], Dispatched;
    WorkflowRun "workflow_run",
        All(&["requested", "completed", "in_progress"]), [Branches BranchesIgnore Workflows], DefaultBranch;
}

impl EventKind {
    /// Whether the event takes this filter.
    #[must_use]
    pub fn takes(self, key: FilterKey) -> bool {
        match key {
            FilterKey::Types => self.activity_types() != ActivityTypes::None,
            other => self.own_filters().contains(&other),
        }
    }

    /// Whether `types` may list this activity.
    #[must_use]
    pub fn knows_activity(self, activity: &str) -> bool {
        match self.activity_types() {
            ActivityTypes::None => false,
            ActivityTypes::All(known) | ActivityTypes::Some { known, .. } => known.contains(&activity),
            ActivityTypes::Free => true,
        }
    }

    /// Whether this activity starts a workflow that has no `types`.
    #[must_use]
    pub fn starts_by_default(self, activity: &str) -> bool {
        match self.activity_types() {
            ActivityTypes::Some { default, .. } => default.contains(&activity),
            ActivityTypes::None | ActivityTypes::All(_) | ActivityTypes::Free => true,
        }
    }
}

impl FromStr for EventKind {
    type Err = UnknownEvent;

    /// Finds an event by its exact name.
    fn from_str(name: &str) -> Result<Self, UnknownEvent> {
        let found = Self::ALL.iter().find(|event| event.name() == name);
        found.copied().ok_or_else(|| UnknownEvent(name.to_owned()))
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FilterKey {
    /// The key as written in a workflow.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Types => "types",
            Self::Branches => "branches",
            Self::BranchesIgnore => "branches-ignore",
            Self::Tags => "tags",
            Self::TagsIgnore => "tags-ignore",
            Self::Paths => "paths",
            Self::PathsIgnore => "paths-ignore",
            Self::Workflows => "workflows",
            Self::Names => "names",
            Self::Versions => "versions",
            Self::Cron => "cron",
        }
    }
}

impl fmt::Display for FilterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
