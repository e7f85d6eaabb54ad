//! Work on files that blocks, on a thread where it may: the runtime's own is everybody's.

use act_core::environment::EnvironmentError;

/// Does `work` on a thread that may block. To wake one takes a tenth of a millisecond, to make it two: what is briefer is
/// better done where it is asked for, if nobody else waits there.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EnvironmentError> {
    let lost = |error| EnvironmentError::Lost(format!("file work broke off: {error}"));
    tokio::task::spawn_blocking(work).await.map_err(lost)
}
