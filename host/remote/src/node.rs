//! Brings a Node.js to a machine that has none: one program of this machine, sent as a tree, tried before it is used.
//!
//! The tree has a second, empty file behind the program. Where that lies, all of the program does, whatever was cut or
//! killed while it was written; a process that goes on with a job finds it and sends nothing.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use act_core::environment::{
    Brought, EnvPath, Environment, EnvironmentError, Facts, LogicalPath, Root, Target,
};
use act_core::place::{Arch, Os};
use act_core::tree::{Tree, TreeEntry, TreeId};
use sha2::{Digest, Sha256};

use crate::remote::Remote;
use crate::send;

/// Finds a Node.js of this machine: of the major version that is asked for, else another one.
#[derive(Clone)]
pub struct NodeFinder(pub Arc<dyn Fn(u32) -> Option<PathBuf> + Send + Sync>);

impl std::fmt::Debug for NodeFinder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NodeFinder")
    }
}

/// Names in the tree, in the order in which they are written.
const PROGRAM: &str = "node";
const WHOLE: &str = "whole";

/// Finds one, sends it unless it is there, and tries it.
pub(crate) async fn bring(
    remote: &Remote,
    finder: &NodeFinder,
    wanted: u32,
) -> Result<Brought, EnvironmentError> {
    let finder = finder.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let path =
            (finder.0)(wanted).ok_or("there is no `node` on the PATH of act-host that could be sent")?;
        Program::read(&path).map_err(|why| format!("{} cannot be sent: {why}", path.display()))
    });
    let looked =
        looked.await.map_err(|error| EnvironmentError::Lost(format!("file work broke off: {error}")))?;
    let fits = looked.and_then(|program| program.fits(remote.facts()).map(|()| program));
    let program = match fits {
        Ok(program) => program,
        Err(why) => return Ok(Brought::Nothing { why: Some(why) }),
    };
    let folder = LogicalPath::new(Root::Actions, format!("_node/{}", program.id));
    let at = |name: &str| remote.path(&Target::Job, &folder.join(name));
    if remote.stat(&at(WHOLE)).await?.is_none() {
        let upload = format!("node.{}", program.id);
        let to = remote.path(&Target::Job, &folder);
        send::tree(remote.desk(), &upload, Arc::new(program.clone()), to.as_str()).await?;
    }
    let sent = at(PROGRAM);
    let said = remote.program_version(&sent).await?;
    if said.as_deref().is_some_and(is_version) {
        return Ok(Brought::There(sent));
    }
    let why = match program.interpreter.clone() {
        Some(interpreter) if remote.stat(&EnvPath(interpreter.clone())).await?.is_none() => {
            format!(
                "it needs `{interpreter}`, which the image has not got: that is {}",
                library_of(&interpreter)
            )
        }
        _ => said.unwrap_or_else(|| "it says nothing when it is asked for its version".to_owned()),
    };
    let why = format!("{} was sent, and does not run there: {why}", program.path.display());
    Ok(Brought::Nothing { why: Some(why) })
}

/// `v20.20.2`
fn is_version(text: &str) -> bool {
    text.trim().strip_prefix('v').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

fn library_of(interpreter: &str) -> &'static str {
    match interpreter.contains("ld-musl") {
        true => "musl, the C library of Alpine",
        false => "glibc, the C library of most images, but not of Alpine",
    }
}

/// A program for Linux.
#[derive(Clone, Debug)]
struct Program {
    path: PathBuf,
    size: u64,
    /// Names these bytes, as well as that is known without reading them.
    id: String,
    arch: Option<Arch>,
    /// What loads its libraries, unless it is static.
    interpreter: Option<String>,
}

impl Program {
    fn read(path: &Path) -> Result<Self, String> {
        // A name on PATH is often a link to what may be replaced.
        let path = path.canonicalize().map_err(|error| error.to_string())?;
        let about = fs::metadata(&path).map_err(|error| error.to_string())?;
        let mut file = File::open(&path).map_err(|error| error.to_string())?;
        let header = Header::read(&mut file).map_err(|error| error.to_string())?;
        let Header { arch, interpreter } = header.ok_or("it is no program for Linux of 64 bits")?;
        let mut hash = Sha256::new();
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(about.len().to_le_bytes());
        let changed = about.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        hash.update(changed.unwrap_or_default().as_nanos().to_le_bytes());
        let id = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path, size: about.len(), id, arch, interpreter })
    }

    /// Whether a machine may run it at all.
    fn fits(&self, facts: &Facts) -> Result<(), String> {
        if facts.os == Os::Linux && self.arch == Some(facts.arch) {
            return Ok(());
        }
        let own = self.arch.map_or_else(|| "another processor".to_owned(), |arch| format!("Linux on {arch}"));
        Err(format!(
            "{} cannot be sent: it is for {own}, and the job runs on {} on {}",
            self.path.display(),
            facts.os,
            facts.arch
        ))
    }
}

impl Tree for Program {
    fn id(&self) -> TreeId {
        TreeId(self.id.clone())
    }

    fn shared_folder(&self) -> Option<&Path> {
        None
    }

    fn walk(&self, visit: &mut dyn FnMut(&str, TreeEntry) -> io::Result<()>) -> io::Result<()> {
        visit(PROGRAM, TreeEntry::File { executable: true, size: self.size })?;
        visit(WHOLE, TreeEntry::File { executable: false, size: 0 })
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        match path {
            PROGRAM => Ok(Box::new(File::open(&self.path)?)),
            _ => Ok(Box::new(io::empty())),
        }
    }

    fn file_path(&self, path: &str) -> Option<PathBuf> {
        (path == PROGRAM).then(|| self.path.clone())
    }
}

/// What the ELF header of a program of 64 bits says.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    arch: Option<Arch>,
    interpreter: Option<String>,
}

/// A path, its end included: longer ones the kernel does not take either.
const LONGEST: u64 = 4096;

impl Header {
    /// Reads it; `None` where it is none.
    fn read(file: &mut (impl Read + Seek)) -> io::Result<Option<Self>> {
        let mut header = [0; 64];
        if let Err(error) = file.read_exact(&mut header) {
            return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
        }
        // 64 bits, the low byte first.
        if !header.starts_with(b"\x7fELF\x02\x01") {
            return Ok(None);
        }
        let arch = match half(&header, 18) {
            62 => Some(Arch::X64),
            183 => Some(Arch::Arm64),
            _ => None,
        };
        let (table, size, count) = (word(&header, 32), half(&header, 54), half(&header, 56));
        let mut interpreter = None;
        for index in 0..u64::from(count) {
            let mut entry = [0; 56];
            file.seek(SeekFrom::Start(table.saturating_add(index * u64::from(size))))?;
            if file.read_exact(&mut entry).is_err() {
                break;
            }
            if entry[..4] == 3_u32.to_le_bytes() {
                file.seek(SeekFrom::Start(word(&entry, 8)))?;
                let mut path = Vec::new();
                file.take(word(&entry, 32).min(LONGEST)).read_to_end(&mut path)?;
                let path = String::from_utf8_lossy(&path).trim_end_matches('\0').to_owned();
                interpreter = path.starts_with('/').then_some(path);
                break;
            }
        }
        Ok(Some(Self { arch, interpreter }))
    }
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// A header, one entry of another kind, one that names the interpreter, its text.
    fn program(machine: u16, interpreter: &str) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 2 * 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&2_u16.to_le_bytes());
        let (entry, text) = (64 + 56, bytes.len() as u64);
        bytes[entry..entry + 4].copy_from_slice(&3_u32.to_le_bytes());
        bytes[entry + 8..entry + 16].copy_from_slice(&text.to_le_bytes());
        bytes[entry + 32..entry + 40].copy_from_slice(&(interpreter.len() as u64 + 1).to_le_bytes());
        bytes.extend(interpreter.bytes().chain([0]));
        bytes
    }

    fn header(bytes: &[u8]) -> Option<Header> {
        Header::read(&mut Cursor::new(bytes)).unwrap()
    }

    #[test]
    fn a_program_says_its_processor_and_what_loads_it() {
        let loader = "/lib64/ld-linux-x86-64.so.2";
        let found = header(&program(62, loader)).unwrap();
        assert_eq!(found, Header { arch: Some(Arch::X64), interpreter: Some(loader.to_owned()) });
        assert_eq!(header(&program(183, "")).unwrap(), Header { arch: Some(Arch::Arm64), interpreter: None });
        assert_eq!(header(&program(8, loader)).unwrap().arch, None);
    }

    #[test]
    fn what_is_no_program_and_what_is_cut_off_is_no_mistake() {
        for bytes in [&b""[..], b"#!/bin/sh\nexec node20 \"$@\"\n", &[0; 64], &program(62, "/l")[..63]] {
            assert_eq!(header(bytes), None);
        }
        let cut = &program(62, "/lib/ld.so")[..70];
        assert_eq!(header(cut).unwrap().interpreter, None);
    }

    #[test]
    fn a_version_is_told_from_a_complaint() {
        assert!(is_version("v20.20.2"));
        assert!(!is_version("node: error while loading shared libraries: libstdc++.so.6"));
        assert!(!is_version("very wrong"));
    }

    #[test]
    fn the_program_is_written_before_what_says_that_it_is_whole() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("node");
        fs::write(&path, program(62, "/l")).unwrap();
        let (program, mut names) = (Program::read(&path).unwrap(), Vec::new());
        program
            .walk(&mut |path, _| {
                names.push(path.to_owned());
                Ok(())
            })
            .unwrap();
        assert_eq!(names, [PROGRAM, WHOLE]);
        fs::write(&path, b"#!/bin/sh").unwrap();
        assert_eq!(Program::read(&path).unwrap_err(), "it is no program for Linux of 64 bits");
    }
}
