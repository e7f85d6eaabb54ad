//! Builders and defaults of the shared types.

#![expect(clippy::derivable_impls, reason = "the types are generated")]

use alloc::string::String;
use alloc::vec::Vec;

use crate::decision::{Bind, Container, Decision, Pod, PodSecurity, Shape};
use crate::job::{JobContent, JobFacts, Trust};
use crate::placement::{Amount, Arch, Gpu, Hop, Os, Placement};

/// Bytes of a GiB.
const GIB: u64 = 1 << 30;

impl Amount {
    /// At least this, and no bound above.
    #[must_use]
    pub const fn at_least(least: u64) -> Self {
        Self { least, most: None }
    }

    /// At least the one, at most the other.
    #[must_use]
    pub const fn between(least: u64, most: u64) -> Self {
        Self { least, most: Some(most) }
    }
}

impl Default for Placement {
    fn default() -> Self {
        Self {
            os: None,
            arch: None,
            cpu_millis: None,
            memory: None,
            disk: None,
            gpu: None,
            image: None,
            pool: None,
            spot: None,
            hops: Vec::new(),
            priority: None,
            attrs: Vec::new(),
        }
    }
}

impl Placement {
    /// Makes a placement that leaves everything to the scheduler.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the operating system.
    #[must_use]
    pub const fn os(mut self, os: Os) -> Self {
        self.os = Some(os);
        self
    }

    /// Sets the processor's kind.
    #[must_use]
    pub const fn arch(mut self, arch: Arch) -> Self {
        self.arch = Some(arch);
        self
    }

    /// Sets at least so many whole processors.
    #[must_use]
    pub const fn cpus(self, count: u32) -> Self {
        self.cpu_millis(Amount::at_least(count as u64 * 1000))
    }

    /// Sets the processors, in thousandths.
    #[must_use]
    pub const fn cpu_millis(mut self, millis: Amount) -> Self {
        self.cpu_millis = Some(millis);
        self
    }

    /// Sets at least so many GiB of memory.
    #[must_use]
    pub const fn memory_gib(self, gib: u32) -> Self {
        self.memory(Amount::at_least(gib as u64 * GIB))
    }

    /// Sets the memory, in bytes.
    #[must_use]
    pub const fn memory(mut self, bytes: Amount) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Sets the disk, in GiB.
    #[must_use]
    pub const fn disk_gib(mut self, gib: u32) -> Self {
        self.disk = Some(gib as u64 * GIB);
        self
    }

    /// Sets graphics processors of any kind.
    #[must_use]
    pub fn gpus(mut self, count: u32) -> Self {
        self.gpu = Some(Gpu { count, kind: None });
        self
    }

    /// Sets graphics processors of one kind, by the backend's name of it.
    #[must_use]
    pub fn gpus_of(mut self, count: u32, kind: impl Into<String>) -> Self {
        self.gpu = Some(Gpu { count, kind: Some(kind.into()) });
        self
    }

    /// Sets the image of the machine or the container.
    #[must_use]
    pub fn image(mut self, image: impl Into<String>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// Sets the group of machines, by its name in the backend.
    #[must_use]
    pub fn pool(mut self, pool: impl Into<String>) -> Self {
        self.pool = Some(pool.into());
        self
    }

    /// Sets whether the machine may be one that can be taken away at any time.
    #[must_use]
    pub const fn spot(mut self, spot: bool) -> Self {
        self.spot = Some(spot);
        self
    }

    /// Adds a backend to try, behind those that are there.
    #[must_use]
    pub fn hop(mut self, backend: impl Into<String>) -> Self {
        self.hops.push(Hop { backend: backend.into(), pool: None, spot: None });
        self
    }

    /// Sets who comes first where machines are short: the higher number.
    #[must_use]
    pub const fn priority(mut self, priority: i32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Sets what mapper and scheduler agree on beyond the fields; a key comes once.
    #[must_use]
    pub fn attr(mut self, key: &str, value: impl Into<String>) -> Self {
        self.attrs.retain(|(known, _)| known != key);
        self.attrs.push((key.into(), value.into()));
        self
    }
}

impl Default for JobFacts {
    /// Nothing known but a made-up repository.
    fn default() -> Self {
        Self {
            repository: "octo/hello".into(),
            workflow_file: None,
            workflow: None,
            key: None,
            job: None,
            name: None,
            matrix: Vec::new(),
            event_name: None,
            reference: None,
            sha: None,
            actor: None,
            trust: Trust::Unknown,
            attempt: None,
            attrs: Vec::new(),
        }
    }
}

impl Default for JobContent {
    fn default() -> Self {
        Self {
            workflows: Vec::new(),
            steps: Vec::new(),
            secrets: Vec::new(),
            permissions: None,
            environment: None,
            images: Vec::new(),
            attrs: Vec::new(),
        }
    }
}

impl Default for PodSecurity {
    fn default() -> Self {
        Self {
            run_as_user: None,
            run_as_group: None,
            fs_group: None,
            run_as_non_root: None,
            read_only_root: None,
            allow_privilege_escalation: None,
            privileged: None,
            seccomp: None,
            add_capabilities: Vec::new(),
            drop_capabilities: Vec::new(),
        }
    }
}

impl Pod {
    /// Makes a pod of an image that leaves all else to the operator's configuration.
    #[must_use]
    pub fn new(image: impl Into<String>) -> Self {
        Self {
            as_job: false,
            image: image.into(),
            pull_policy: None,
            image_pull_secrets: Vec::new(),
            namespace: None,
            service_account: None,
            os: None,
            arch: None,
            resources: Vec::new(),
            node_selector: Vec::new(),
            node_required: Vec::new(),
            node_preferred: Vec::new(),
            affinities: Vec::new(),
            spread: Vec::new(),
            tolerations: Vec::new(),
            runtime_class: None,
            priority_class: None,
            security: PodSecurity::default(),
            host_network: false,
            volumes: Vec::new(),
            labels: Vec::new(),
            annotations: Vec::new(),
            attrs: Vec::new(),
        }
    }
}

impl Default for Bind {
    /// A made-up repository, and nothing else.
    fn default() -> Self {
        Self {
            repository: "octo/hello".into(),
            deadline_ms: None,
            labels: Vec::new(),
            container: None,
            services: Vec::new(),
        }
    }
}

impl Container {
    /// Makes a container of an image without options.
    #[must_use]
    pub fn new(image: impl Into<String>) -> Self {
        Self {
            image: image.into(),
            cpu_millis: None,
            memory: None,
            ports: Vec::new(),
            privileged: false,
            others: Vec::new(),
        }
    }
}

impl Decision {
    /// Makes a decision for a pod, bound as the case says.
    #[must_use]
    pub const fn pod(pod: Pod, bind: Bind) -> Self {
        Self { shape: Shape::Pod(pod), bind }
    }
}
