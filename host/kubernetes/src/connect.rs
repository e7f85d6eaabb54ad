//! The way to a cluster: kubeconfig or the pod's own account, and what is checked before a run.

use std::path::PathBuf;

use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};

use crate::calls::with_causes;
use crate::rights::{Call, Right};
use crate::transport;

/// Which cluster.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// A kubeconfig; `None` for `KUBECONFIG`, `~/.kube/config`, or the account of the pod that this program runs in.
    pub kubeconfig: Option<PathBuf>,
    /// A context of it; `None` for its current one.
    pub context: Option<String>,
}

impl Access {
    /// Returns the namespace that the context names; nothing where it names none, or cannot be read.
    #[must_use]
    pub fn namespace(&self) -> Option<String> {
        let kubeconfig = self.kubeconfig()?;
        let name = self.context.as_ref().or(kubeconfig.current_context.as_ref())?;
        let context = kubeconfig.contexts.iter().find(|known| known.name == *name)?.context.as_ref()?;
        context.namespace.clone().filter(|namespace| !namespace.is_empty())
    }

    fn kubeconfig(&self) -> Option<Kubeconfig> {
        let kubeconfig = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        kubeconfig.ok()
    }
}

/// Why a cluster cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig is wrong, or there is none.
    #[error("{0}")]
    Config(String),
    /// The API server does not answer, or refuses.
    #[error("the API server at {url} cannot be used: {reason}")]
    Server {
        /// Where.
        url: String,
        /// Why not.
        reason: String,
    },
    /// Nobody says where pods are made.
    #[error("kubernetes namespace is required")]
    NoNamespace,
    /// There is no such namespace.
    #[error("cannot access namespace `{0}`: there is none in this cluster")]
    Namespace(String),
    /// Rights are missing, one line each.
    #[error("this account may not run jobs in namespace `{namespace}`: it lacks {}", missing.join(", "))]
    Rights {
        /// Where.
        namespace: String,
        /// `create` on `pods`.
        missing: Vec<String>,
    },
}

/// A cluster that answers.
#[derive(Clone)]
pub struct Connection {
    /// For calls.
    pub client: Client,
    /// The namespace that the context names, or that of the pod whose account this is.
    pub namespace: Option<String>,
    /// Where the API server is.
    pub url: String,
}

impl Connection {
    /// Reads how to get there; asks nobody yet.
    ///
    /// # Errors
    /// The kubeconfig is wrong, or there is none.
    pub async fn open(access: &Access) -> Result<Self, ConnectError> {
        let mut config = configuration(access).await.map_err(ConnectError::Config)?;
        // Calls are repeated here, where it is known which of them may be, and for how long.
        config.default_retry = false;
        config.connect_timeout = Some(std::time::Duration::from_secs(10));
        // Without a kubeconfig this is a pod, whose namespace is always known.
        let namespace = match access.kubeconfig() {
            Some(_) => access.namespace(),
            None => Some(config.default_namespace.clone()),
        };
        let url = config.cluster_url.to_string();
        let client = transport::client(config).map_err(|error| ConnectError::Config(with_causes(&error)))?;
        Ok(Self { client, namespace, url })
    }

    /// Checks that the server answers and that this account may make the calls of every run; returns the server's version.
    /// Whether Jobs will be wanted nobody knows yet: that is asked before the first.
    ///
    /// # Errors
    /// Why not; all rights that are missing at once.
    pub async fn check(&self, namespace: &str) -> Result<String, ConnectError> {
        let server =
            |error: kube::Error| ConnectError::Server { url: self.url.clone(), reason: with_causes(&error) };
        let version = self.client.apiserver_version().await.map_err(server)?;
        // Who may not look at namespaces finds out by what is made there.
        let found = Api::<Namespace>::all(self.client.clone()).get(namespace).await;
        if let Err(kube::Error::Api(status)) = found
            && status.code == 404
        {
            return Err(ConnectError::Namespace(namespace.to_owned()));
        }
        let calls = Call::ALL.into_iter().filter(|call| !call.is_of_jobs() && !call.is_for_people());
        let missing = missing(&self.client, namespace, calls).await.map_err(server)?;
        if missing.is_empty() {
            return Ok(version.git_version);
        }
        Err(ConnectError::Rights { namespace: namespace.to_owned(), missing })
    }
}

/// Asks which of the rights to these calls this account lacks: `create` on `pods`.
pub(crate) async fn missing(
    client: &Client,
    namespace: &str,
    calls: impl Iterator<Item = Call>,
) -> Result<Vec<String>, kube::Error> {
    let api: Api<SelfSubjectAccessReview> = Api::all(client.clone());
    let reviews = calls.map(|call| {
        let (api, review) = (api.clone(), review(call.right(), namespace));
        async move { (call, api.create(&PostParams::default(), &review).await) }
    });
    let mut missing = Vec::new();
    for (call, review) in futures_util::future::join_all(reviews).await {
        if !review?.status.is_some_and(|status| status.allowed) {
            let Right { resource, verb, .. } = call.right();
            missing.push(format!("`{verb}` on `{resource}`"));
        }
    }
    Ok(missing)
}

async fn configuration(access: &Access) -> Result<Config, String> {
    let options = KubeConfigOptions { context: access.context.clone(), ..KubeConfigOptions::default() };
    match &access.kubeconfig {
        Some(path) => {
            let said = |error: &dyn std::error::Error| {
                format!("cannot use kubeconfig {}: {}", path.display(), with_causes(error))
            };
            let kubeconfig = Kubeconfig::read_from(path).map_err(|error| said(&error))?;
            Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|error| said(&error))
        }
        None if access.context.is_some() => Config::from_kubeconfig(&options)
            .await
            .map_err(|error| format!("cannot use the kubeconfig: {}", with_causes(&error))),
        None => {
            Config::infer().await.map_err(|error| format!("there is no cluster: {}", with_causes(&error)))
        }
    }
}

fn review(right: Right, namespace: &str) -> SelfSubjectAccessReview {
    let (resource, subresource) = match right.resource.split_once('/') {
        Some((resource, below)) => (resource, Some(below.to_owned())),
        None => (right.resource, None),
    };
    let attributes = ResourceAttributes {
        namespace: Some(namespace.to_owned()),
        group: Some(right.group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource,
        verb: Some(right.verb.to_owned()),
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
    SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() }
}
