//! A component of another world: nothing that a host of plugins knows.

mod bindings {
    wit_bindgen::generate!({
        inline: "
            package strange:tool@1.0.0;

            interface run {
                run: func(words: list<string>) -> u32;
            }

            world tool {
                export run;
            }
        ",
    });
}

use bindings::exports::strange::tool::run::Guest;

struct Stranger;

impl Guest for Stranger {
    fn run(words: Vec<String>) -> u32 {
        u32::try_from(words.len()).unwrap_or(u32::MAX)
    }
}

bindings::export!(Stranger with_types_in bindings);
