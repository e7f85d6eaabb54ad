//! Where a request over HTTP may go: scheme, host and port, and with which method.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use serde::{Deserialize, Deserializer};

/// Scheme, host and port of a URL. No wildcards: whoever grants one names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Whether `https`; else `http`.
    pub secure: bool,
    /// In lower case; an IPv6 address without brackets.
    pub host: String,
    /// As written, or the scheme's own.
    pub port: u16,
}

/// A method of HTTP, in upper case: `GET`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method(String);

/// A text that is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigin {
    /// Not `scheme://host[:port]` at all.
    #[error("`{0}` is not `scheme://host[:port]` with the scheme http or https")]
    Form(String),
    /// It says more than where: only the origin is granted.
    #[error("`{0}` names more than scheme, host and port: only those are granted")]
    More(String),
}

/// A text that is no method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a method of HTTP in upper case, like `GET`")]
pub struct InvalidMethod(String);

impl Origin {
    /// Returns the origin of a URL; `None` for another scheme, for no host and for a URL with a user in it.
    #[must_use]
    pub fn of(url: &Uri) -> Option<Self> {
        let secure = match url.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = url.authority()?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        // A user before the host, or a port that is none, is a URL that two readers read differently.
        let rest = authority.as_str().strip_prefix(authority.host())?;
        let port = match rest.strip_prefix(':') {
            Some(port) => port.parse().ok()?,
            None if rest.is_empty() => default_port(secure),
            None => return None,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
        (!host.is_empty() && host.chars().all(plain)).then_some(Self { secure, host, port })
    }
}

const fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let url: Uri = text.parse().map_err(|_| InvalidOrigin::Form(text.to_owned()))?;
        let origin = Self::of(&url).ok_or_else(|| InvalidOrigin::Form(text.to_owned()))?;
        if url.path_and_query().is_some_and(|rest| rest.as_str() != "/") {
            return Err(InvalidOrigin::More(text.to_owned()));
        }
        Ok(origin)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "https://" } else { "http://" })?;
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if self.port == default_port(self.secure) { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl Method {
    /// Returns `GET`: what is meant where no method is named.
    #[must_use]
    pub fn get() -> Self {
        Self("GET".to_owned())
    }

    /// Returns the word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Method {
    type Err = InvalidMethod;

    fn from_str(text: &str) -> Result<Self, InvalidMethod> {
        // CONNECT and TRACE ask something of what lies between, never of the host that is granted.
        let word = !text.is_empty() && text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        let fine = word && !["CONNECT", "TRACE"].contains(&text);
        if fine { Ok(Self(text.to_owned())) } else { Err(InvalidMethod(text.to_owned())) }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! deserialize_from_text {
    ($($name:ty),*) => { $(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )* };
}
deserialize_from_text!(Origin, Method);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_without_the_port_that_goes_without_saying() {
        for (text, shown) in [
            ("https://API.example.com", "https://api.example.com"),
            ("https://api.example.com:443/", "https://api.example.com"),
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://[::1]:80", "http://[::1]"),
            ("http://127.0.0.1", "http://127.0.0.1"),
        ] {
            assert_eq!(text.parse::<Origin>().map(|origin| origin.to_string()), Ok(shown.to_owned()));
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "example.com",
            "ftp://example.com",
            "https://",
            "https://*.example.com",
            "https://user@example.com",
            "https://a@b@example.com",
            "https://example.com:99999",
            "https://example.com:",
            "https://exa%6dple.com",
            "https://example.com/path",
            "https://example.com?query",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn methods_are_words_in_upper_case_that_the_host_itself_answers() {
        assert!("PATCH".parse::<Method>().is_ok());
        for text in ["", "get", "GET ", "CONNECT", "TRACE"] {
            assert!(text.parse::<Method>().is_err(), "{text}");
        }
    }
}
