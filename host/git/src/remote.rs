//! Reads remote URLs of every spelling that git takes. Pure: nothing is asked, nothing is resolved.

/// Where a repository lives, as `github.server_url` and `github.repository` say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Scheme, host, port and whatever comes before the owner, without a `/` at the end: `https://github.com`.
    /// A remote reached by ssh or the git protocol gets `https`, which is where GitHub's web pages are.
    pub server: String,
    /// `owner/name`, without `.git`.
    pub repository: String,
}

/// Returns the place that a remote URL names: https, http, ssh, git, file, `user@host:path`, or a path.
///
/// Returns `None` where there is no owner and name in it. An alias of the user's ssh configuration is
/// taken for a host.
#[must_use]
pub fn place_of(url: &str) -> Option<Place> {
    let url = url.trim();
    if let Some((scheme, rest)) = url.split_once("://") {
        return match scheme.to_ascii_lowercase().as_str() {
            "file" => of_path(rest),
            "https" => of_host("https", rest, true),
            "http" => of_host("http", rest, true),
            // The port is that of ssh or git, not of the web.
            "ssh" | "git" | "git+ssh" | "ssh+git" => of_host("https", rest, false),
            _ => None,
        };
    }
    match scp_like(url) {
        Some((host, path)) => named(&format!("https://{}", web_host(host)), path),
        None => of_path(url),
    }
}

/// Splits `[user@]host:path`. A `/` before the colon, or a drive letter, makes it a path.
fn scp_like(url: &str) -> Option<(&str, &str)> {
    let (before, path) = url.split_once(':')?;
    let host = before.rsplit_once('@').map_or(before, |(_, host)| host);
    (host.len() > 1 && !before.contains(['/', '\\'])).then_some((host, path))
}

fn of_host(scheme: &str, rest: &str, keep_port: bool) -> Option<Place> {
    let (authority, path) = rest.split_once('/')?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = if keep_port { host.to_ascii_lowercase() } else { web_host(without_port(host)) };
    if host.is_empty() {
        return None;
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    named(&format!("{scheme}://{host}"), path)
}

/// GitHub's ssh for networks that let only port 443 through has a host of its own.
fn web_host(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    if host == "ssh.github.com" { "github.com".to_owned() } else { host }
}

/// Cuts `:22`, but not the inside of `[::1]`.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn of_path(path: &str) -> Option<Place> {
    let path = path.replace('\\', "/");
    let place = named("file://", &path)?;
    (path.starts_with('/') || path.get(1..2) == Some(":")).then_some(place)
}

/// Takes owner and name from the end of a path; what is before them belongs to the server.
fn named(server: &str, path: &str) -> Option<Place> {
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix("/.git").unwrap_or(path);
    let path = path.strip_suffix(".git").unwrap_or(path);
    let (before, name) = path.rsplit_once('/')?;
    let (prefix, owner) = before.rsplit_once('/').unwrap_or(("", before));
    if name.is_empty() || owner.is_empty() {
        return None;
    }
    let prefix = prefix.trim_matches('/');
    let slash = if prefix.is_empty() { "" } else { "/" };
    Some(Place { server: format!("{server}{slash}{prefix}"), repository: format!("{owner}/{name}") })
}

/// Returns the URL without what would log somebody in: user and password of http(s), the password of others.
#[must_use]
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Some((user, host)) = authority.rsplit_once('@') else { return url.to_owned() };
    let user = user.split(':').next().unwrap_or_default();
    if scheme.to_ascii_lowercase().starts_with("http") || user.is_empty() {
        return format!("{scheme}://{host}{path}");
    }
    format!("{scheme}://{user}@{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_names_its_place() {
        let github = "https://github.com";
        for (url, server, repository) in [
            ("https://github.com/octo/app", github, "octo/app"),
            ("https://github.com/octo/app.git", github, "octo/app"),
            ("https://github.com/octo/app.git/", github, "octo/app"),
            ("https://GitHub.com/Octo/App", github, "Octo/App"),
            ("https://user:secret@github.com/octo/app", github, "octo/app"),
            ("https://token@github.com/octo/app.js.git", github, "octo/app.js"),
            ("http://localhost:3000/octo/app.git", "http://localhost:3000", "octo/app"),
            ("https://git.corp/scm/octo/app.git", "https://git.corp/scm", "octo/app"),
            ("git@github.com:octo/app.git", github, "octo/app"),
            ("github.com:octo/app", github, "octo/app"),
            ("org-12@github.com:octo/app.git", github, "octo/app"),
            ("git@ghe.corp:/octo/app.git", "https://ghe.corp", "octo/app"),
            ("ssh://git@github.com/octo/app.git", github, "octo/app"),
            ("ssh://git@ghe.corp:2222/octo/app.git", "https://ghe.corp", "octo/app"),
            ("ssh://git@ssh.github.com:443/octo/app.git", github, "octo/app"),
            ("ssh://git@[::1]:22/octo/app", "https://[::1]", "octo/app"),
            ("git://github.com/octo/app.git", github, "octo/app"),
            ("file:///srv/git/octo/app.git", "file:///srv/git", "octo/app"),
            ("file:///octo/app/.git", "file://", "octo/app"),
            ("/srv/octo/app.git", "file:///srv", "octo/app"),
            ("C:\\code\\octo\\app", "file:///C:/code", "octo/app"),
        ] {
            let place = Place { server: server.to_owned(), repository: repository.to_owned() };
            assert_eq!(place_of(url), Some(place), "{url}");
        }
    }

    #[test]
    fn what_names_no_owner_names_no_place() {
        for url in [
            "",
            "app",
            "../app.git",
            "https://github.com",
            "https://github.com/app",
            "git@host:app",
            "x://a/b/c",
        ] {
            assert_eq!(place_of(url), None, "{url}");
        }
    }

    #[test]
    fn credentials_are_cut_out_of_urls() {
        for (url, clean) in [
            ("https://u:p@github.com/o/r.git", "https://github.com/o/r.git"),
            ("https://tok@github.com", "https://github.com"),
            ("http://u:p%40x@host:8080/o/r", "http://host:8080/o/r"),
            ("ssh://git:p@host/o/r", "ssh://git@host/o/r"),
            ("ssh://git@host/o/r", "ssh://git@host/o/r"),
            ("git@github.com:o/r.git", "git@github.com:o/r.git"),
            ("https://github.com/o/r@v1", "https://github.com/o/r@v1"),
        ] {
            assert_eq!(without_credentials(url), clean, "{url}");
        }
    }
}
