//! How many messages of a step are kept as annotations, and how long they may be.
//!
//! Steps inside composite actions count for the step of the job that holds them.
//!
//! Source: actions/runner `ExecutionContext.AddIssue`.

use std::collections::HashMap;

use act_core::event::Level;
use act_core::ids::{StepPath, StepRef};

/// Annotations of one level that a step may leave.
const MAX: u32 = 10;

/// UTF-16 units of a message.
const MAX_LENGTH: usize = 4096;

/// The annotations that steps have left.
#[derive(Default)]
pub(crate) struct Annotations(HashMap<StepRef, [u32; 3]>);

impl Annotations {
    /// Counts one more, and returns whether there was room for it.
    pub(crate) fn count(&mut self, step: &StepRef, level: Level) -> bool {
        let top =
            step.path.indices().first().map_or_else(StepPath::job, |index| StepPath::job().step(*index));
        let counts = self.0.entry(StepRef { path: top, phase: step.phase }).or_default();
        let count = &mut counts[level as usize];
        let room = *count < MAX;
        *count += u32::from(room);
        room
    }
}

/// Cuts a message that is too long.
pub(crate) fn cut(mut message: String) -> String {
    let mut units = 0;
    let end = message.char_indices().find(|(_, char)| {
        units += char.len_utf16();
        units > MAX_LENGTH
    });
    if let Some((at, _)) = end {
        message.truncate(at);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_of_a_level_are_kept_of_a_step_with_all_that_is_in_it() {
        let mut annotations = Annotations::default();
        let outer = StepRef::main(StepPath::job().step(1));
        let inner = StepRef::main(outer.path.step(4));
        for number in 0..12 {
            let step = if number % 2 == 0 { &outer } else { &inner };
            assert_eq!(annotations.count(step, Level::Error), number < 10);
        }
        assert!(annotations.count(&outer, Level::Warning));
        assert!(annotations.count(&StepRef::main(StepPath::job().step(2)), Level::Error));
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        assert_eq!(cut("é".repeat(5000)).chars().count(), 4096);
        assert_eq!(cut(format!("a{}", "😀".repeat(2048))).chars().count(), 2048);
        assert_eq!(cut("short".to_owned()), "short");
    }
}
