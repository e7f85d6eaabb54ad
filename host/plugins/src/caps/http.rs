//! The capability `http`: what is requested, granted, and not more; credentials are the host's to add.

use std::sync::Arc;
use std::time::Duration;

use act_bindings::host::http::{Host, Request, Response};
use act_bindings::types::common::{Error, ErrorKind};
use act_core::control::Secret;
use hyper::Uri;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use super::http_client::{self, Exchange};
use super::{error, refused};
use crate::grants::HttpGrant;
use crate::manifest::HttpRequest;
use crate::origin::{Method, Origin};
use crate::spec::Credentials;
use crate::state::Call;

/// The most headers of a request.
const MOST_HEADERS: usize = 64;

/// Headers that are the host's: they say who asks, where to, and how the connection works.
const OWN: &[&str] = &[
    "authorization",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Where one plugin may send requests: what it requests and its operator grants.
pub(crate) struct HttpRules {
    pub(crate) requested: Vec<HttpRequest>,
    pub(crate) granted: Vec<HttpGrant>,
    pub(crate) secrets: Arc<dyn Credentials>,
}

/// The requests of one call.
pub(crate) struct HttpCall {
    rules: Arc<HttpRules>,
    left: u32,
    longest: Duration,
}

impl HttpRules {
    /// Returns the grant that a request is sent under.
    fn grant(&self, origin: &Origin, method: &Method) -> Result<&HttpGrant, Error> {
        let requested =
            self.requested.iter().any(|one| one.hosts.contains(origin) && one.methods.contains(method));
        let granted =
            self.granted.iter().find(|one| one.hosts.contains(origin) && one.methods.contains(method));
        match granted {
            Some(grant) if requested => Ok(grant),
            Some(_) => Err(denied(format!("`{method} {origin}` is not requested in the plugin's manifest"))),
            None => Err(denied(format!("`{method} {origin}` is not granted"))),
        }
    }
}

impl HttpCall {
    /// Begins a call that may send so many requests, none of them longer than it may itself take.
    pub(crate) const fn new(rules: Arc<HttpRules>, requests: u32, longest: Duration) -> Self {
        Self { rules, left: requests, longest }
    }

    /// Turns what the guest asks for into what is sent, or refuses it.
    fn prepare(&mut self, request: Request) -> Result<Exchange, Error> {
        let Some(left) = self.left.checked_sub(1) else {
            return Err(error(ErrorKind::Quota, "http-requests", "too many requests in one call"));
        };
        self.left = left;
        let url: Uri = request.url.parse().map_err(|_| invalid("the URL is not one"))?;
        let origin =
            Origin::of(&url).ok_or_else(|| invalid("the URL needs http or https, a host, and no user"))?;
        let method: Method = request.method.parse().map_err(|_| invalid("this method cannot be sent"))?;
        let grant = self.rules.grant(&origin, &method)?;
        let mut headers = headers(&request.headers)?;
        if let Some(value) = self.credential(grant, request.credential.as_deref())? {
            headers.insert(hyper::header::AUTHORIZATION, value);
        }
        let asked = request.timeout_ms.map(u64::from).map(Duration::from_millis);
        Ok(Exchange {
            method,
            path: url.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            allow_private: grant.allow_private,
            largest: grant.max_response,
            origin,
            headers,
            body: request.body.unwrap_or_default(),
            timeout: asked.unwrap_or(self.longest).min(self.longest),
        })
    }

    /// Returns the `authorization` of a grant. It goes to the grant's hosts whether the guest asks or not; asking
    /// for one that the grant does not have is a mistake.
    fn credential(&self, grant: &HttpGrant, asked: Option<&str>) -> Result<Option<HeaderValue>, Error> {
        let Some(source) = &grant.bearer else {
            return match asked {
                Some(name) => {
                    Err(denied(format!("there is no credential `{name}` in the grant of this host")))
                }
                None => Ok(None),
            };
        };
        if let Some(name) = asked.filter(|name| *name != "bearer") {
            return Err(denied(format!(
                "there is no credential `{name}` in the grant of this host, only `bearer`"
            )));
        }
        // The name of where it comes from is the operator's matter, as its value is.
        let missing =
            || error(ErrorKind::Unavailable, "http-credential", "the operator's credential is not there");
        let secret: Secret = self.rules.secrets.reveal(source).ok_or_else(missing)?;
        let mut value =
            HeaderValue::try_from(format!("Bearer {}", secret.reveal().trim())).map_err(|_| missing())?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, Error> {
    if pairs.len() > MOST_HEADERS {
        return Err(invalid("there are more than 64 headers"));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::try_from(name).map_err(|_| invalid("a header's name is none"))?;
        if OWN.contains(&name.as_str()) {
            return Err(invalid(&format!("the header `{name}` is the host's to send")));
        }
        let value = HeaderValue::try_from(value).map_err(|_| invalid("a header's value cannot be sent"))?;
        headers.append(name, value);
    }
    Ok(headers)
}

fn invalid(message: &str) -> Error {
    error(ErrorKind::Invalid, "http-request", message)
}

fn denied(message: String) -> Error {
    error(ErrorKind::NotGranted, "http", message)
}

impl Host for Call {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, Error>> {
        if self.refusing {
            self.refuse("http");
            return Ok(Err(refused("http")));
        }
        let prepared = match &mut self.http {
            Some(http) => http.prepare(request),
            None => Err(refused("http")),
        };
        self.waited = true;
        Ok(match prepared {
            Ok(exchange) => http_client::exchange(exchange).await,
            Err(error) => Err(error),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::CredentialSource;

    struct Token;

    impl Credentials for Token {
        fn reveal(&self, source: &CredentialSource) -> Option<Secret> {
            (*source == CredentialSource::Env("T".into())).then(|| Secret::new("s3cret\n".into()))
        }
    }

    fn call(grant: &str) -> HttpCall {
        let requested =
            "why = 'x'\nhosts = ['https://a.example', 'https://b.example']\nmethods = ['GET', 'POST']";
        let rules = HttpRules {
            requested: vec![toml::from_str(requested).unwrap()],
            granted: vec![toml::from_str(grant).unwrap()],
            secrets: Arc::new(Token),
        };
        HttpCall::new(Arc::new(rules), 3, Duration::from_secs(1))
    }

    fn request(method: &str, url: &str) -> Request {
        Request {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            credential: None,
            timeout_ms: None,
        }
    }

    fn kind(result: Result<Exchange, Error>) -> (ErrorKind, String) {
        match result {
            Err(error) => (error.kind, error.message),
            Ok(exchange) => panic!("sent to {}", exchange.origin),
        }
    }

    #[test]
    fn only_what_is_requested_and_granted_is_sent() {
        let grant = "hosts = ['https://a.example', 'https://c.example']\nmethods = ['GET']";
        for (method, url) in [
            ("POST", "https://a.example/"),
            ("GET", "http://a.example/"),
            ("GET", "https://a.example:444/"),
            ("GET", "https://b.example/"),
            ("GET", "https://c.example/"),
            ("GET", "https://a.example.evil.example/"),
        ] {
            let (kind, message) = kind(call(grant).prepare(request(method, url)));
            assert_eq!(kind, ErrorKind::NotGranted, "{method} {url}: {message}");
        }
        for url in [
            "https://evil@a.example/",
            "https://a.example@evil.example/",
            "//a.example",
            "file:///etc/passwd",
        ] {
            assert_eq!(kind(call(grant).prepare(request("GET", url))).0, ErrorKind::Invalid, "{url}");
        }
        let sent = call(grant).prepare(request("GET", "https://A.example:443/x?y#z")).unwrap();
        assert_eq!((sent.origin.to_string().as_str(), sent.path.as_str()), ("https://a.example", "/x?y"));
    }

    #[test]
    fn the_host_adds_the_credential_and_the_guest_cannot() {
        let grant = "hosts = ['https://a.example']\nbearer = { env = 'T' }";
        let sent = call(grant).prepare(request("GET", "https://a.example/")).unwrap();
        assert_eq!(sent.headers["authorization"], "Bearer s3cret");
        for name in ["Authorization", "HOST", "transfer-encoding", "proxy-authorization"] {
            let own =
                Request { headers: vec![(name.into(), "x".into())], ..request("GET", "https://a.example/") };
            let (kind, message) = kind(call(grant).prepare(own));
            assert!(kind == ErrorKind::Invalid && message.contains("the host's"), "{name}: {message}");
        }
        let named = |credential: &str| Request {
            credential: Some(credential.into()),
            ..request("GET", "https://a.example/")
        };
        assert!(call(grant).prepare(named("bearer")).is_ok());
        assert_eq!(kind(call(grant).prepare(named("other"))).0, ErrorKind::NotGranted);
        let bare = "hosts = ['https://a.example']";
        assert_eq!(kind(call(bare).prepare(named("bearer"))).0, ErrorKind::NotGranted);
        let missing = "hosts = ['https://a.example']\nbearer = { secret = 'GONE' }";
        let (kind, message) = kind(call(missing).prepare(request("GET", "https://a.example/")));
        assert!(kind == ErrorKind::Unavailable && !message.contains("GONE"), "{message}");
    }

    #[test]
    fn requests_are_counted_and_held_to_the_calls_time() {
        let mut call = call("hosts = ['https://a.example']");
        let slow = Request { timeout_ms: Some(60_000), ..request("GET", "https://a.example/") };
        assert_eq!(call.prepare(slow).unwrap().timeout, Duration::from_secs(1));
        for _ in 0..2 {
            let quick = Request { timeout_ms: Some(5), ..request("GET", "https://a.example/") };
            assert_eq!(call.prepare(quick).unwrap().timeout, Duration::from_millis(5));
        }
        let (kind, _) = kind(call.prepare(request("GET", "https://a.example/")));
        assert_eq!(kind, ErrorKind::Quota);
    }

    #[test]
    fn headers_are_a_requests_own_or_refused() {
        let pair = |name: &str, value: &str| [(name.to_owned(), value.to_owned())];
        assert!(headers(&pair("X-Thing", "a b")).is_ok());
        for (name, value) in [("", "x"), ("a b", "x"), ("x", "a\r\nhost: evil")] {
            assert!(headers(&pair(name, value)).is_err(), "{name}");
        }
        assert!(headers(&vec![("x".to_owned(), String::new()); 65]).is_err());
    }
}
