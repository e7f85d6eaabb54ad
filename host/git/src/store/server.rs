//! The server that repositories are fetched from.

use act_core::control::RemoteUses;
use sha2::{Digest, Sha256};

use crate::tree::hex;

/// A server URL: https, http, or a folder of repositories as `file:///…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    url: String,
}

/// A text that is no server URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{url}` is no server URL: expected https://host, without user, password and query")]
pub struct MalformedServer {
    /// As given, without credentials.
    pub url: String,
}

impl Server {
    /// Reads a URL such as `https://github.com`.
    ///
    /// # Errors
    /// [`MalformedServer`] for another scheme, or credentials in the URL: they belong to the token.
    pub fn parse(url: &str) -> Result<Self, MalformedServer> {
        let malformed = || MalformedServer { url: crate::remote::without_credentials(url) };
        let (scheme, rest) = url.split_once("://").ok_or_else(malformed)?;
        let scheme = scheme.to_ascii_lowercase();
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let is_place = match scheme.as_str() {
            "https" | "http" => !host.is_empty(),
            "file" => host.is_empty() && path.len() > 1,
            _ => false,
        };
        let is_plain =
            !rest.contains(['?', '#', '@']) && !rest.contains(|c: char| c.is_control() || c == ' ');
        if !is_place || !is_plain && scheme != "file" {
            return Err(malformed());
        }
        Ok(Self { url: format!("{scheme}://{}{}", host.to_ascii_lowercase(), path.trim_end_matches('/')) })
    }

    /// Returns the URL, without a `/` at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn repository(&self, uses: &RemoteUses) -> String {
        format!("{}/{}/{}", self.url, uses.owner, uses.repository)
    }

    /// Names the server's folder in the store: its host, or what cannot be taken for one.
    pub(super) fn folder_name(&self) -> String {
        match self.url.strip_prefix("https://") {
            Some(host) if host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) => {
                host.to_owned()
            }
            _ => format!("_{}", &hex(&Sha256::digest(&self.url))[..16]),
        }
    }

    /// Says whether a token may travel there: encrypted, or within this machine.
    pub(super) fn is_confidential(&self) -> bool {
        let Some((scheme, rest)) = self.url.split_once("://") else { return false };
        let authority = rest.split('/').next().unwrap_or_default();
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        scheme == "https" || (scheme == "http" && matches!(host, "127.0.0.1" | "[::1]" | "localhost"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_urls_are_https_http_or_a_folder() {
        for (url, expected) in [
            ("https://github.com", Some("https://github.com")),
            ("https://GitHub.com/", Some("https://github.com")),
            ("HTTPS://ghe.corp:8443/scm/", Some("https://ghe.corp:8443/scm")),
            ("http://127.0.0.1:3000", Some("http://127.0.0.1:3000")),
            ("file:///srv/git/", Some("file:///srv/git")),
            ("file:///srv/a b@c", Some("file:///srv/a b@c")),
            ("https://u:p@github.com", None),
            ("https://github.com?x", None),
            ("https://", None),
            ("file://host/x", None),
            ("ssh://git@github.com", None),
            ("ext::sh -c id", None),
            ("github.com", None),
        ] {
            assert_eq!(Server::parse(url).ok().as_ref().map(Server::url), expected, "{url}");
        }
        let error = Server::parse("https://u:secret@github.com").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_token_goes_only_where_nobody_listens_in() {
        for (url, confidential) in [
            ("https://github.com", true),
            ("http://127.0.0.1:80/x", true),
            ("http://localhost", true),
            ("http://ghe.corp", false),
            ("http://127.0.0.1.evil", false),
            ("file:///srv", false),
        ] {
            assert_eq!(Server::parse(url).unwrap().is_confidential(), confidential, "{url}");
        }
    }

    #[test]
    fn servers_do_not_share_folders() {
        let names = [
            "https://github.com",
            "http://github.com",
            "https://github.com:444",
            "https://github.com/x",
            "file:///x",
        ]
        .map(|url| Server::parse(url).unwrap().folder_name());
        assert_eq!(names[0], "github.com");
        assert!(names[1..].iter().all(|name| name.starts_with('_') && name.len() == 17), "{names:?}");
        assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), names.len());
    }
}
