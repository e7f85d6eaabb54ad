//! One stream of a host: its greeting, then what it asks until the stream ends or falls silent.

use std::io::Read;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use act_protocol::{Ask, Decoder, Encoder, Failure, Frame, Hello, ToAgent, ToHost, Welcome};

use crate::asks;
use crate::outbox::{Item, Outbox, Writer};
use crate::station::{Station, Ticket};

/// How long a greeting may take.
const GREETING: Duration = Duration::from_secs(10);
/// A host that said nothing for so many heartbeats is gone.
const SILENT_BEATS: u32 = 6;
/// How long a write may wait for a host that reads nothing.
const WRITE_LIMIT: Duration = Duration::from_secs(60);
const READ: usize = 64 * 1024;

/// Serves a stream until it ends.
pub(crate) fn serve(station: &Arc<Station>, mut stream: UnixStream) {
    let mut decoder = Decoder::default();
    let Some(hello) = greeting(&mut stream, &mut decoder) else { return };
    let outbox = Arc::new(Outbox::default());
    let Ok(reading) = stream.try_clone() else { return };
    let Ok(kept) = stream.try_clone() else { return };
    let mut encoder = Encoder::default();
    match station.admit(&hello, kept, Arc::clone(&outbox)) {
        Err(refusal) => {
            let _ = write(&mut stream, &mut encoder, &ToHost::Refused(refusal));
        }
        Ok((ticket, version)) => {
            let heartbeat = Duration::from_millis(u64::from(hello.heartbeat.clamp(50, 60_000)));
            let (agent, instance) = (crate::version(), station.instance);
            let machine = station.machine.clone();
            let welcome = ToHost::Welcome(Welcome { version, agent, instance, machine });
            if write(&mut stream, &mut encoder, &welcome) {
                let session = Session { station, ticket, outbox: &outbox };
                let encoder = if hello.squeezed { encoder.squeezing() } else { encoder };
                session.talk(reading, stream, decoder, encoder, heartbeat);
            }
            station.leave(ticket);
        }
    }
}

fn greeting(stream: &mut UnixStream, decoder: &mut Decoder<ToAgent>) -> Option<Hello> {
    stream.set_read_timeout(Some(GREETING)).ok()?;
    stream.set_write_timeout(Some(WRITE_LIMIT)).ok()?;
    let mut buffer = [0; 4096];
    loop {
        if let Some(frame) = decoder.next().ok()? {
            let ToAgent::Hello(hello) = frame.head else { return None };
            return Some(hello);
        }
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            count => decoder.push(&buffer[..count]),
        }
    }
}

fn write(stream: &mut UnixStream, encoder: &mut Encoder<ToHost>, head: &ToHost) -> bool {
    let mut out = Vec::new();
    let framed = encoder.frame(head, b"", &mut out).is_ok();
    framed && std::io::Write::write_all(stream, &out).is_ok()
}

/// A stream that speaks for the launch.
pub(crate) struct Session<'a> {
    pub(crate) station: &'a Arc<Station>,
    pub(crate) ticket: Ticket,
    pub(crate) outbox: &'a Arc<Outbox>,
}

impl Session<'_> {
    fn talk(
        &self,
        mut reading: UnixStream,
        mut writing: UnixStream,
        decoder: Decoder<ToAgent>,
        encoder: Encoder<ToHost>,
        heartbeat: Duration,
    ) {
        let (station, outbox) = (self.station, self.outbox);
        let _ = reading.set_read_timeout(Some(heartbeat * SILENT_BEATS));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                Writer::new(outbox, &station.bell, encoder).run(&mut writing, heartbeat);
                let _ = writing.shutdown(Shutdown::Both);
            });
            self.read(&mut reading, decoder);
            outbox.close();
            station.bell.ring();
        });
        let _ = reading.shutdown(Shutdown::Both);
    }

    /// Returns at the end of the stream, at bytes that are none of a session, after silence, and when another session
    /// took over.
    fn read(&self, stream: &mut UnixStream, mut decoder: Decoder<ToAgent>) {
        let mut buffer = vec![0; READ];
        loop {
            loop {
                match decoder.next() {
                    Ok(Some(frame)) => {
                        if !self.hear(frame) {
                            return;
                        }
                    }
                    Ok(None) => break,
                    Err(_) => return,
                }
            }
            match stream.read(&mut buffer) {
                Ok(count) if count > 0 => decoder.push(&buffer[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return,
            }
        }
    }

    /// Does what a frame says; returns whether the session goes on.
    fn hear(&self, frame: Frame<ToAgent>) -> bool {
        if !self.station.speaks(self.ticket) {
            return false;
        }
        match frame.head {
            ToAgent::Hello(_) => return false,
            ToAgent::Heartbeat => {}
            ToAgent::Ask { id, ask: Ask::Start { exec, spec, follow } } => {
                let answer = self.station.start(self.ticket, id, &exec, spec);
                let is_new = answer == Ok(act_protocol::Answer::Started { new: true });
                self.outbox.say(ToHost::Answer { id, answer }, &self.station.bell);
                if let Some((number, window)) = follow.filter(|_| is_new) {
                    self.follow(number, &exec, act_protocol::Cursor::default(), window);
                }
            }
            ToAgent::Ask { id, ask } => asks::answer(self, id, ask),
            ToAgent::Follow { follow, exec, cursor, window } => self.follow(follow, &exec, cursor, window),
            ToAgent::Taken { follow: number, bytes } => self.push(Item::Taken { number, bytes }),
            ToAgent::Unfollow { follow: number } => self.push(Item::Unfollow { number }),
            ToAgent::Ack { exec, cursor } => self.station.ack(&exec, cursor),
            ToAgent::Chunk { upload, offset } => self.station.uploads.append(&upload, offset, &frame.body),
        }
        true
    }

    fn follow(&self, number: u32, exec: &str, cursor: act_protocol::Cursor, window: u64) {
        match self.station.exec(exec) {
            Some(exec) => self.push(Item::Follow { number, exec, cursor, window }),
            None => {
                let failure = Failure::Refused(format!("no process {exec} was started here"));
                self.outbox.say(ToHost::NotFollowing { follow: number, failure }, &self.station.bell);
            }
        }
    }

    fn push(&self, item: Item) {
        self.outbox.push(item, &self.station.bell);
    }
}
