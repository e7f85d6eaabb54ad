//! Streams that do to a session what networks do: end after some bytes, fall silent, or end when nothing was said.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use act_remote::ByteStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// What goes wrong on the way. Equal seeds go wrong alike.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    /// A stream ends after so many bytes at the most, both directions together; 0 for never.
    pub cut_within: u64,
    /// Instead of ending it falls silent, as where no end is told.
    pub hangs: bool,
    /// A stream ends on which nothing went for so long.
    pub idle: Option<Duration>,
    /// For what is random.
    pub seed: u64,
}

/// Counts streams and what went wrong with them.
#[derive(Debug, Default)]
pub struct Trouble {
    /// Streams that were made.
    pub made: AtomicU64,
    /// Of these, cut.
    pub cuts: AtomicU64,
}

/// Makes the streams of one machine go wrong.
#[derive(Debug)]
pub struct Sky {
    weather: Weather,
    random: Mutex<fastrand::Rng>,
    /// What happened so far.
    pub trouble: Arc<Trouble>,
}

impl Sky {
    /// Begins with a weather.
    #[must_use]
    pub fn new(weather: Weather) -> Self {
        let random = Mutex::new(fastrand::Rng::with_seed(weather.seed));
        Self { weather, random, trouble: Arc::default() }
    }

    /// Puts a stream out in it.
    pub fn expose(&self, inner: Box<dyn ByteStream>) -> Box<dyn ByteStream> {
        self.trouble.made.fetch_add(1, Ordering::Relaxed);
        let budget = match self.weather.cut_within {
            0 => u64::MAX,
            within => self.random.lock().unwrap().u64(1..=within),
        };
        let idle = self.weather.idle.map(|limit| (limit, Box::pin(tokio::time::sleep(limit))));
        Box::new(Exposed {
            inner: Some(inner),
            budget,
            hangs: self.weather.hangs,
            idle,
            trouble: Arc::clone(&self.trouble),
            reader: None,
        })
    }
}

struct Exposed {
    /// Gone once it was cut: so the other side sees the end.
    inner: Option<Box<dyn ByteStream>>,
    budget: u64,
    hangs: bool,
    idle: Option<(Duration, Pin<Box<Sleep>>)>,
    trouble: Arc<Trouble>,
    /// Who reads must learn of a cut that befell a write.
    reader: Option<Waker>,
}

impl Exposed {
    fn spend(&mut self, bytes: usize) {
        self.budget = self.budget.saturating_sub(bytes as u64);
        if let Some((limit, sleep)) = &mut self.idle {
            sleep.as_mut().reset(Instant::now() + *limit);
        }
        if self.budget == 0 {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.budget > 0 || self.inner.is_some() {
            self.trouble.cuts.fetch_add(1, Ordering::Relaxed);
        }
        self.budget = 0;
        if !self.hangs {
            self.inner = None;
            self.reader.take().into_iter().for_each(Waker::wake);
        }
    }

    fn is_cut(&mut self, context: &mut Context<'_>) -> bool {
        if let Some((_, sleep)) = &mut self.idle
            && sleep.as_mut().poll(context).is_ready()
        {
            self.idle = None;
            self.cut();
        }
        self.budget == 0
    }
}

impl AsyncRead for Exposed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.is_cut(context) {
            return if self.hangs { Poll::Pending } else { Poll::Ready(Ok(())) };
        }
        self.reader = Some(context.waker().clone());
        let room = usize::try_from(self.budget).unwrap_or(usize::MAX).min(buffer.remaining());
        let mut part = vec![0; room];
        let mut part = ReadBuf::new(&mut part);
        let Some(inner) = &mut self.inner else { return Poll::Ready(Ok(())) };
        let read = Pin::new(inner).poll_read(context, &mut part);
        buffer.put_slice(part.filled());
        let count = part.filled().len();
        if count > 0 {
            self.spend(count);
        }
        read
    }
}

impl AsyncWrite for Exposed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        if self.is_cut(context) {
            let broken = std::io::ErrorKind::BrokenPipe.into();
            return if self.hangs { Poll::Pending } else { Poll::Ready(Err(broken)) };
        }
        let room = usize::try_from(self.budget).unwrap_or(usize::MAX).min(bytes.len());
        let Some(inner) = &mut self.inner else { return Poll::Ready(Ok(0)) };
        let written = Pin::new(inner).poll_write(context, &bytes[..room]);
        if let Poll::Ready(Ok(count)) = written {
            self.spend(count);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match &mut self.inner {
            Some(inner) => Pin::new(inner).poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match &mut self.inner {
            Some(inner) => Pin::new(inner).poll_shutdown(context),
            None => Poll::Ready(Ok(())),
        }
    }
}
