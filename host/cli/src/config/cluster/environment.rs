//! `ACT_BACKEND` and `ACT_K8S_…`. What is empty is not set.

use clap::ValueEnum as _;
use serde_json::{Map, Value, json};

use super::ClusterWords;
use crate::error::CliError;
use crate::flags::cluster::told;
use crate::flags::value::{Backend, Quantity};
use crate::world::World;

/// Reads the variables of this process.
///
/// # Errors
/// The first one that does not say what it should.
pub(crate) fn read(world: &World) -> Result<ClusterWords, CliError> {
    let text = |name: &str| world.var(name).map(str::to_owned);
    let quantity = |name: &'static str| {
        parsed(world, name, |text| text.parse::<Quantity>().map_err(|error| error.to_string()))
    };
    let backend = parsed(world, "ACT_BACKEND", |text| Backend::from_str(text, true))?;
    let mut pod_security = Map::new();
    for (name, key) in [("ACT_K8S_RUN_AS_USER", "runAsUser"), ("ACT_K8S_FS_GROUP", "fsGroup")] {
        let id = parsed(world, name, |text| text.parse::<u32>().map_err(|_| "expected a number".to_owned()))?;
        pod_security.extend(id.map(|id| (key.to_owned(), id.into())));
    }
    let read_only = parsed(world, "ACT_K8S_SECURITY_CONTEXT_READONLY", |text| {
        text.parse::<bool>().map_err(|_| "expected true or false".to_owned())
    })?;
    Ok(ClusterWords {
        backend,
        kubeconfig: text("ACT_K8S_KUBECONFIG").map(|path| world.absolute(&world.below_home(&path))),
        context: text("ACT_K8S_CONTEXT"),
        namespace: text("ACT_K8S_NAMESPACE"),
        node: text("ACT_K8S_NODE").map(|path| world.absolute(&world.below_home(&path))),
        pod_security: (!pod_security.is_empty()).then(|| Value::Object(pod_security)),
        container_security: read_only.map(|read_only| json!({ "readOnlyRootFilesystem": read_only })),
        told: told(
            text("ACT_K8S_SERVICE_ACCOUNT").as_deref(),
            [
                ("requests", "cpu", quantity("ACT_K8S_CPU_REQUEST")?),
                ("requests", "memory", quantity("ACT_K8S_MEMORY_REQUEST")?),
                ("limits", "cpu", quantity("ACT_K8S_CPU_LIMIT")?),
                ("limits", "memory", quantity("ACT_K8S_MEMORY_LIMIT")?),
            ],
        ),
        ..ClusterWords::default()
    })
}

fn parsed<T>(
    world: &World,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, CliError> {
    let Some(text) = world.var(name) else { return Ok(None) };
    let wrong = |reason| CliError::invalid(format!("`{text}` in the environment variable {name}: {reason}"));
    parse(text).map(Some).map_err(wrong)
}
