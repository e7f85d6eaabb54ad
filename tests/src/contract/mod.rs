//! One suite a port; every implementor passes it.
//!
//! A suite is a set of cases, each a function whose name is what the port promises. [`environment_contract`]
//! turns those of [`environment`] into tests of one kind of machine. Groups have their suite beside their
//! implementor, `act-store`, as long as there is but one.

pub mod environment;
pub mod labels;
pub mod policy;
pub mod provisioner;
pub mod scheduler;

/// Makes a test of every case of the environment's contract. `$place` makes a machine, or none where it says
/// why the tests are skipped.
#[macro_export]
macro_rules! environment_contract {
    ($place:expr; $($case:ident),* $(,)?) => { $(
        #[tokio::test]
        async fn $case() {
            let Some(place) = Option::<$crate::place::Place>::from($place.await) else { return };
            $crate::contract::environment::$case(&place).await;
            place.release().await;
        }
    )* };
    ($place:expr) => {
        #[tokio::test]
        async fn nothing_is_left_after_the_release() {
            let Some(place) = Option::<$crate::place::Place>::from($place.await) else { return };
            $crate::contract::environment::nothing_is_left_after_the_release(place).await;
        }

        $crate::environment_contract!($place;
            a_process_is_started_once,
            output_is_followed_from_any_cursor_that_is_not_acknowledged,
            ten_megabytes_come_whole,
            as_much_as_promised_comes_unacknowledged,
            both_streams_come_whole_and_apart,
            a_lost_follower_does_not_stop_the_process,
            ends_are_told_apart,
            a_timeout_stops_the_process,
            a_stop_climbs_its_ladder,
            a_kill_does_not_ask,
            stopping_what_is_not_there_is_fine,
            what_cannot_start_says_why,
            files_go_in_and_come_back,
            a_child_in_the_background_does_not_hold_the_end,
            standard_input_is_empty,
            variables_lie_over_the_environments_own,
            folders_are_searched_before_the_path,
            a_tree_is_brought_whole,
            files_are_found_and_read,
            programs_and_their_versions_are_found,
            files_are_hashed_as_by_github,
            the_places_are_there_and_empty,
        );
    };
}
