//! Whether an event starts a workflow: the filters of `on`, held against what is known of the event.

use act_workflow::events::EventFacts;
use act_workflow::filter::{self, EventFilter, Filter, PatternList, Selection};
use act_workflow::model::{EventFilters, TriggerConfig, Workflow};
use act_workflow::triggers::Patterns;

/// Decides whether the event starts the workflow. Patterns that are none were refused when it was read;
/// one that slipped through lets everything pass.
#[must_use]
pub fn triggered(workflow: &Workflow, facts: &EventFacts) -> Selection {
    let filter = workflow.on.get(facts.event.name()).map(|trigger| match &trigger.config {
        TriggerConfig::Filters(filters) => of(filters),
        TriggerConfig::Schedule(entries) => EventFilter {
            crons: entries.iter().map(|entry| entry.cron.value.to_string()).collect(),
            ..EventFilter::default()
        },
        TriggerConfig::Dispatch { .. } | TriggerConfig::Call(_) => EventFilter::default(),
    });
    filter::select(filter.as_ref(), facts)
}

fn of(filters: &EventFilters) -> EventFilter {
    let names = |patterns: &Option<Patterns>| {
        let names = patterns.as_ref()?;
        Some(names.iter().map(|name| name.value.to_string()).collect())
    };
    EventFilter {
        types: names(&filters.types),
        branches: either(filters.branches.as_ref(), filters.branches_ignore.as_ref()),
        tags: either(filters.tags.as_ref(), filters.tags_ignore.as_ref()),
        paths: either(filters.paths.as_ref(), filters.paths_ignore.as_ref()),
        workflows: names(&filters.workflows),
        names: list(filters.names.as_ref()),
        versions: list(filters.versions.as_ref()),
        crons: Vec::new(),
    }
}

fn either(only: Option<&Patterns>, ignore: Option<&Patterns>) -> Option<Filter> {
    list(only).map(Filter::Only).or_else(|| list(ignore).map(Filter::Ignore))
}

fn list(patterns: Option<&Patterns>) -> Option<PatternList> {
    let texts = patterns?.iter().map(|pattern| &*pattern.value);
    PatternList::parse(texts).ok()
}
