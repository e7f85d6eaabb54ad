//! The host, outside WebAssembly: a stand-in of the thread's own, so that tests that run side by side do not meet.
//!
//! ```ignore
//! mock::settings(r#"{"owners": ["octo"]}"#);
//! mock::http(|request| Ok(mock::response(200, "[]")));
//! let answer = MyMapper::map(&LabelAsk::of(&["big"]));
//! assert_eq!(mock::log_lines(), ["info asked for big"]);
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::http::{Request, Response};
use crate::log::Level;
use crate::{Error, ErrorKind};

/// Answers requests.
type Answer = Box<dyn FnMut(&Request) -> Result<Response, Error>>;

#[derive(Default)]
struct Host {
    settings: Option<String>,
    lines: Vec<String>,
    values: BTreeMap<String, Vec<u8>>,
    answer: Option<Answer>,
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

fn with<T>(work: impl FnOnce(&mut Host) -> T) -> T {
    HOST.with_borrow_mut(work)
}

/// Sets what [`crate::config`] reads, as JSON text. `{}` before that.
pub fn settings(json: &str) {
    with(|host| host.settings = Some(json.to_owned()));
}

/// Answers requests from now on. Before that they are refused, as without a grant.
pub fn http(answer: impl FnMut(&Request) -> Result<Response, Error> + 'static) {
    with(|host| host.answer = Some(Box::new(answer)));
}

/// Makes a response without headers.
#[must_use]
pub fn response(status: u16, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.into() }
}

/// Returns what was logged by this thread, and forgets it: `info some text`.
#[must_use]
pub fn log_lines() -> Vec<String> {
    with(|host| std::mem::take(&mut host.lines))
}

pub(crate) fn write(level: Level, message: &str) {
    let level = match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    };
    with(|host| host.lines.push(format!("{level} {message}")));
}

pub(crate) fn settings_text() -> String {
    with(|host| host.settings.clone().unwrap_or_else(|| "{}".to_owned()))
}

pub(crate) fn answer(request: &Request) -> Result<Response, Error> {
    // Out of the cell while it runs: it may log.
    let Some(mut answer) = with(|host| host.answer.take()) else {
        let refused = Error::new(ErrorKind::NotGranted, format!("no grant for {}", request.url));
        return Err(Error { code: "http".to_owned(), ..refused });
    };
    let answered = answer(request);
    with(|host| host.answer = host.answer.take().or(Some(answer)));
    answered
}

/// The store, in memory, with the host's rule for keys.
pub(crate) mod kv {
    use super::with;
    use crate::Error;

    fn checked(key: &str) -> Result<(), Error> {
        let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
        if (1..=200).contains(&key.len()) && key.chars().all(is_fine) {
            return Ok(());
        }
        Err(Error::invalid(format!("not a key: `{key}`; 1 to 200 characters of A-Z a-z 0-9 . _ - /")))
    }

    pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
        checked(key)?;
        Ok(with(|host| host.values.get(key).cloned()))
    }

    pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), Error> {
        checked(key)?;
        with(|host| host.values.insert(key.to_owned(), value.to_vec()));
        Ok(())
    }

    pub(crate) fn delete(key: &str) -> Result<(), Error> {
        checked(key)?;
        with(|host| host.values.remove(key));
        Ok(())
    }

    pub(crate) fn keys(prefix: &str) -> Result<Vec<String>, Error> {
        Ok(with(|host| host.values.keys().filter(|key| key.starts_with(prefix)).cloned().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config, http, kv, log};

    #[test]
    fn settings_log_and_store_work_as_the_hosts_do() {
        assert_eq!(config::text(), "{}");
        settings(r#"{"a": 1}"#);
        assert_eq!(config::read().unwrap().get("a").as_u64(), Some(1));
        log::warn("careful");
        assert_eq!((log_lines(), log_lines()), (vec!["warn careful".to_owned()], Vec::new()));
        kv::set("b/1", b"one").unwrap();
        kv::set("a", b"two").unwrap();
        assert_eq!(kv::get("b/1").unwrap().as_deref(), Some(&b"one"[..]));
        assert_eq!(kv::keys("").unwrap(), ["a", "b/1"]);
        kv::delete("a").unwrap();
        assert_eq!(kv::keys("").unwrap(), ["b/1"]);
        assert_eq!(kv::set("ä", b"").unwrap_err().kind, ErrorKind::Invalid);
    }

    #[test]
    fn requests_are_refused_until_somebody_answers() {
        let request = Request::get("https://api.example.com/").header("accept", "text/plain");
        let refused = http::send(&request).unwrap_err();
        assert_eq!((refused.kind, refused.code.as_str()), (ErrorKind::NotGranted, "http"));
        super::http(|request| {
            log::info("asked");
            Ok(response(200, &request.url))
        });
        for _ in 0..2 {
            assert_eq!(http::send(&request).unwrap().body, b"https://api.example.com/");
        }
        assert_eq!(log_lines().len(), 2);
    }
}
