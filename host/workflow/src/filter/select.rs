//! Weighs one trigger of a workflow's `on` against the facts of an event.

use std::fmt;

use super::list::{Filter, PatternList};
use crate::events::{EventFacts, EventKind, FilterKey, GitRef, RefKind};

/// The filters of one event of `on`. All `None` is `on: push`, without any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// `types`.
    pub types: Option<Vec<String>>,
    /// `branches` or `branches-ignore`.
    pub branches: Option<Filter>,
    /// `tags` or `tags-ignore`.
    pub tags: Option<Filter>,
    /// `paths` or `paths-ignore`.
    pub paths: Option<Filter>,
    /// `workflows` of `workflow_run`.
    pub workflows: Option<Vec<String>>,
    /// `names` of `image_version`.
    pub names: Option<PatternList>,
    /// `versions` of `image_version`.
    pub versions: Option<PatternList>,
    /// The `cron` of each entry of `schedule`.
    pub crons: Vec<String>,
}

/// Whether an event starts a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// It does. The notices name filters that could not be judged for want of facts.
    Selected(Vec<Notice>),
    /// It doesn't.
    Excluded(Exclusion),
}

impl Selection {
    /// Whether the workflow runs.
    #[must_use]
    pub fn is_selected(&self) -> bool {
        matches!(self, Self::Selected(_))
    }
}

/// A filter that was passed over because what it looks at is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// The event.
    pub event: EventKind,
    /// The filter.
    pub key: FilterKey,
}

/// Why an event doesn't start a workflow. Displays as a sentence without capital and full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exclusion {
    /// `on` doesn't list the event.
    NotATrigger(EventKind),
    /// The activity is not among `types`, or not among the default ones.
    Activity {
        /// The event.
        event: EventKind,
        /// What happened.
        action: String,
        /// Whether the workflow lists `types`.
        listed: bool,
    },
    /// A push of a branch to a workflow with filters for tags alone, or the reverse.
    OtherKindOnly {
        /// What was pushed.
        pushed: GitRef,
        /// The filter that is there.
        key: FilterKey,
    },
    /// A name that its filter doesn't let through.
    Name {
        /// The event.
        event: EventKind,
        /// The filter.
        key: FilterKey,
        /// The branch, tag, workflow, image name, version or cron expression.
        name: String,
    },
    /// No changed path gets through `paths` or `paths-ignore`.
    Paths {
        /// The event.
        event: EventKind,
        /// The filter.
        key: FilterKey,
        /// How many paths changed.
        changed: usize,
    },
}

/// Decides whether the event starts a workflow whose `on` has `trigger` for it; `None` if `on` doesn't list it.
///
/// Every filter must pass, in the order types, refs, paths, others. A filter whose subject is unknown passes, with a
/// [`Notice`]. A push of a tag is never held against `paths`.
#[must_use]
pub fn select(trigger: Option<&EventFilter>, facts: &EventFacts) -> Selection {
    let Some(trigger) = trigger else {
        return Selection::Excluded(Exclusion::NotATrigger(facts.event));
    };
    let mut judge = Judge { trigger, facts, notices: Vec::new() };
    match judge.run() {
        Ok(()) => Selection::Selected(judge.notices),
        Err(exclusion) => Selection::Excluded(exclusion),
    }
}

struct Judge<'a> {
    trigger: &'a EventFilter,
    facts: &'a EventFacts,
    notices: Vec<Notice>,
}

type Verdict = Result<(), Exclusion>;

impl<'a> Judge<'a> {
    fn run(&mut self) -> Verdict {
        self.activity()?;
        let is_tag_push = self.refs()?;
        if !is_tag_push {
            self.paths()?;
        }
        self.listed(
            FilterKey::Workflows,
            self.trigger.workflows.as_deref(),
            self.facts.followed_workflow.as_deref(),
        )?;
        let image = self.facts.image.as_ref();
        self.patterns(FilterKey::Names, self.trigger.names.as_ref(), image.map(|image| image.name.as_str()))?;
        self.patterns(
            FilterKey::Versions,
            self.trigger.versions.as_ref(),
            image.map(|image| image.version.as_str()),
        )?;
        // An event of no particular schedule stands for all of them.
        if let Some(due) = &self.facts.schedule {
            let crons = (self.facts.event == EventKind::Schedule).then_some(self.trigger.crons.as_slice());
            self.listed(FilterKey::Cron, crons, Some(due))?;
        }
        Ok(())
    }

    fn activity(&mut self) -> Verdict {
        let event = self.facts.event;
        if !event.takes(FilterKey::Types) {
            return Ok(());
        }
        let types = self.trigger.types.as_deref();
        let Some(action) = &self.facts.action else {
            if types.is_some() {
                self.pass_over(FilterKey::Types);
            }
            return Ok(());
        };
        let starts = types.map_or(event.starts_by_default(action), |types| types.contains(action));
        if starts {
            Ok(())
        } else {
            Err(Exclusion::Activity { event, action: action.clone(), listed: types.is_some() })
        }
    }

    /// Holds the ref against `branches` or `tags`; `true` if a tag was pushed.
    fn refs(&mut self) -> Result<bool, Exclusion> {
        let trigger = self.trigger;
        let branches = trigger.branches.as_ref().map(|filter| (filter, branch_key(filter)));
        let tags = trigger.tags.as_ref().map(|filter| (filter, tag_key(filter)));
        let Some(subject) = &self.facts.filtered_ref else {
            for (_, key) in branches.into_iter().chain(tags) {
                self.pass_over(key);
            }
            return Ok(false);
        };
        let is_tag = self.facts.event == EventKind::Push && subject.kind() == RefKind::Tag;
        let (own, other) = if is_tag { (tags, branches) } else { (branches, tags) };
        match (own, other) {
            (Some((filter, key)), _) if !filter.admits(subject.short_name()) => {
                Err(self.name_excluded(key, subject.short_name()))
            }
            (None, Some((_, key))) => Err(Exclusion::OtherKindOnly { pushed: subject.clone(), key }),
            _ => Ok(is_tag),
        }
    }

    fn paths(&mut self) -> Verdict {
        let Some(filter) = &self.trigger.paths else { return Ok(()) };
        let key = if filter.is_ignore() { FilterKey::PathsIgnore } else { FilterKey::Paths };
        match &self.facts.changed_files {
            None => {
                self.pass_over(key);
                Ok(())
            }
            Some(changed) if filter.admits_any(changed) => Ok(()),
            Some(changed) => Err(Exclusion::Paths { event: self.facts.event, key, changed: changed.len() }),
        }
    }

    fn listed(&mut self, key: FilterKey, wanted: Option<&[String]>, name: Option<&str>) -> Verdict {
        self.named(key, wanted, name, |wanted, name| wanted.iter().any(|wanted| wanted == name))
    }

    fn patterns(&mut self, key: FilterKey, wanted: Option<&'a PatternList>, name: Option<&str>) -> Verdict {
        self.named(key, wanted, name, PatternList::matches)
    }

    fn named<T: ?Sized>(
        &mut self,
        key: FilterKey,
        wanted: Option<&T>,
        name: Option<&str>,
        fits: impl Fn(&T, &str) -> bool,
    ) -> Verdict {
        match (wanted, name) {
            (None, _) => Ok(()),
            (Some(_), None) => {
                self.pass_over(key);
                Ok(())
            }
            (Some(wanted), Some(name)) if fits(wanted, name) => Ok(()),
            (Some(_), Some(name)) => Err(self.name_excluded(key, name)),
        }
    }

    fn pass_over(&mut self, key: FilterKey) {
        self.notices.push(Notice { event: self.facts.event, key });
    }

    fn name_excluded(&self, key: FilterKey, name: &str) -> Exclusion {
        Exclusion::Name { event: self.facts.event, key, name: name.to_owned() }
    }
}

fn branch_key(filter: &Filter) -> FilterKey {
    if filter.is_ignore() { FilterKey::BranchesIgnore } else { FilterKey::Branches }
}

fn tag_key(filter: &Filter) -> FilterKey {
    if filter.is_ignore() { FilterKey::TagsIgnore } else { FilterKey::Tags }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, key } = self;
        let subject = match key {
            FilterKey::Types => "the activity",
            FilterKey::Branches | FilterKey::BranchesIgnore => "the branch",
            FilterKey::Tags | FilterKey::TagsIgnore => "the tag",
            FilterKey::Paths | FilterKey::PathsIgnore => "the list of changed files",
            FilterKey::Workflows => "the workflow",
            FilterKey::Names | FilterKey::Versions => "the image",
            FilterKey::Cron => "the schedule",
        };
        write!(f, "on.{event}.{key} was not applied: {subject} is unknown")
    }
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotATrigger(event) => write!(f, "'{event}' is not among the events of on"),
            Self::Activity { event, action, listed: true } => {
                write!(f, "activity '{action}' is not among on.{event}.types")
            }
            Self::Activity { event, action, listed: false } => {
                write!(f, "activity '{action}' does not start on.{event} unless its types list it")
            }
            Self::OtherKindOnly { pushed, key } => {
                let (kind, others) = match pushed.kind() {
                    RefKind::Tag => ("tag", "branches"),
                    RefKind::Branch | RefKind::Other => ("branch", "tags"),
                };
                write!(
                    f,
                    "on.push filters {others} alone (on.push.{key}), so {kind} '{}' does not start it",
                    pushed.short_name()
                )
            }
            Self::Name { event, key, name } => {
                let (kind, relation) = key.name_relation();
                write!(f, "{kind} '{name}' {relation} on.{event}.{key}")
            }
            Self::Paths { event, key, changed: 0 } => {
                write!(f, "no file changed, so on.{event}.{key} is not met")
            }
            Self::Paths { event, key: key @ FilterKey::PathsIgnore, changed } => {
                write!(f, "on.{event}.{key} ignores all of the changed files ({changed})")
            }
            Self::Paths { event, key, changed } => {
                write!(f, "none of the changed files ({changed}) matches on.{event}.{key}")
            }
        }
    }
}

impl FilterKey {
    /// How to say that a name is kept out: what it is, and what it fails at.
    fn name_relation(self) -> (&'static str, &'static str) {
        match self {
            Self::BranchesIgnore => ("branch", "is ignored by"),
            Self::TagsIgnore => ("tag", "is ignored by"),
            Self::Tags => ("tag", "matches no pattern of"),
            Self::Names => ("image", "matches no pattern of"),
            Self::Versions => ("image version", "matches no pattern of"),
            Self::Workflows => ("workflow", "is not among"),
            Self::Cron => ("schedule", "is not among"),
            Self::Branches | Self::Types | Self::Paths | Self::PathsIgnore => {
                ("branch", "matches no pattern of")
            }
        }
    }
}
