//! What keeps the pods of a run from starting, as the cluster tells it: for explanations.

use act_core::place::{Decision, Shape};
use act_core::provisioner::Document;
use act_kubernetes::{ConnectError, Connection, Survey};

use super::cluster::{access, described_as};
use crate::config::Config;

/// What is seen of the cluster, without changing anything there.
pub(super) enum Around {
    /// Nobody needs it.
    NotLooked,
    Looked(Survey),
    /// It could not be asked.
    Unknown(String),
}

impl Around {
    /// Looks, where pods may be `wanted`.
    pub(super) async fn look(config: &Config, wanted: bool) -> Self {
        if !wanted {
            return Self::NotLooked;
        }
        let words = &config.machine.cluster;
        let connection = match Connection::open(&access(words)).await {
            Ok(connection) => connection,
            Err(error) => return Self::Unknown(error.to_string()),
        };
        match words.namespace.clone().or_else(|| connection.namespace.clone()) {
            Some(namespace) => Self::Looked(Survey::of(&connection, &namespace).await),
            None => Self::Unknown(ConnectError::NoNamespace.to_string()),
        }
    }

    /// Tells what keeps a decision's pod from starting, if something does.
    pub(super) fn told(&self, config: &Config, decision: &Decision) -> Option<Document> {
        if !matches!(decision.shape, Shape::Pod(_)) {
            return None;
        }
        let document = |title: &str, text: String| Document { title: title.to_owned(), text };
        match self {
            Self::NotLooked => None,
            Self::Unknown(why) => {
                Some(document("the cluster could not be asked whether it would start", why.clone()))
            }
            Self::Looked(survey) => {
                let lines = survey.tell(decision, &described_as(&config.machine));
                (!lines.is_empty()).then(|| document("what the cluster says against it", lines.join("\n")))
            }
        }
    }
}
