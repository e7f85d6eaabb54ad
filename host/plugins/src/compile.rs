//! Compiling a component to machine code, in a process of its own with bounds on its memory and time.
//!
//! A small component can make a compiler work for hours; the engine's authors do not count that as a fault of theirs.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::time::timeout;
use wasmtime::Engine;

use crate::error::LoadFault;
use crate::spec::Compiler;
use crate::text;

/// The largest component that is compiled, in bytes.
pub(crate) const LARGEST_COMPONENT: usize = 64 << 20;

/// What a compiling child may use: address space, seconds on a processor, time that passes.
const MEMORY: u64 = 2 << 30;
const CPU_SECONDS: u64 = 120;
const WALL: Duration = Duration::from_secs(300);

/// Compiles a component from `input` and writes the machine code to `output`: what the program does when it is run as
/// [`Compiler::Child`]. Sets bounds on this process first, so nothing else belongs in it.
///
/// Returns the exit code: 0, or 1 with the reason on `trouble`.
pub fn compile_child(input: impl Read, output: impl Write, trouble: impl Write) -> u8 {
    let done = bound().and_then(|()| child(input, output));
    let Err(why) = done else { return 0 };
    let mut trouble = trouble;
    // If nobody listens, the exit code has to do.
    let _ = writeln!(trouble, "{why}");
    1
}

fn child(input: impl Read, mut output: impl Write) -> Result<(), String> {
    let mut component = Vec::new();
    let most = u64::try_from(LARGEST_COMPONENT).unwrap_or(u64::MAX);
    input.take(most + 1).read_to_end(&mut component).map_err(|error| error.to_string())?;
    if component.len() > LARGEST_COMPONENT {
        return Err("it is too large".to_owned());
    }
    let engine = Engine::new(&crate::engine::config()).map_err(|error| format!("{error:#}"))?;
    let code = precompile(&engine, &component)?;
    output.write_all(&code).and_then(|()| output.flush()).map_err(|error| error.to_string())
}

fn bound() -> Result<(), String> {
    let set = |resource, most| {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|error| format!("cannot bound the compiler: {error}"))
    };
    set(Resource::As, MEMORY)?;
    set(Resource::Cpu, CPU_SECONDS)?;
    set(Resource::Core, 0)
}

/// Compiles a component here and now.
pub(crate) fn precompile(engine: &Engine, component: &[u8]) -> Result<Vec<u8>, String> {
    engine.precompile_component(component).map_err(|error| format!("{error:#}"))
}

/// Compiles a component as the program wants it.
pub(crate) async fn compile(
    compiler: &Compiler,
    engine: &Engine,
    component: Vec<u8>,
) -> Result<Vec<u8>, LoadFault> {
    match compiler {
        Compiler::InProcess => {
            let engine = engine.clone();
            let done = tokio::task::spawn_blocking(move || precompile(&engine, &component)).await;
            done.map_err(|error| LoadFault::Compile(error.to_string()))?.map_err(|why| told(&why))
        }
        Compiler::Child(argv) => match timeout(WALL, spawn(argv, &component)).await {
            Ok(done) => done,
            Err(_) => Err(LoadFault::Compile(format!("it took longer than {} minutes", WALL.as_secs() / 60))),
        },
    }
}

fn told(why: &str) -> LoadFault {
    LoadFault::Compile(text::reason(why))
}

/// Runs the child; dropped, it is killed.
async fn spawn(argv: &[OsString], component: &[u8]) -> Result<Vec<u8>, LoadFault> {
    let failed = |error: std::io::Error| LoadFault::Compile(format!("the compiler does not run: {error}"));
    let (program, arguments) =
        argv.split_first().ok_or_else(|| LoadFault::Compile("no compiler is configured".to_owned()))?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        // Each thread reserves address space, of which there is so much and not more, whatever the machine.
        .env("RAYON_NUM_THREADS", "4")
        .env("MALLOC_ARENA_MAX", "4")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let (Some(mut input), Some(mut output), Some(trouble)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(LoadFault::Compile("the compiler has no pipes".to_owned()));
    };
    let give = async {
        // A child that ended early says why on its standard error, which is worth more than a broken pipe.
        let _ = input.write_all(component).await;
        drop(input);
    };
    let (mut code, mut said) = (Vec::new(), Vec::new());
    let mut trouble = trouble.take(4096);
    let ((), took, heard) = tokio::join!(give, output.read_to_end(&mut code), trouble.read_to_end(&mut said));
    took.and(heard).map_err(failed)?;
    let status = child.wait().await.map_err(failed)?;
    if status.success() {
        return Ok(code);
    }
    Err(told(&ended(status, &String::from_utf8_lossy(&said))))
}

fn ended(status: std::process::ExitStatus, said: &str) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    let bounds = format!("it may use {} MiB and {CPU_SECONDS} s", MEMORY >> 20);
    match (status.signal(), said.trim()) {
        (None, "") => format!("the compiler ended with {status}"),
        (None, said) => said.to_owned(),
        (Some(_), "") => format!("the compiler was ended by {status}: {bounds}"),
        (Some(_), said) => format!("the compiler was ended by {status}: {bounds}; it said: {said}"),
    }
}
