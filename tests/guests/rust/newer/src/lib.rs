//! A mapper for an API that does not exist yet: 0.2.0.

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package act-host:label-mapper@0.2.0;

            interface label-mapper {
                record ask { labels: list<string>, urgent: bool }
                map-labels: func(ask: ask) -> result<string, string>;
            }

            world newer {
                export label-mapper;
            }
        ",
    });
}

use bindings::exports::act_host::label_mapper::label_mapper::{Ask, Guest};

struct Newer;

impl Guest for Newer {
    fn map_labels(ask: Ask) -> Result<String, String> {
        Ok(ask.labels.concat())
    }
}

bindings::export!(Newer with_types_in bindings);
