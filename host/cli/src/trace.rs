//! What the program traces of itself, on standard error, for whoever looks after it: `ACT_HOST_TRACE=1`.
//!
//! A line an event, its fields as `name=value`. Nothing is traced where nobody asks.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::stream;
use crate::world::World;

/// Asks for traces.
const VARIABLE: &str = "ACT_HOST_TRACE";

/// What this program's own events are called: those of libraries would bury them.
const OWN: &str = "act_host";

/// Begins to trace, where that is wanted.
pub(crate) fn start(world: &World) {
    if world.var(VARIABLE).is_some_and(|value| value != "0") {
        // Nobody else listens.
        let _ = tracing::subscriber::set_global_default(Lines);
    }
}

struct Lines;

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with(OWN)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn event(&self, event: &Event<'_>) {
        stream::complain(&line(event));
    }

    // Spans are not shown, so all are one.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// Writes an event: `trace act_host::plugin called plugin="a" micros=31`.
fn line(event: &Event<'_>) -> String {
    let mut fields = Fields::default();
    event.record(&mut fields);
    let Fields { message, rest } = fields;
    stream::harmless(&format!("trace {} {message}{rest}", event.metadata().target())) + "\n"
}

#[derive(Default)]
struct Fields {
    message: String,
    rest: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a text cannot fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.rest, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Keeps what would be shown.
    struct Kept(Arc<Mutex<String>>);

    impl Subscriber for Kept {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            Lines.enabled(metadata)
        }

        fn event(&self, event: &Event<'_>) {
            self.0.lock().unwrap().push_str(&line(event));
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            Lines.new_span(span)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn an_event_is_a_line_with_its_fields_and_libraries_are_left_out() {
        let kept = Arc::<Mutex<String>>::default();
        tracing::subscriber::with_default(Kept(kept.clone()), || {
            tracing::debug!(target: "act_host::plugin", plugin = "a\u{1b}", micros = 31, "called");
            tracing::error!(target: "cranelift", "much");
        });
        assert_eq!(*kept.lock().unwrap(), "trace act_host::plugin called plugin=\"a\\u{1b}\" micros=31\n");
    }
}
