//! Keeps a stream to the agent: dials, greets, reads and writes, and begins again when it ends.

use std::sync::Arc;
use std::time::Duration;

use act_core::environment::EnvironmentError;
use act_protocol::{Decoder, Encoder, Hello, Refusal, ToAgent, ToHost, VERSION, Welcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::config::RemoteConfig;
use crate::desk::{Desk, Over};
use crate::dial::{ByteStream, Dial, DialError};
use crate::proof::Fate;

/// Read at once, about, while much comes.
const READ: usize = 64 * 1024;
/// Read at once otherwise: each session keeps it for as long as it lives.
const LITTLE: usize = 1024;

pub(crate) struct Link {
    pub(crate) dial: Arc<dyn Dial>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) launch: String,
    pub(crate) epoch: u64,
    pub(crate) config: RemoteConfig,
    /// The first welcome.
    pub(crate) welcome: watch::Sender<Option<Welcome>>,
}

/// How a stream ended.
enum Parted {
    /// Another one may do better.
    Broken(String),
    /// None will.
    Over(EnvironmentError),
}

impl From<String> for Parted {
    fn from(why: String) -> Self {
        Self::Broken(why)
    }
}

impl Link {
    /// Runs until the session is over.
    pub(crate) async fn run(self) {
        let mut wait = self.config.retry;
        let mut heard = Instant::now();
        loop {
            let began = Instant::now();
            let why = match self.attempt(&mut heard).await {
                Ok(Parted::Over(error)) => return self.desk.finish(Over::Failed(error)),
                Ok(Parted::Broken(why)) | Err(DialError::Unreachable(why)) => why,
                Err(DialError::Gone(why)) => return self.give_up(&why).await,
            };
            if self.desk.over().is_some() {
                return;
            }
            if heard.elapsed() >= self.config.patience {
                let seconds = heard.elapsed().as_secs();
                return self.give_up(&format!("the machine was not reached for {seconds} s: {why}")).await;
            }
            if heard > began {
                wait = self.config.retry;
            }
            sleep(wait.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            wait = (wait * 2).min(self.config.retry_limit);
        }
    }

    async fn give_up(&self, why: &str) {
        let verdict = self.dial.verdict().await;
        self.desk.finish(Over::Gone(Arc::new(Fate::new(&self.launch, why, &verdict))));
    }

    async fn attempt(&self, heard: &mut Instant) -> Result<Parted, DialError> {
        let dialled = timeout(self.config.deadline, self.dial.dial()).await;
        let late = || DialError::Unreachable("making a stream took too long".to_owned());
        let stream = dialled.map_err(|_| late())??;
        Ok(match self.converse(stream, heard).await {
            Ok(never) => match never {},
            Err(parted) => parted,
        })
    }

    async fn converse(
        &self,
        mut stream: Box<dyn ByteStream>,
        heard: &mut Instant,
    ) -> Result<std::convert::Infallible, Parted> {
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        let greeting = self.greet(&mut stream, &mut encoder, &mut decoder);
        let late = || Parted::Broken("the agent did not answer".to_owned());
        let welcome = timeout(self.config.deadline, greeting).await.map_err(|_| late())??;
        *heard = Instant::now();
        self.welcome.send_if_modified(|known| {
            let is_first = known.is_none();
            known.get_or_insert(welcome);
            is_first
        });
        if self.config.squeezed {
            encoder = encoder.squeezing();
        }
        self.desk.connected();
        let (mut reading, mut writing) = tokio::io::split(stream);
        tokio::select! {
            parted = self.read(&mut reading, decoder, heard) => Err(parted),
            parted = self.write(&mut writing, encoder) => Err(parted),
        }
    }

    async fn greet(
        &self,
        stream: &mut Box<dyn ByteStream>,
        encoder: &mut Encoder<ToAgent>,
        decoder: &mut Decoder<ToHost>,
    ) -> Result<Welcome, Parted> {
        let heartbeat = u32::try_from(self.config.heartbeat.as_millis()).unwrap_or(u32::MAX);
        let (launch, epoch, squeezed) = (self.launch.clone(), self.epoch, self.config.squeezed);
        let hello =
            ToAgent::Hello(Hello { versions: (VERSION, VERSION), launch, epoch, heartbeat, squeezed });
        let mut out = Vec::new();
        encoder.frame(&hello, b"", &mut out).map_err(|error| error.to_string())?;
        stream.write_all(&out).await.map_err(|error| error.to_string())?;
        stream.flush().await.map_err(|error| error.to_string())?;
        loop {
            if let Some(frame) = decoder.next().map_err(|error| error.to_string())? {
                return match frame.head {
                    ToHost::Welcome(welcome) => Ok(welcome),
                    ToHost::Refused(refusal) => Err(refused(&refusal)),
                    _ => Err(Parted::Broken("the agent did not greet".to_owned())),
                };
            }
            receive(stream, decoder, LITTLE).await?;
        }
    }

    async fn read(
        &self,
        stream: &mut (impl tokio::io::AsyncRead + Unpin),
        mut decoder: Decoder<ToHost>,
        heard: &mut Instant,
    ) -> Parted {
        let mut room = LITTLE;
        loop {
            loop {
                match decoder.next() {
                    Ok(Some(frame)) if frame.head == ToHost::Fenced => {
                        return Parted::Over(EnvironmentError::Fenced);
                    }
                    Ok(Some(frame)) => {
                        if let Err(nonsense) = self.desk.hear(frame) {
                            return Parted::Broken(nonsense.0);
                        }
                    }
                    Ok(None) => break,
                    Err(error) => return Parted::Broken(error.to_string()),
                }
            }
            match timeout(self.config.deadline, receive(stream, &mut decoder, room)).await {
                Ok(Ok(count)) => {
                    *heard = Instant::now();
                    room = if count < LITTLE { LITTLE } else { READ };
                }
                Ok(Err(parted)) => return parted,
                Err(_) => return Parted::Broken("nothing came for too long".to_owned()),
            }
        }
    }

    async fn write(
        &self,
        stream: &mut (impl tokio::io::AsyncWrite + Unpin),
        mut encoder: Encoder<ToAgent>,
    ) -> Parted {
        loop {
            // Hundreds of sessions are silent most of the time, and keep no room.
            let mut out = Vec::new();
            self.desk.write(&mut encoder, &mut out);
            if out.is_empty() {
                if let Some(over) = self.desk.over() {
                    return Parted::Over(over.error());
                }
                if timeout(self.config.heartbeat, self.desk.news.notified()).await.is_ok() {
                    continue;
                }
                let _ = encoder.frame(&ToAgent::Heartbeat, b"", &mut out);
            }
            let written = async {
                stream.write_all(&out).await?;
                stream.flush().await
            };
            match timeout(self.config.deadline.max(Duration::from_secs(1)), written).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Parted::Broken(error.to_string()),
                Err(_) => return Parted::Broken("nothing could be sent for too long".to_owned()),
            }
        }
    }
}

async fn receive(
    stream: &mut (impl tokio::io::AsyncRead + Unpin + ?Sized),
    decoder: &mut Decoder<ToHost>,
    room: usize,
) -> Result<usize, Parted> {
    match stream.read_buf(decoder.space(room)).await {
        Ok(0) => Err(Parted::Broken("the stream ended".to_owned())),
        Ok(count) => Ok(count),
        Err(error) => Err(Parted::Broken(error.to_string())),
    }
}

fn refused(refusal: &Refusal) -> Parted {
    match refusal {
        Refusal::Fenced { .. } => Parted::Over(EnvironmentError::Fenced),
        Refusal::Version { .. } | Refusal::Launch { .. } => {
            Parted::Over(EnvironmentError::Refused(refusal.to_string()))
        }
        // Soon it is gone, and then there is a verdict.
        Refusal::Ending { .. } => Parted::Broken(refusal.to_string()),
    }
}
