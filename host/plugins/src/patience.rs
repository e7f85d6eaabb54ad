//! The time that a call may take, without that in which it could have gone on and was not let.
//!
//! All calls share a thread with the rest of the program. A guest that gives way, as each does at a tick, is not slow
//! because others are.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use tokio::time::timeout;

/// Does work for as long as `limit`; `None` when it is not done by then.
pub(crate) async fn within<W: Future>(limit: Duration, work: W) -> Option<W::Output> {
    let began = Instant::now();
    let mut work = Fair { work: pin!(work), kept_waiting: Duration::ZERO, gave_way: None };
    loop {
        let left = (limit + work.kept_waiting).saturating_sub(began.elapsed());
        if let Ok(done) = timeout(left, &mut work).await {
            return Some(done);
        }
        if limit + work.kept_waiting <= began.elapsed() {
            return None;
        }
    }
}

/// Counts the time between giving way and being let on again.
struct Fair<'a, W> {
    work: Pin<&'a mut W>,
    kept_waiting: Duration,
    gave_way: Option<Instant>,
}

impl<W: Future> Future for Fair<'_, W> {
    type Output = W::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<W::Output> {
        if let Some(since) = self.gave_way.take() {
            self.kept_waiting += since.elapsed();
        }
        let woken = Arc::new(Woken { waker: context.waker().clone(), is_woken: AtomicBool::new(false) });
        let polled = self.work.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&woken))));
        if polled.is_pending() && woken.is_woken.load(Ordering::Relaxed) {
            self.gave_way = Some(Instant::now());
        }
        polled
    }
}

/// Knows whether it was woken.
struct Woken {
    waker: Waker,
    is_woken: AtomicBool,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Relaxed);
        self.waker.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(50);

    /// Keeps the thread busy, as the rest of a program does.
    async fn busy(times: u32) {
        for _ in 0..times {
            std::thread::sleep(Duration::from_millis(30));
            give_way().await;
        }
    }

    /// Gives way as the engine does at a tick.
    async fn give_way() {
        let mut is_over = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut is_over, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[tokio::test]
    async fn who_gives_way_to_others_is_not_late_because_of_them() {
        let work = async {
            for _ in 0..5 {
                give_way().await;
            }
            7
        };
        let (done, ()) = tokio::join!(within(LIMIT, work), busy(5));
        assert_eq!(done, Some(7));
    }

    #[tokio::test]
    async fn who_waits_or_works_for_too_long_is_late() {
        assert_eq!(within(LIMIT, std::future::pending::<()>()).await, None);
        assert_eq!(within(LIMIT, busy(100)).await, None);
    }
}
