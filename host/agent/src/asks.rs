//! Answers what a host asks of files and programs: what is quick at once, the rest on a thread of its own.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use act_files::{Found, hash_files, search_path};
use act_protocol::{Answer, Ask, CHUNK, Failure, INLINE, Kind, Source, Stamp, ToHost};
use bytes::Bytes;

use crate::journal::kept_file;
use crate::outbox::Item;
use crate::session::Session;
use crate::station::Station;
use crate::uploads::{NotUsed, Whole};

type Answered = Result<(Answer, Bytes), Failure>;

/// Answers an ask, now or later. That of a start is the session's.
pub(crate) fn answer(session: &Session<'_>, id: u64, ask: Ask) {
    let (station, outbox) = (Arc::clone(session.station), Arc::clone(session.outbox));
    let is_long = matches!(
        ask,
        Ask::Unpack { .. } | Ask::HashFiles { .. } | Ask::ProgramVersion { .. } | Ask::Shutdown
    );
    let work = move || {
        let is_last = ask == Ask::Shutdown;
        let (answer, body) = match done(&station, ask) {
            Ok((answer, body)) => (Ok(answer), body),
            Err(failure) => (Err(failure), Bytes::new()),
        };
        outbox.push(Item::Say(Box::new(ToHost::Answer { id, answer }), body), &station.bell);
        if is_last {
            outbox.close();
            station.bell.ring();
        }
    };
    if is_long {
        // Without a thread nobody answers, and the host asks again in its next stream.
        let _ = std::thread::Builder::new().name("ask".to_owned()).spawn(work);
    } else {
        work();
    }
}

fn done(station: &Station, ask: Ask) -> Answered {
    let answer = match ask {
        Ask::Start { .. } => return Err(Failure::Refused("a start is answered elsewhere".to_owned())),
        Ask::Stop { exec, how } => {
            station.stop(&exec, how);
            Answer::Done
        }
        Ask::Open { upload, afresh } => Answer::Held { bytes: station.uploads.held(&upload, afresh) },
        Ask::Unpack { upload, size, digest, path } => {
            match station.uploads.unpack(&upload, Whole { size, digest }, &absolute(&path)?) {
                Ok(()) => Answer::Done,
                Err(NotUsed::Held(bytes)) => Answer::Held { bytes },
                Err(NotUsed::Failed(why)) => return Err(Failure::Refused(why)),
            }
        }
        Ask::Get { path, limit } => return get(&absolute(&path)?, limit),
        Ask::Read { source, offset, length } => return read(station, source, offset, length),
        Ask::Stat { path } => Answer::Kind(stat(&absolute(&path)?)?),
        Ask::HashFiles { patterns, follow_links } => {
            Answer::Text(Some(hash(station, &patterns, follow_links)?))
        }
        Ask::FindProgram { name, prepend_path } => {
            let path = search_path(&station.env, &prepend_path);
            let workspace = Path::new(&station.machine.roots.workspace);
            let found = act_process::find_program(name.as_ref(), path.as_ref(), workspace);
            Answer::Text(found.map(|file| file.to_string_lossy().into_owned()))
        }
        Ask::ProgramVersion { program } => {
            Answer::Text(station.versions.ask(&absolute(&program)?, &station.env))
        }
        Ask::Shutdown => {
            station.wind_down("the host ended the machine", act_process::Stop::Kill);
            Answer::Done
        }
    };
    Ok((answer, Bytes::new()))
}

fn get(path: &Path, limit: u64) -> Answered {
    let refused = |error: io::Error| unreadable(path, &error);
    let found = act_files::read(path, limit.min(INLINE as u64)).map_err(refused)?;
    Ok(match found {
        Found::Bytes(bytes) => (Answer::Bytes, bytes),
        Found::Nothing => (Answer::Nothing, Bytes::new()),
        Found::TooLarge { size } if size > limit => (Answer::TooLarge { size }, Bytes::new()),
        Found::TooLarge { .. } => {
            let stamp = stamp(&fs::metadata(path).map_err(refused)?);
            (Answer::Large { stamp }, Bytes::new())
        }
    })
}

fn read(station: &Station, source: Source, offset: u64, length: u32) -> Answered {
    let path = match source {
        Source::Path(path) => absolute(&path)?,
        Source::Collected { exec, index } => {
            let unknown = || Failure::Refused(format!("no process {exec} was started here"));
            kept_file(&station.exec(&exec).ok_or_else(unknown)?.folder, index)
        }
    };
    let part = || -> io::Result<(Answer, Bytes)> {
        let file = act_files::open(&path)?;
        let stamp = stamp(&file.metadata()?);
        let length = usize::try_from(length).unwrap_or(CHUNK).min(CHUNK);
        let mut bytes = vec![0; length];
        let mut filled = 0;
        while filled < length {
            match file.read_at(&mut bytes[filled..], offset + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        bytes.truncate(filled);
        Ok((Answer::Part { stamp }, bytes.into()))
    };
    part().map_err(|error| unreadable(&path, &error))
}

fn stat(path: &Path) -> Result<Option<Kind>, Failure> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(if metadata.is_dir() { Kind::Folder } else { Kind::File })),
        Err(error) if act_files::is_absence(&error) => Ok(None),
        Err(error) => Err(unreadable(path, &error)),
    }
}

fn hash(station: &Station, patterns: &[String], follow_links: bool) -> Result<String, Failure> {
    let home = station.env.iter().rev().find(|(name, _)| name == "HOME");
    let home = home.map(|(_, value)| value.as_str()).filter(|home| home.starts_with('/'));
    let workspace = Path::new(&station.machine.roots.workspace);
    hash_files(workspace, home, patterns, follow_links).map_err(|error| Failure::Refused(error.to_string()))
}

fn stamp(metadata: &Metadata) -> Stamp {
    let changed = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    Stamp { inode: metadata.ino(), size: metadata.len(), changed }
}

fn absolute(path: &str) -> Result<PathBuf, Failure> {
    let relative = || Failure::Refused(format!("{path} is not absolute"));
    path.starts_with('/').then(|| PathBuf::from(path)).ok_or_else(relative)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::Refused(format!("cannot read {}: {error}", path.display()))
}
