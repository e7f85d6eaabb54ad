//! What a job runs, as policies get it.

use act_bindings::types::job as wit;
use act_core::decide::{ImageRole, JobContent, SecretWanted, StepContent, StepRuns, Used};
use act_workflow::permissions::{Level, Permissions};

use super::to_place;

pub(crate) fn to_content(content: &JobContent) -> wit::JobContent {
    let workflow = |called: &act_core::decide::WorkflowUse| wit::WorkflowUse {
        what: to_used(&called.what),
        place: to_place(&called.place),
    };
    wit::JobContent {
        workflows: content.workflows.iter().map(workflow).collect(),
        steps: content.steps.iter().map(to_step).collect(),
        secrets: content.secrets.iter().map(to_secret).collect(),
        permissions: content.permissions.as_ref().map(to_permissions),
        environment: content.environment.clone(),
        images: content.images.iter().map(to_image).collect(),
        attrs: Vec::new(),
    }
}

pub(crate) fn to_step(step: &StepContent) -> wit::StepContent {
    wit::StepContent {
        path: step.path.to_string(),
        id: step.id.clone(),
        name: step.name.clone(),
        place: to_place(&step.place),
        runs: match &step.runs {
            StepRuns::Action(used) => wit::StepRuns::Action(to_used(used)),
            StepRuns::Script { shell, sha256 } => {
                wit::StepRuns::Script(wit::Script { shell: shell.clone(), sha256: sha256.clone() })
            }
            StepRuns::Nothing => wit::StepRuns::Nothing,
        },
        attrs: Vec::new(),
    }
}

fn to_used(used: &Used) -> wit::Used {
    match used {
        Used::Remote { uses, pinned, commit } => wit::Used::Remote(wit::RemoteUses {
            owner: uses.owner.clone(),
            repository: uses.repository.clone(),
            path: uses.path.clone(),
            reference: uses.reference.clone(),
            pinned: *pinned,
            commit: commit.clone(),
        }),
        Used::Local { path } => wit::Used::Local(path.clone()),
        Used::Image { image } => wit::Used::Image(image.clone()),
        Used::Computed { written } => wit::Used::Computed(written.clone()),
    }
}

fn to_secret(used: &act_core::decide::SecretUse) -> wit::SecretUse {
    wit::SecretUse {
        wanted: match &used.wanted {
            SecretWanted::Named(name) => wit::SecretWanted::Named(name.0.clone()),
            SecretWanted::Computed => wit::SecretWanted::Computed,
            SecretWanted::Whole => wit::SecretWanted::Whole,
            SecretWanted::Inherited => wit::SecretWanted::Inherited,
        },
        place: to_place(&used.place),
        step: used.step.as_ref().map(ToString::to_string),
    }
}

fn to_permissions(permissions: &Permissions) -> Vec<(String, wit::Access)> {
    let access = |level| match level {
        Level::None => None,
        Level::Read => Some(wit::Access::Read),
        Level::Write => Some(wit::Access::Write),
    };
    permissions
        .iter()
        .filter_map(|(scope, level)| Some((scope.as_str().to_owned(), access(level)?)))
        .collect()
}

fn to_image(used: &act_core::decide::ImageUse) -> wit::ImageUse {
    wit::ImageUse {
        image: used.image.clone(),
        role: match &used.role {
            ImageRole::Job => wit::ImageRole::Job,
            ImageRole::Service(name) => wit::ImageRole::Service(name.clone()),
            ImageRole::Step(path) => wit::ImageRole::Step(path.to_string()),
        },
        place: to_place(&used.place),
    }
}
