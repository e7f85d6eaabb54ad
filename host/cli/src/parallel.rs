//! Does the same to many things on all processors, and gives the results back in their order.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Things that are worked on before results are given back: bounds what is held in memory.
const BATCH: usize = 256;

/// Calls `work` for each item, on several threads, and `take` with each result, in order, on this one.
pub(crate) fn map_in_order<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(R),
) {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    for batch in items.chunks(BATCH) {
        // A few items are done before a thread has started.
        let threads = processors.min(batch.len() / 4);
        if threads < 2 {
            batch.iter().for_each(|item| take(work(item)));
        } else {
            side_by_side(batch, threads, &work).into_iter().for_each(&mut take);
        }
    }
}

fn side_by_side<T: Sync, R: Send>(items: &[T], threads: usize, work: &(impl Fn(&T) -> R + Sync)) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(item), Some(result)) = (items.get(index), results.get(index)) else { break };
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(work(item));
        }
    };
    thread::scope(|scope| {
        // This thread is one of them.
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    results
        .into_iter()
        .filter_map(|result| result.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for count in [0, 1, 7, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let mut taken = Vec::new();
            map_in_order(&items, |item| item * 2, |result| taken.push(result));
            assert_eq!(taken, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
    }
}
