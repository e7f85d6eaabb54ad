//! Containers of a job, `container` and `services`, read once: what every backend that has containers shares.
//!
//! Secrets are names here. What a backend cannot do is kept by name, so that it can say so.

mod options;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::fmt;

use act_workflow::values::Container;
use serde::{Deserialize, Serialize};

pub use options::{CreateOptions, Health, Unmet};
pub use text::{Piece, SealedText, SecretMarks};

/// A container that a workflow asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobContainer {
    /// Its image.
    pub image: String,
    /// In order; of a name that comes twice the last counts.
    pub env: Vec<(String, SealedText)>,
    /// What it sees besides its image.
    pub volumes: Vec<Mount>,
    /// What it listens on.
    pub ports: Vec<Port>,
    /// `options`.
    pub options: CreateOptions,
    /// In place of the image's own; services only.
    pub entrypoint: Option<String>,
    /// What follows it; services only.
    pub command: Vec<String>,
    /// A login at the image's registry.
    pub login: Option<Login>,
}

/// A container that runs beside the steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// As in the workflow: where it is reached.
    pub name: String,
    /// What runs.
    pub container: JobContainer,
}

/// A login at a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Who.
    pub username: SealedText,
    /// What proves it.
    pub password: SealedText,
}

/// What a container sees besides its image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    pub from: MountFrom,
    /// Where, absolute.
    pub path: String,
    /// Whether it can be written.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "name")]
pub enum MountFrom {
    /// A new volume.
    New,
    /// A volume by its name: one for all containers of the job that name it.
    Named(String),
    /// A folder of the machine that has the containers.
    Host(String),
    /// Memory.
    Memory,
}

/// What a port speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// A port of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// What it listens on.
    pub container: u16,
    /// Where it is wanted on the machine; `None` leaves it open.
    pub host: Option<u16>,
    /// What it speaks.
    pub protocol: Protocol,
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol {
            Protocol::Tcp => write!(f, "{}", self.container),
            Protocol::Udp => write!(f, "{}/udp", self.container),
            Protocol::Sctp => write!(f, "{}/sctp", self.container),
        }
    }
}

/// What of a container makes no sense: which key, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: {reason}")]
pub struct ContainerError {
    /// The key of the workflow: `options`.
    pub key: &'static str,
    /// Why.
    pub reason: String,
}

fn wrong(key: &'static str) -> impl Fn(String) -> ContainerError {
    move |reason| ContainerError { key, reason }
}

impl JobContainer {
    /// Reads a container after its expressions were evaluated with `marks` in place of secrets.
    ///
    /// # Errors
    /// The first key that makes no sense, with the reason.
    pub fn read(of: &Container, marks: &SecretMarks) -> Result<Self, ContainerError> {
        let plain = |key, text: &str| {
            let sealed = marks.seal(text);
            let is_plain = sealed.plain().map(str::to_owned);
            is_plain
                .ok_or_else(|| wrong(key)("a secret cannot be a part of it: everybody sees it".to_owned()))
        };
        let all =
            |key, texts: &[String]| texts.iter().map(|text| plain(key, text)).collect::<Result<Vec<_>, _>>();
        let mut read = Self {
            image: plain("image", &of.image)?,
            env: of.env.iter().map(|(name, text)| (name.clone(), marks.seal(text))).collect(),
            entrypoint: of.entrypoint.as_deref().map(|text| plain("entrypoint", text)).transpose()?,
            ..Self::default()
        };
        if let Some(text) = &of.options {
            read.options = CreateOptions::parse(&plain("options", text)?).map_err(wrong("options"))?;
        }
        if let Some(text) = &of.command {
            read.command = words::split(&plain("command", text)?).map_err(wrong("command"))?;
        }
        let volumes = all("volumes", &of.volumes)?;
        read.volumes = collect(&volumes, Mount::parse).map_err(wrong("volumes"))?;
        let ports = all("ports", &of.ports)?;
        read.ports = collect(&ports, Port::parse).map_err(wrong("ports"))?.concat();
        if let Some(login) = &of.credentials {
            let sealed = |text: &Option<String>| marks.seal(text.as_deref().unwrap_or_default());
            read.login = Some(Login { username: sealed(&login.username), password: sealed(&login.password) });
        }
        Ok(read)
    }

    /// Returns all that it mounts, what its options say counted in.
    pub fn mounts(&self) -> impl Iterator<Item = &Mount> {
        self.volumes.iter().chain(&self.options.mounts)
    }

    /// Returns all that it listens on, what its options say counted in.
    pub fn all_ports(&self) -> impl Iterator<Item = &Port> {
        self.ports.iter().chain(&self.options.ports)
    }

    /// Returns its variables as sealed texts, those of its options first, so that `env` comes after them.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &SealedText)> {
        let options = self.options.env.iter().map(|(name, text)| (name.as_str(), text));
        options.chain(self.env.iter().map(|(name, text)| (name.as_str(), text)))
    }
}

fn collect<T>(texts: &[String], read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    texts.iter().map(|text| read(text)).collect()
}

impl Mount {
    /// Reads `/path`, `name:/path`, `/folder:/path`, each with `:ro`, `:rw` and more behind it.
    ///
    /// # Errors
    /// Why it is no volume.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(':').collect();
        let (from, path, mode) = match parts[..] {
            [path] => ("", path, ""),
            [from, path] if path.starts_with('/') => (from, path, ""),
            [path, mode] => ("", path, mode),
            [from, path, mode] => (from, path, mode),
            _ => return Err(format!("`{text}` is no volume: `name:/path`, `/folder:/path`, `/path`")),
        };
        if !path.starts_with('/') || path.split('/').any(|part| part == "..") {
            return Err(format!("`{text}`: the path in the container must be absolute"));
        }
        let known =
            ["", "ro", "rw", "z", "Z", "cached", "delegated", "consistent", "nocopy", "rshared", "rslave"];
        if let Some(other) = mode.split(',').find(|word| !known.contains(word)) {
            return Err(format!("`{text}`: there is no mode `{other}`"));
        }
        let from = match from {
            "" => MountFrom::New,
            folder if folder.starts_with(['/', '.', '~']) => MountFrom::Host(folder.to_owned()),
            name => MountFrom::Named(name.to_owned()),
        };
        Ok(Self { from, path: path.to_owned(), read_only: mode.split(',').any(|word| word == "ro") })
    }
}

/// Ports of one range, at the most: more are a mistake.
const LARGEST_RANGE: u16 = 1000;

impl Port {
    /// Reads `80`, `8080:80`, `127.0.0.1:8080:80`, `9000-9010:9000-9010`, each with `/udp` or `/tcp` behind it.
    ///
    /// # Errors
    /// Why it is no port.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        let wrong = || format!("`{text}` is no port: `80`, `8080:80`, `53/udp`");
        let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let protocol = match protocol.to_ascii_lowercase().as_str() {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "sctp" => Protocol::Sctp,
            _ => return Err(wrong()),
        };
        let (hosts, container) = match ports.rsplit_once(':') {
            Some((host, container)) => (host.rsplit(':').next().filter(|host| !host.is_empty()), container),
            None => (None, ports),
        };
        let range = |text: &str| {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
            (first > 0 && first <= last && last - first < LARGEST_RANGE).then_some((first, last))
        };
        let (first, last) = range(container).ok_or_else(wrong)?;
        let hosts = hosts.map(|hosts| range(hosts).ok_or_else(wrong)).transpose()?;
        if hosts.is_some_and(|(from, to)| to - from != last - first) {
            return Err(wrong());
        }
        let port =
            |container| Self { container, host: hosts.map(|(from, _)| from + (container - first)), protocol };
        Ok((first..=last).map(port).collect())
    }
}
