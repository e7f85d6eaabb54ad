//! `container.options`: the options of `docker create`, in one text.
//!
//! What a container can have anywhere is typed. The rest is kept by name: a backend that cannot do it refuses it by
//! name, and never leaves it out silently.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::text::SealedText;
use super::words::split;
use super::{Mount, MountFrom, Port};

/// How a container says that it is well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    /// `--health-cmd`: for the container's shell; `None` leaves it to the image.
    pub command: Option<String>,
    /// `--health-interval`.
    pub interval: Option<Duration>,
    /// `--health-timeout`.
    pub timeout: Option<Duration>,
    /// `--health-retries`.
    pub retries: Option<u32>,
    /// `--health-start-period`.
    pub start_period: Option<Duration>,
    /// `--health-start-interval`.
    pub start_interval: Option<Duration>,
}

/// An option that is kept by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmet {
    /// With its dashes.
    pub name: String,
    /// What was given to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// Options of `docker create`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateOptions {
    /// `--health-…`.
    pub health: Health,
    /// `--no-healthcheck`.
    pub no_health: bool,
    /// `--cpus`, in thousandths.
    pub cpu_millis: Option<u64>,
    /// `--memory`, in bytes.
    pub memory: Option<u64>,
    /// `--memory-reservation`, in bytes.
    pub memory_reservation: Option<u64>,
    /// `--shm-size`, in bytes.
    pub shared_memory: Option<u64>,
    /// `--gpus`; `all` is `u32::MAX`.
    pub gpus: Option<u32>,
    /// `--user`: `name`, `1001`, `1001:121`.
    pub user: Option<String>,
    /// `--group-add`.
    pub groups: Vec<String>,
    /// `--workdir`.
    pub workdir: Option<String>,
    /// `--hostname`.
    pub hostname: Option<String>,
    /// `--entrypoint`.
    pub entrypoint: Option<String>,
    /// `--env NAME=VALUE`.
    pub env: Vec<(String, SealedText)>,
    /// `--label`.
    pub labels: Vec<(String, String)>,
    /// `--volume`, `--tmpfs`.
    pub mounts: Vec<Mount>,
    /// `--publish`, `--expose`.
    pub ports: Vec<Port>,
    /// `--network-alias`.
    pub aliases: Vec<String>,
    /// `--add-host name:address`, as name and address.
    pub hosts: Vec<(String, String)>,
    /// `--dns`.
    pub dns: Vec<String>,
    /// `--dns-search`.
    pub dns_search: Vec<String>,
    /// `--cap-add`, without `CAP_`, in upper case.
    pub add_capabilities: Vec<String>,
    /// `--cap-drop`, likewise.
    pub drop_capabilities: Vec<String>,
    /// `--privileged`.
    pub privileged: bool,
    /// `--read-only`.
    pub read_only: bool,
    /// `--security-opt no-new-privileges`.
    pub no_new_privileges: bool,
    /// `--platform`: `linux/arm64`.
    pub platform: Option<String>,
    /// `--pull`: `always`, `missing`, `never`.
    pub pull: Option<String>,
    /// All others, in order.
    pub others: Vec<Unmet>,
}

/// Options without a value.
const SWITCHES: &[&str] = &[
    "disable-content-trust",
    "init",
    "interactive",
    "no-healthcheck",
    "oom-kill-disable",
    "privileged",
    "publish-all",
    "quiet",
    "read-only",
    "rm",
    "tty",
    "use-api-socket",
];

/// Options with a value. Source: `docker create --help` of Docker 29.
const VALUED: &[&str] = &[
    "add-host",
    "annotation",
    "attach",
    "blkio-weight",
    "blkio-weight-device",
    "cap-add",
    "cap-drop",
    "cgroup-parent",
    "cgroupns",
    "cidfile",
    "cpu-period",
    "cpu-quota",
    "cpu-rt-period",
    "cpu-rt-runtime",
    "cpu-shares",
    "cpus",
    "cpuset-cpus",
    "cpuset-mems",
    "device",
    "device-cgroup-rule",
    "device-read-bps",
    "device-read-iops",
    "device-write-bps",
    "device-write-iops",
    "dns",
    "dns-option",
    "dns-search",
    "domainname",
    "entrypoint",
    "env",
    "env-file",
    "expose",
    "gpus",
    "group-add",
    "health-cmd",
    "health-interval",
    "health-retries",
    "health-start-interval",
    "health-start-period",
    "health-timeout",
    "hostname",
    "ip",
    "ip6",
    "ipc",
    "isolation",
    "label",
    "label-file",
    "link",
    "link-local-ip",
    "log-driver",
    "log-opt",
    "mac-address",
    "memory",
    "memory-reservation",
    "memory-swap",
    "memory-swappiness",
    "mount",
    "name",
    "network",
    "network-alias",
    "oom-score-adj",
    "pid",
    "pids-limit",
    "platform",
    "publish",
    "pull",
    "restart",
    "runtime",
    "security-opt",
    "shm-size",
    "stop-signal",
    "stop-timeout",
    "storage-opt",
    "sysctl",
    "tmpfs",
    "ulimit",
    "user",
    "userns",
    "uts",
    "volume",
    "volume-driver",
    "volumes-from",
    "workdir",
];

/// Short names, and other long ones.
const ALIASES: &[(&str, &str)] = &[
    ("-a", "attach"),
    ("-c", "cpu-shares"),
    ("-e", "env"),
    ("-h", "hostname"),
    ("-i", "interactive"),
    ("-l", "label"),
    ("-m", "memory"),
    ("-p", "publish"),
    ("-P", "publish-all"),
    ("-q", "quiet"),
    ("-t", "tty"),
    ("-u", "user"),
    ("-v", "volume"),
    ("-w", "workdir"),
    ("--net", "network"),
    ("--net-alias", "network-alias"),
    ("--dns-opt", "dns-option"),
];

/// What makes no difference to a container that an agent looks after.
const WITHOUT_EFFECT: &[&str] =
    &["init", "interactive", "tty", "rm", "quiet", "disable-content-trust", "attach"];

impl CreateOptions {
    /// Reads them.
    ///
    /// # Errors
    /// The first word that is no option of `docker create`, or a value that means nothing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = split(text)?.into_iter();
        while let Some(word) = words.next() {
            for (name, value) in names(&word)? {
                let value = match (value, SWITCHES.contains(&name)) {
                    (Some(value), _) => Some(value),
                    (None, true) => None,
                    (None, false) => Some(words.next().ok_or_else(|| format!("`{word}` wants a value"))?),
                };
                options.take(name, value.as_deref())?;
            }
        }
        Ok(options)
    }

    fn take(&mut self, name: &'static str, value: Option<&str>) -> Result<(), String> {
        if SWITCHES.contains(&name) {
            return self.switch(name, value);
        }
        let value = value.unwrap_or_default();
        let said = |reason: String| format!("`--{name} {value}`: {reason}");
        let owned = || Some(value.to_owned());
        match name {
            "health-cmd" => self.health.command = owned(),
            "health-interval" => self.health.interval = Some(duration(value).map_err(said)?),
            "health-timeout" => self.health.timeout = Some(duration(value).map_err(said)?),
            "health-start-period" => self.health.start_period = Some(duration(value).map_err(said)?),
            "health-start-interval" => self.health.start_interval = Some(duration(value).map_err(said)?),
            "health-retries" => {
                self.health.retries = Some(value.parse().map_err(|_| said("no number".to_owned()))?);
            }
            "cpus" => self.cpu_millis = Some(thousandths(value).map_err(said)?),
            "memory" => self.memory = Some(bytes(value).map_err(said)?),
            "memory-reservation" => self.memory_reservation = Some(bytes(value).map_err(said)?),
            "shm-size" => self.shared_memory = Some(bytes(value).map_err(said)?),
            "gpus" => self.gpus = Some(gpus(value).map_err(said)?),
            "user" => self.user = owned(),
            "group-add" => self.groups.push(value.to_owned()),
            "workdir" => self.workdir = owned(),
            "hostname" => self.hostname = owned(),
            "entrypoint" => self.entrypoint = owned(),
            "platform" => self.platform = owned(),
            "pull" => self.pull = owned(),
            "env" => {
                let (key, text) = value.split_once('=').unwrap_or((value, ""));
                self.env.push((key.to_owned(), SealedText::of(text)));
            }
            "label" => {
                let (key, text) = value.split_once('=').unwrap_or((value, ""));
                self.labels.push((key.to_owned(), text.to_owned()));
            }
            "volume" => self.mounts.push(Mount::parse(value).map_err(said)?),
            "tmpfs" => {
                let path = value.split(':').next().unwrap_or_default();
                let mount = Mount::parse(path).map_err(said)?;
                self.mounts.push(Mount { from: MountFrom::Memory, ..mount });
            }
            "publish" | "expose" => self.ports.extend(Port::parse(value).map_err(said)?),
            "network-alias" => self.aliases.push(value.to_owned()),
            "add-host" => {
                let pair =
                    value.split_once([':', '=']).ok_or_else(|| said("must be `name:address`".to_owned()))?;
                self.hosts.push((pair.0.to_owned(), pair.1.to_owned()));
            }
            "dns" => self.dns.push(value.to_owned()),
            "dns-search" => self.dns_search.push(value.to_owned()),
            "cap-add" => self.add_capabilities.push(capability(value)),
            "cap-drop" => self.drop_capabilities.push(capability(value)),
            "security-opt" if matches!(value, "no-new-privileges" | "no-new-privileges:true") => {
                self.no_new_privileges = true;
            }
            name if WITHOUT_EFFECT.contains(&name) => {}
            name => self.others.push(Unmet { name: format!("--{name}"), value: owned() }),
        }
        Ok(())
    }

    fn switch(&mut self, name: &'static str, value: Option<&str>) -> Result<(), String> {
        let on = match value {
            None | Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(other) => return Err(format!("`--{name}={other}`: must be true or false")),
        };
        match name {
            "privileged" => self.privileged = on,
            "read-only" => self.read_only = on,
            "no-healthcheck" => self.no_health = on,
            name if on && !WITHOUT_EFFECT.contains(&name) => {
                self.others.push(Unmet { name: format!("--{name}"), value: None });
            }
            _ => {}
        }
        Ok(())
    }
}

/// Finds the options of one word, each with the value in it: `--memory=2g`, `-m2g`, `-it`.
fn names(word: &str) -> Result<Vec<(&'static str, Option<String>)>, String> {
    let unknown = || format!("`{word}` is no option of `docker create`");
    let long = |name: &str| SWITCHES.iter().chain(VALUED).find(|known| **known == name).copied();
    let alias = |name: &str| ALIASES.iter().find(|(known, _)| *known == name).map(|(_, name)| *name);
    if let Some(rest) = word.strip_prefix("--") {
        let (name, value) = rest.split_once('=').map_or((rest, None), |(name, value)| (name, Some(value)));
        let name = long(name).or_else(|| alias(&format!("--{name}"))).ok_or_else(unknown)?;
        return Ok(vec![(name, value.map(str::to_owned))]);
    }
    let mut letters = word.strip_prefix('-').filter(|letters| !letters.is_empty()).ok_or_else(unknown)?;
    let mut found = Vec::new();
    while let Some(letter) = letters.chars().next() {
        letters = &letters[letter.len_utf8()..];
        let name = alias(&format!("-{letter}")).ok_or_else(unknown)?;
        let is_switch = SWITCHES.contains(&name);
        let value = (!is_switch && !letters.is_empty()).then(|| letters.trim_start_matches('=').to_owned());
        found.push((name, value));
        if !is_switch {
            break;
        }
    }
    Ok(found)
}

fn capability(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    name.strip_prefix("CAP_").map(str::to_owned).unwrap_or(name)
}

/// Reads `1.5`, in thousandths.
fn thousandths(text: &str) -> Result<u64, String> {
    let number: f64 = text.parse().map_err(|_| "no number".to_owned())?;
    let is_fine = number.is_finite() && (0.001..=100_000.0).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is from 1 to 100 million"
    )]
    let millis = (number * 1000.0).round() as u64;
    is_fine.then_some(millis).ok_or_else(|| "no number of processors".to_owned())
}

/// Reads `512`, `512k`, `512m`, `2g`, `2gb`, `2GiB`, in bytes; a fraction is allowed.
fn bytes(text: &str) -> Result<u64, String> {
    let lower = text.to_ascii_lowercase();
    let end = lower.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(lower.len());
    let (number, unit) = lower.split_at(end);
    let power = match unit.trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err("no size: `512m`, `2g`".to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| "no size: `512m`, `2g`".to_owned())?;
    let size = number * f64::from(2_u32).powi(power);
    if !(0.0..=9e15).contains(&size) {
        return Err("too large".to_owned());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is less than 2^53")]
    Ok(size as u64)
}

/// Reads Go's form: `1h`, `1m30s`, `1.5s`, `500ms`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "no time: `10s`, `1m30s`, `500ms`".to_owned();
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').ok_or_else(wrong)?;
        let number: f64 = rest[..end].parse().map_err(|_| wrong())?;
        rest = &rest[end..];
        let end = rest.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(rest.len());
        let seconds = match &rest[..end] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return Err(wrong()),
        };
        total += number * seconds;
        rest = &rest[end..];
    }
    let is_there = !text.is_empty();
    is_there.then(|| Duration::try_from_secs_f64(total).ok()).flatten().ok_or_else(wrong)
}

/// Reads `all`, `2`, `device=…`.
fn gpus(text: &str) -> Result<u32, String> {
    match text {
        "all" => Ok(u32::MAX),
        text => text
            .strip_prefix("count=")
            .unwrap_or(text)
            .parse()
            .map_err(|_| "only `all` and a number can be asked for".to_owned()),
    }
}
