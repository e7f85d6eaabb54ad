//! Somebody with a repository, who has its workflows run on the cluster.

use act_tests::cli::{Live, Project, Ran};

use crate::{Cluster, Namespace};

/// What a user of the bed says of pods: which image stands for `ubuntu-latest`. Everything else is as delivered.
const SETTINGS: &str = "platforms.ubuntu-latest.image = 'bed.local/node:1'";

/// The configuration with these settings of the plugin, which may be slow where tests share the processors with others.
fn config(settings: &str) -> String {
    format!(
        "[[plugin]]\nname = 'k8s'\nlimits = {{ wall = '20s' }}\n[plugin.settings]\n{settings}\n[plugin.grant.decisions]\nkinds = []\n"
    )
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

pub struct User {
    pub project: Project,
    pub namespace: Namespace,
}

impl User {
    /// Gives a repository a namespace, the plugin `k8s` installed, and a configuration.
    #[must_use]
    pub fn of(mut project: Project, cluster: &Cluster) -> Self {
        let namespace = Namespace::make(cluster);
        project.outside("home/.config/act-host/act-host.toml", config(SETTINGS));
        project.env("KUBECONFIG", cluster.kubeconfig().display().to_string());
        project.env("ACT_HOST_AGENT", variable("ACT_HOST_AGENT"));
        let user = Self { project, namespace };
        user.install("k8s");
        user
    }

    fn install(&self, plugin: &str) {
        let plugin = format!("{}/{plugin}.wasm", variable("ACT_HOST_PLUGINS"));
        let ran = self.project.act(["plugin", "install", &plugin]);
        assert_eq!(ran.code, Some(0), "{ran}");
    }

    /// Installs the policy `policy-basic`, which wants this label of each job.
    #[must_use]
    pub fn with_policy(mut self, label: &str) -> Self {
        self.install("policy-basic");
        let policy = format!(
            "[[plugin]]\nname = 'policy-basic'\nlimits = {{ wall = '20s' }}\nsettings.labels.required = ['{label}']\n"
        );
        self.project.outside("home/.config/act-host/act-host.toml", policy + &config(SETTINGS));
        self
    }

    /// Sets what the plugin is told: lines of TOML.
    #[must_use]
    pub fn with_settings(mut self, settings: &str) -> Self {
        self.project.outside("home/.config/act-host/act-host.toml", config(settings));
        self
    }

    /// Sets what the program is told of the cluster: lines of TOML below `[kubernetes]`.
    #[must_use]
    pub fn with_cluster(mut self, lines: &str) -> Self {
        let file = "home/.config/act-host/act-host.toml";
        let known = std::fs::read_to_string(self.project.folder(file)).unwrap();
        self.project.outside(file, format!("{known}[kubernetes]\n{lines}\n"));
        self
    }

    /// Leaves the user without a configuration: `k8s` comes with the backend alone.
    #[must_use]
    pub fn without_config(self) -> Self {
        std::fs::remove_file(self.project.folder("home/.config/act-host/act-host.toml")).unwrap();
        self
    }

    /// Starts `act-host run` on the cluster.
    #[must_use]
    pub fn start(&self, args: &[&str]) -> Live {
        let words = ["run", "--backend", "kubernetes", "--namespace", &self.namespace.name];
        self.project.start(words.iter().chain(args))
    }

    /// Runs `act-host run` on the cluster to its end.
    #[must_use]
    pub fn run(&self, args: &[&str]) -> Ran {
        self.start(args).end()
    }

    /// Returns what is left of jobs, by kind and name.
    #[must_use]
    pub fn left(&self) -> Vec<String> {
        let words = ["get", "pods,jobs,secrets", "--output=name", "--selector=app=act-runner"];
        self.namespace.kubectl(words).lines().map(str::to_owned).collect()
    }
}
