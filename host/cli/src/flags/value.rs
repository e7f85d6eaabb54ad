//! The small languages inside flags: `NAME=VALUE`, `LABEL=IMAGE`, `KEY:VALUE`.
//!
//! Each is read once, here; a wrong one never gets further. Shown to the user by clap behind "invalid value".

use std::str::FromStr;

/// Where all jobs run, whatever schedulers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Backend {
    /// As processes on this machine.
    Local,
    /// As pods of a cluster.
    Kubernetes,
}

/// A value of a flag that is not written as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidValue {
    /// Nothing before `=`.
    #[error("a name is missing before `=`")]
    NoName,
    /// `--input` needs a value.
    #[error("expected NAME=VALUE")]
    NoValue,
    /// `-P` of another form.
    #[error(
        "expected LABEL=IMAGE, LABEL=k8s:IMAGE[:KEY=VALUE], LABEL=-self-hosted or LABEL= (empty: no mapping)"
    )]
    Platform,
    /// An amount of another form.
    #[error("expected an amount of Kubernetes, as 500m or 2Gi")]
    Quantity,
    /// `--k8s-agent` of another form.
    #[error("expected `config-map`, `image:REFERENCE` or `in-image[:PATH]` with an absolute path")]
    Delivery,
    /// `--matrix` of another form.
    #[error("expected KEY:VALUE")]
    Matrix,
}

/// `NAME` or `NAME=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// As written; never empty.
    pub(crate) name: String,
    /// `None` when there is no `=`.
    pub(crate) value: Option<String>,
}

impl FromStr for Named {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        if name.trim().is_empty() {
            Err(InvalidValue::NoName)
        } else {
            Ok(Self { name: name.trim().to_owned(), value })
        }
    }
}

/// `NAME=VALUE`, both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assigned {
    /// As written; never empty.
    pub(crate) name: String,
    /// May be empty.
    pub(crate) value: String,
}

impl FromStr for Assigned {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let Named { name, value } = text.parse()?;
        Ok(Self { name, value: value.ok_or(InvalidValue::NoValue)? })
    }
}

/// What a label of `runs-on` is mapped to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `-self-hosted`: processes on this machine.
    ThisMachine,
    /// A container image.
    Image(String),
    /// `k8s:`: a pod with this image, on nodes with these labels.
    Pod {
        /// The image.
        image: String,
        /// Keys and values.
        node: Vec<(String, String)>,
    },
    /// Nothing: takes a mapping away.
    Unmapped,
}

impl Target {
    /// Reads `image[:tag][:key=value]…`.
    fn pod(text: &str) -> Option<Self> {
        let mut image = text;
        let mut node = Vec::new();
        while let Some((before, (key, value))) =
            image.rsplit_once(':').and_then(|(before, last)| Some((before, last.split_once('=')?)))
        {
            if key.is_empty() || value.is_empty() {
                return None;
            }
            node.push((key.to_owned(), value.to_owned()));
            image = before;
        }
        node.reverse();
        let is_image = !image.is_empty() && !image.contains(['=', ' ']);
        is_image.then(|| Self::Pod { image: image.to_owned(), node })
    }
}

/// An amount of a resource, as Kubernetes writes it: `500m`, `2Gi`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quantity(pub(crate) String);

/// What stands behind the number of an amount. Source: Kubernetes' API, `resource.Quantity`.
const SUFFIXES: [&str; 15] = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi"];

impl FromStr for Quantity {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let is_number = number.parse::<f64>().is_ok_and(|number| number > 0.0);
        if is_number && SUFFIXES.contains(&suffix) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidValue::Quantity)
        }
    }
}

/// How the agent gets into pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// As a ConfigMap.
    ConfigMap,
    /// In a volume made of an image.
    Image(String),
    /// The job's image has it, there.
    InImage(String),
}

/// Where an agent lies in an image that has one, unless it is said.
const IN_IMAGE: &str = "/usr/local/bin/act-agent";

impl FromStr for Delivery {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text.split_once(':') {
            None if text == "config-map" => Ok(Self::ConfigMap),
            None if text == "in-image" => Ok(Self::InImage(IN_IMAGE.to_owned())),
            Some(("image", reference)) if !reference.is_empty() => Ok(Self::Image(reference.to_owned())),
            Some(("in-image", path)) if path.starts_with('/') => Ok(Self::InImage(path.to_owned())),
            _ => Err(InvalidValue::Delivery),
        }
    }
}

/// `LABEL=TARGET` of `-P`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Platform {
    /// In lower case: labels are compared without case.
    pub(crate) label: String,
    /// Where jobs with it go.
    pub(crate) target: Target,
}

impl Platform {
    /// Whether it names pods.
    pub(crate) const fn is_pod(&self) -> bool {
        matches!(self.target, Target::Pod { .. })
    }
}

impl FromStr for Platform {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (label, target) = text.split_once('=').ok_or(InvalidValue::Platform)?;
        let target = match target.trim() {
            "" => Target::Unmapped,
            "-self-hosted" => Target::ThisMachine,
            pod if pod.starts_with("k8s:") => {
                Target::pod(&pod["k8s:".len()..]).ok_or(InvalidValue::Platform)?
            }
            image => Target::Image(image.to_owned()),
        };
        let label = label.trim().to_lowercase();
        if label.is_empty() { Err(InvalidValue::Platform) } else { Ok(Self { label, target }) }
    }
}

/// `KEY:VALUE` of `--matrix`: legs without this value are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    /// Key of the matrix.
    pub(crate) key: String,
    /// Its value as text.
    pub(crate) value: String,
}

impl FromStr for Leg {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (key, value) = text.split_once(':').ok_or(InvalidValue::Matrix)?;
        let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
        if key.is_empty() { Err(InvalidValue::Matrix) } else { Ok(Self { key, value }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_what_separates_it_from_its_name() {
        let named: Named = "A=b=c".parse().unwrap();
        assert_eq!(named, Named { name: "A".into(), value: Some("b=c".into()) });
        assert_eq!("A".parse::<Named>().unwrap().value, None);
        assert_eq!("A=".parse::<Named>().unwrap().value.as_deref(), Some(""));
        assert_eq!("=b".parse::<Named>(), Err(InvalidValue::NoName));
        assert_eq!("A".parse::<Assigned>(), Err(InvalidValue::NoValue));
        let leg: Leg = "url:http://x".parse().unwrap();
        assert_eq!((leg.key.as_str(), leg.value.as_str()), ("url", "http://x"));
    }

    #[test]
    fn a_platform_is_an_image_this_machine_or_nothing() {
        for (text, label, target) in [
            ("Ubuntu-Latest=node:20", "ubuntu-latest", Target::Image("node:20".into())),
            ("linux=-self-hosted", "linux", Target::ThisMachine),
            ("linux=", "linux", Target::Unmapped),
            ("a=k8s:ubuntu:22.04", "a", Target::Pod { image: "ubuntu:22.04".into(), node: vec![] }),
            (
                "a=k8s:r.local:5000/i:1:node-pool=compute:kubernetes.io/arch=arm64",
                "a",
                Target::Pod {
                    image: "r.local:5000/i:1".into(),
                    node: vec![
                        ("node-pool".into(), "compute".into()),
                        ("kubernetes.io/arch".into(), "arm64".into()),
                    ],
                },
            ),
        ] {
            assert_eq!(text.parse::<Platform>().unwrap(), Platform { label: label.into(), target });
        }
        assert_eq!("ubuntu-latest".parse::<Platform>(), Err(InvalidValue::Platform));
        for wrong in ["=x", "a=k8s:", "a=k8s:i:=b", "a=k8s:i:b=", "a=k8s:b=c"] {
            assert_eq!(wrong.parse::<Platform>(), Err(InvalidValue::Platform), "{wrong}");
        }
    }

    #[test]
    fn amounts_are_those_of_kubernetes() {
        for text in ["250m", "1", "0.5", "512Mi", "2Gi", "1k"] {
            assert_eq!(text.parse(), Ok(Quantity(text.into())));
        }
        for text in ["", "m", "0", "1GB", "-1", "1 Gi", "1.2.3"] {
            assert_eq!(text.parse::<Quantity>(), Err(InvalidValue::Quantity), "{text}");
        }
    }

    #[test]
    fn an_agent_is_delivered_in_one_of_three_ways() {
        for (text, delivery) in [
            ("config-map", Delivery::ConfigMap),
            ("image:r.local:5000/agent:1", Delivery::Image("r.local:5000/agent:1".into())),
            ("in-image", Delivery::InImage(IN_IMAGE.into())),
            ("in-image:/opt/a", Delivery::InImage("/opt/a".into())),
        ] {
            assert_eq!(text.parse(), Ok(delivery));
        }
        for text in ["", "image", "image:", "in-image:bin/a", "configmap"] {
            assert_eq!(text.parse::<Delivery>(), Err(InvalidValue::Delivery), "{text}");
        }
    }
}
