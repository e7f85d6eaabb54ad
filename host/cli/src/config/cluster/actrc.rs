//! An `.actrc` in YAML: `backend` and `kubernetes`, as the design of act's Kubernetes backend has them.
//!
//! What asks for something that is not built is a mistake; what would change nothing is passed over with a notice.

use act_workflow::source::Span;
use serde_json::{Map, Value, json};

use super::ClusterWords;
use super::file::{namespace, some};
use crate::config::keys::Keys;
use crate::config::tree::{Data, Node, Table};
use crate::flags::value::Backend;
use crate::world::World;

/// Whether a text is YAML and not a file of flags: its first line that is neither empty nor a comment is a key, `name:`,
/// or `---`.
pub(crate) fn is_yaml(text: &str) -> bool {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let first = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).next();
    let Some(first) = first else { return false };
    let is_key = |key: &str| {
        let key = key.trim_matches(['"', '\'']);
        !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    let key = first.split_once(": ").map(|(key, _)| key).or_else(|| first.strip_suffix(':'));
    first == "---" || (!first.starts_with('-') && key.is_some_and(is_key))
}

/// Something that is passed over: its line, and why.
pub(crate) type Notices = Vec<(u32, String)>;

/// Reads a whole file.
pub(crate) fn read(mut keys: Keys<'_>, world: &World, notices: &mut Notices) -> ClusterWords {
    let mut words = ClusterWords { backend: super::backend(&mut keys), ..ClusterWords::default() };
    if let Some(cluster) = keys.table("kubernetes") {
        words = Reader { keys: cluster, notices }.cluster(words, world);
    }
    keys.finish();
    words
}

struct Reader<'a, 'n> {
    keys: Keys<'a>,
    notices: &'n mut Notices,
}

const VOLUMES: &str = "persistent volumes are not built yet";
const METRICS: &str = "metrics and traces are not built yet";

impl Reader<'_, '_> {
    fn cluster(mut self, words: ClusterWords, world: &World) -> ClusterWords {
        let enabled = self.keys.flag("enabled") == Some(true);
        let path = some(&mut self.keys, "kubeconfig");
        let words = ClusterWords {
            backend: words.backend.or(enabled.then_some(Backend::Kubernetes)),
            kubeconfig: path.map(|path| world.absolute(&world.below_home(&path))),
            context: some(&mut self.keys, "context"),
            namespace: namespace(&mut self.keys),
            pod_template: self.keys.object("pod-template"),
            told: self.told(),
            ..words
        };
        self.no_effect("storage-class", "no persistent volumes are made");
        let words = self.cleanup(words);
        let words = self.networking(words);
        let words = self.security(words);
        self.storage();
        self.monitoring();
        self.keys.finish();
        words
    }

    /// Returns what the plugin `k8s` is told.
    fn told(&mut self) -> Map<String, Value> {
        let mut told = Map::new();
        if let Some(account) = some(&mut self.keys, "service-account") {
            told.insert("serviceAccount".to_owned(), account.into());
        }
        let secrets = self.keys.words("image-pull-secrets", |name| Ok(name.to_owned()));
        if !secrets.is_empty() {
            told.insert("imagePullSecrets".to_owned(), secrets.into());
        }
        if let Some(resources) = self.keys.object("default-resources") {
            told.insert("defaultResources".to_owned(), resources);
        }
        if let Some(platforms) = self.platforms() {
            told.insert("platforms".to_owned(), platforms);
        }
        told
    }

    fn platforms(&mut self) -> Option<Value> {
        let place = self.keys.place_of("platforms")?;
        let platforms = self.keys.table("platforms")?;
        let mut all = Map::new();
        for (name, keys) in platforms.each() {
            if let Some(keys) = keys {
                all.insert(name.value.clone(), platform(&name.value, name.span, keys));
            }
        }
        if all.is_empty() {
            self.keys.page().wrong(place, "at least one platform must be configured");
        }
        Some(all.into())
    }

    fn cleanup(&mut self, words: ClusterWords) -> ClusterWords {
        let Some(keys) = self.keys.table("cleanup-policy") else { return words };
        let mut policy = Reader { keys, notices: self.notices };
        let seconds = policy.keys.count("ttl-seconds-after-finished");
        for key in ["successful-jobs-history-limit", "failed-jobs-history-limit"] {
            policy.no_effect(key, "what a job made is removed when it ends; its log is kept on this machine");
        }
        if policy.keys.flag("auto-cleanup") == Some(false) {
            policy.notice("auto-cleanup", "`--keep` leaves the pods of failed jobs");
        }
        policy.keys.finish();
        let keep_finished = seconds.map(|seconds| std::time::Duration::from_secs(seconds.into()));
        ClusterWords { keep_finished, ..words }
    }

    fn networking(&mut self, words: ClusterWords) -> ClusterWords {
        let Some(keys) = self.keys.table("networking") else { return words };
        let mut networking = Reader { keys, notices: self.notices };
        let words = ClusterWords {
            dns_policy: some(&mut networking.keys, "dns-policy"),
            dns_config: networking.keys.object("dns-config"),
            ..words
        };
        if networking.keys.flag("host-network") == Some(true) {
            networking.refuse("host-network", "it is a platform's to ask for, and act-host.toml's to grant");
        }
        if some(&mut networking.keys, "network-policy").is_some() {
            networking.refuse("network-policy", "network policies are not built yet");
        }
        networking.switch("service-mesh", "service meshes are not built yet");
        networking.keys.finish();
        words
    }

    fn security(&mut self, words: ClusterWords) -> ClusterWords {
        let Some(keys) = self.keys.table("security") else { return words };
        let mut security = Reader { keys, notices: self.notices };
        let words = ClusterWords {
            pod_security: security.keys.object("pod-security-context"),
            container_security: security.keys.object("security-context"),
            ..words
        };
        security.no_effect("pod-security-standard", "it is a label of the namespace, which is not changed");
        if let Some(Node { data: Data::List(list), .. }) = security.keys.value("network-policies")
            && !list.is_empty()
        {
            security.refuse("network-policies", "network policies are not built yet");
        }
        let place = security.keys.place_of("rbac");
        if let (Some(place), Some(mut rbac)) = (place, security.keys.table("rbac"))
            && rbac.flag("create") == Some(true)
        {
            let advice =
                "`act-host kubernetes rbac | kubectl apply -f -` creates the Role that is needed, once";
            rbac.page()
                .wrong(rbac.place_of("create").unwrap_or(place), format!("`rbac` is not created: {advice}"));
        }
        security.keys.finish();
        words
    }

    fn storage(&mut self) {
        if let Some(keys) = self.keys.table("storage") {
            for (_, kind) in keys.each() {
                let Some(mut kind) = kind else { continue };
                let is_plain = kind.text("type").is_none_or(|word| word.value == "emptyDir");
                if let Some(place) = kind.place_of("type").filter(|_| !is_plain) {
                    kind.page().wrong(place, VOLUMES);
                }
            }
        }
        if self.keys.value("volume-templates").is_some() {
            self.refuse("volume-templates", VOLUMES);
        }
    }

    fn monitoring(&mut self) {
        let Some(keys) = self.keys.table("monitoring") else { return };
        let mut monitoring = Reader { keys, notices: self.notices };
        for key in ["enabled", "prometheus-metrics"] {
            if monitoring.keys.flag(key) == Some(true) {
                monitoring.refuse(key, METRICS);
            }
        }
        monitoring.switch("tracing", METRICS);
        for key in ["metrics-port", "metrics-path", "custom-metrics", "log-level", "logging"] {
            monitoring.no_effect(key, "`-v` and `--log-format` say how a run is shown");
        }
        monitoring.keys.finish();
    }

    /// A part with `enabled`, which cannot be.
    fn switch(&mut self, key: &'static str, why: &str) {
        let place = self.keys.place_of(key);
        if let (Some(place), Some(mut part)) = (place, self.keys.table(key))
            && part.flag("enabled") == Some(true)
        {
            part.page().wrong(part.place_of("enabled").unwrap_or(place), why);
        }
    }

    fn refuse(&self, key: &str, why: &str) {
        if let Some(place) = self.keys.place_of(key) {
            let key = self.keys.page().spell(key);
            self.keys.page().wrong(place, format!("`{key}` cannot be had: {why}"));
        }
    }

    fn no_effect(&mut self, key: &'static str, why: &str) {
        if self.keys.value(key).is_some() {
            self.notice(key, why);
        }
    }

    fn notice(&mut self, key: &str, why: &str) {
        if let Some(place) = self.keys.place_of(key) {
            let key = self.keys.page().spell(key);
            self.notices.push((place.line, format!("`{key}` has no effect: {why}")));
        }
    }
}

/// What a platform may say, each key with the form of its value.
const PLATFORM: [(&str, Form); 20] = [
    ("image", Form::Any),
    ("os", Form::Any),
    ("arch", Form::Any),
    ("job", Form::Any),
    ("image-pull-policy", Form::Any),
    ("image-pull-secrets", Form::Any),
    ("namespace", Form::Any),
    ("service-account", Form::Any),
    ("runtime-class", Form::Any),
    ("priority", Form::Any),
    ("priority-class", Form::Any),
    ("host-network", Form::Any),
    ("node-selector", Form::Texts),
    ("labels", Form::Texts),
    ("annotations", Form::Texts),
    ("tolerations", Form::Any),
    ("affinity", Form::Any),
    ("topology-spread-constraints", Form::Any),
    ("security-context", Form::Any),
    ("resources", Form::Any),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Any,
    /// Names and texts: `on: true` means the text.
    Texts,
}

fn platform(name: &str, place: Span, mut keys: Keys<'_>) -> Value {
    let mut read = Map::new();
    for (key, form) in PLATFORM {
        let Some(node) = keys.value(key) else { continue };
        let value = match (&node.data, form) {
            (Data::Table(table), Form::Texts) => texts(table),
            (data, _) => data.json(),
        };
        read.insert(keys.page().spell(key).into_owned(), value);
    }
    if read.get("image").and_then(Value::as_str).is_none_or(str::is_empty) {
        let name = crate::stream::harmless(name);
        keys.page().wrong(place, format!("platform {name} must specify an image"));
    }
    keys.finish();
    read.into()
}

fn texts(table: &Table) -> Value {
    let text = |data: &Data| match data {
        Data::Number(number) => json!(number.to_string()),
        Data::Flag(flag) => json!(flag.to_string()),
        other => other.json(),
    };
    let pairs = table.iter().map(|(key, node)| (key.value.clone(), text(&node.data)));
    Value::Object(pairs.collect())
}
