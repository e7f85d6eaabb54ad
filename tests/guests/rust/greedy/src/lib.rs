//! A mapper that asks for a store and for the network, and for more of both than it is granted.

use act_host_sdk::prelude::*;
use act_host_sdk::{http, kv};

struct Greedy;

label_mapper!(Greedy);

impl LabelMapper for Greedy {
    fn map(ask: &LabelAsk) -> Result<Mapped, Error> {
        let label = ask.labels.first().map_or("", String::as_str);
        let said = match label {
            "kv-forever" => loop {
                kv::get("a")?;
            },
            "kv-fill" => fill(),
            "kv-path" => kv::set("../../outside", b"x").and_then(|()| kv::set("/tmp/outside", b"x")),
            "kv-space" => kv::set("a key", b"x"),
            "http-forever" => loop {
                drop(http::send(&http::Request::get("https://api.example.com/")));
            },
            url if url.contains("://") => http::send(&http::Request::get(url)).map(|_| ()),
            "authorization" => {
                let request = http::Request::get("https://api.example.com/").header("Authorization", "mine");
                http::send(&request).map(|_| ())
            }
            _ => return Ok(Mapped::mine(Placement::new(), "fine")),
        };
        Ok(Mapped::not_mine(match said {
            Ok(()) => "worked".to_owned(),
            Err(error) => format!("{:?} {}: {}", error.kind, error.code, error.message),
        }))
    }
}

/// Fills the store until it is full.
fn fill() -> Result<(), Error> {
    for key in 0.. {
        kv::set(&format!("key-{key}"), &[0; 4096])?;
    }
    Ok(())
}
