//! The small languages inside flags: `NAME=VALUE`, `LABEL=IMAGE`, `KEY:VALUE`.
//!
//! Each is read once, here; a wrong one never gets further. Shown to the user by clap behind "invalid value".

use std::str::FromStr;

/// Where jobs run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Backend {
    /// As processes on this machine.
    #[default]
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
    #[error("expected LABEL=IMAGE, LABEL=-self-hosted or LABEL= (empty: no mapping)")]
    Platform,
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
    /// Nothing: takes a mapping away.
    Unmapped,
}

/// `LABEL=TARGET` of `-P`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Platform {
    /// In lower case: labels are compared without case.
    pub(crate) label: String,
    /// Where jobs with it go.
    pub(crate) target: Target,
}

impl FromStr for Platform {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (label, target) = text.split_once('=').ok_or(InvalidValue::Platform)?;
        let target = match target.trim() {
            "" => Target::Unmapped,
            "-self-hosted" => Target::ThisMachine,
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
        ] {
            assert_eq!(text.parse::<Platform>().unwrap(), Platform { label: label.into(), target });
        }
        assert_eq!("ubuntu-latest".parse::<Platform>(), Err(InvalidValue::Platform));
        assert_eq!("=x".parse::<Platform>(), Err(InvalidValue::Platform));
    }
}
