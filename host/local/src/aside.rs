//! Where work on files is done: it blocks, and the runtime's thread is everybody's.

use act_core::environment::EnvironmentError;

/// Does `work` at once where it is `brief` and nobody else waits for this thread, else on one that may block: to wake that
/// takes a tenth of a millisecond, to make it two.
pub(crate) async fn aside<T: Send + 'static>(
    brief: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EnvironmentError> {
    if brief {
        return Ok(work());
    }
    let lost = |error| EnvironmentError::Lost(format!("file work broke off: {error}"));
    tokio::task::spawn_blocking(work).await.map_err(lost)
}
