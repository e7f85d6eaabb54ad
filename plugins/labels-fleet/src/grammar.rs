//! What is between the slashes: keys and values.
//!
//! Source: `pkg/github/webhook.go` of runs-fleet.

use act_host_sdk::prelude::*;

/// Bytes of a GiB.
const GIB: u64 = 1 << 30;

const KEYS: [&str; 8] = ["cpu", "ram", "family", "gen", "arch", "pool", "spot", "disk"];

/// Keys that they had once, and that had no effect.
const REMOVED: [&str; 5] = ["backend", "region", "env", "public", "private"];

/// What a label says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Spec {
    cpus: Option<(u64, u64)>,
    /// Bytes.
    pub(crate) memory: Option<Amount>,
    /// `c8g+m8g`.
    pub(crate) families: Option<String>,
    pub(crate) generation: Option<u64>,
    pub(crate) arch: Option<Arch>,
    pub(crate) pool: Option<String>,
    pub(crate) spot: Option<bool>,
    /// Bytes.
    pub(crate) disk: Option<u64>,
}

/// What is wrong, and the whole spec as it was probably meant.
#[derive(Debug, PartialEq)]
pub(crate) struct Wrong {
    pub(crate) reason: String,
    pub(crate) meant: Option<String>,
}

/// What is wrong with one segment, and the segment as it was probably meant; empty for none at all.
type Fault = (String, Option<String>);

/// Returns what follows the marker in a label; `None` for a label that is not of this grammar.
///
/// `marker`, `marker/…`, and from earlier days `marker=<run>/…`, whose run says nothing.
pub(crate) fn spec<'a>(label: &'a str, marker: &str) -> Option<&'a str> {
    let rest = label.strip_prefix(marker)?;
    match rest.strip_prefix('/') {
        Some(rest) => Some(rest),
        None if rest.is_empty() => Some(""),
        None => rest.starts_with('=').then(|| rest.split_once('/').map_or("", |(_, rest)| rest)),
    }
}

impl Spec {
    /// Reads `cpu=4/ram=8`, in lower case.
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        let mut spec = Self::default();
        let segments: Vec<&str> = text.split('/').filter(|segment| !segment.is_empty()).collect();
        for (index, segment) in segments.iter().enumerate() {
            let twice =
                |(key, _)| segments[..index].iter().any(|before| before.split('=').next() == Some(key));
            let read = if segment.split_once('=').is_some_and(twice) {
                Err((format!("`{segment}` says again what was said before"), Some(String::new())))
            } else {
                spec.read(segment)
            };
            read.map_err(|(reason, meant)| Wrong {
                reason,
                meant: meant.map(|meant| with(&segments, index, &meant)),
            })?;
        }
        Ok(spec)
    }

    /// Returns the processors: 2 to 4 where nothing is said.
    pub(crate) fn cpu_millis(&self) -> Amount {
        let (least, most) = self.cpus.unwrap_or((2, 4));
        Amount::between(least * 1000, most * 1000)
    }

    fn read(&mut self, segment: &str) -> Result<(), Fault> {
        let Some((key, value)) = segment.split_once('=') else {
            return Err((format!("`{segment}` has no value: `key=value`"), None));
        };
        match key {
            "cpu" => self.cpus = cpus(value)?,
            "ram" => self.memory = memory(value)?,
            "family" => self.families = Some(families(value)?),
            "gen" => self.generation = Some(number("gen", value, 1, 10)?),
            "arch" => self.arch = Some(arch(value)?),
            "pool" => self.pool = Some(pool(value)?),
            "spot" => self.spot = Some(spot(value)?),
            "disk" => self.disk = Some(number("disk", value, 1, 16_384)? * GIB),
            key if REMOVED.contains(&key) => {
                return Err((format!("`{key}` is no longer a key, and had no effect"), Some(String::new())));
            }
            key => {
                let meant = nearest(key, KEYS).map(|key| format!("{key}={value}"));
                return Err((format!("there is no key `{key}`; there are {}", KEYS.join(", ")), meant));
            }
        }
        Ok(())
    }
}

/// Puts the spec together again, with one segment as it was meant.
fn with(segments: &[&str], index: usize, meant: &str) -> String {
    let other = segments.iter().enumerate().map(|(at, segment)| if at == index { meant } else { *segment });
    other.filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/")
}

/// Reads `N`, which is up to twice as many, or `min+max`; nothing and 0 leave it open.
fn cpus(value: &str) -> Result<Option<(u64, u64)>, Fault> {
    let fault = || (format!("`cpu={value}` is no number of processors: `cpu=4` or `cpu=4+16`"), None);
    let whole = |text: &str| text.parse().ok().filter(|count| *count <= 4096).ok_or_else(fault);
    if value.is_empty() {
        return Ok(None);
    }
    let (least, most) = match value.split_once('+') {
        Some((least, most)) => (whole(least)?, whole(most)?),
        None => (whole(value)?, 0),
    };
    match (least, most) {
        (0, 0) => Ok(None),
        (least, 0) => Ok(Some((least, 2 * least))),
        (least, most) if least > most => Err(turned("cpu", least, most)),
        range => Ok(Some(range)),
    }
}

/// Reads `N` or `min+max` in GiB, which may have a fraction; nothing and 0 leave it open.
fn memory(value: &str) -> Result<Option<Amount>, Fault> {
    let fault = || (format!("`ram={value}` is no amount in GB: `ram=16`, `ram=7.5` or `ram=16+64`"), None);
    let size = |text: &str| gib(text).ok_or_else(fault);
    if value.is_empty() {
        return Ok(None);
    }
    let Some((least, most)) = value.split_once('+') else {
        return Ok(Some(size(value)?).filter(|least| *least > 0).map(Amount::at_least));
    };
    if size(least)? > size(most)? {
        return Err(turned("ram", least, most));
    }
    Ok(Some(Amount::between(size(least)?, size(most)?)))
}

fn turned(key: &str, least: impl core::fmt::Display, most: impl core::fmt::Display) -> Fault {
    (format!("`{key}={least}+{most}` is the wrong way round"), Some(format!("{key}={most}+{least}")))
}

/// Reads a decimal number of GiB, in bytes.
fn gib(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() > 6 || fraction.len() > 6 {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    Some(whole.parse::<u64>().ok()? * GIB + fraction.parse::<u64>().ok()? * GIB / scale)
}

fn families(value: &str) -> Result<String, Fault> {
    let is_family = |family: &str| {
        !family.is_empty() && family.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if value.split('+').all(is_family) {
        return Ok(value.to_owned());
    }
    let meant = value.split([',', ' ', '+']).filter(|family| is_family(family)).collect::<Vec<_>>().join("+");
    let meant = (!meant.is_empty()).then(|| format!("family={meant}"));
    Err((format!("`family={value}` is no list of families: `family=c8g+m8g`"), meant))
}

fn number(key: &str, value: &str, least: u64, most: u64) -> Result<u64, Fault> {
    let number = value.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| (format!("`{key}={value}`: must be a whole number from {least} to {most}"), None))
}

fn arch(value: &str) -> Result<Arch, Fault> {
    match value {
        "arm64" | "aarch64" => Ok(Arch::Arm64),
        "amd64" | "x64" | "x86_64" => Ok(Arch::X64),
        other => {
            let meant = match other {
                "arm" | "armv8" | "graviton" => Some("arm64"),
                "x86" | "x86-64" | "i386" | "intel" | "amd" => Some("amd64"),
                other => nearest(other, ["arm64", "amd64", "x64", "aarch64", "x86_64"]),
            };
            Err((
                format!("`arch={value}`: must be arm64 or amd64"),
                meant.map(|meant| format!("arch={meant}")),
            ))
        }
    }
}

fn pool(value: &str) -> Result<String, Fault> {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=63).contains(&value.len()) && value.bytes().all(is_fine) && !value.starts_with(['_', '-']) {
        return Ok(value.to_owned());
    }
    Err((
        format!(
            "`pool={value}`: must be 1 to 63 letters, digits, `-` and `_`, beginning with a letter or a digit"
        ),
        None,
    ))
}

fn spot(value: &str) -> Result<bool, Fault> {
    let meant = match value {
        "true" => return Ok(true),
        "false" => return Ok(false),
        "no" | "0" | "off" | "never" => Some("false"),
        "yes" | "1" | "on" | "" => Some("true"),
        other => nearest(other, ["true", "false"]),
    };
    Err((format!("`spot={value}`: must be true or false"), meant.map(|meant| format!("spot={meant}"))))
}
