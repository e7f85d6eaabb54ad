//! Runs processes and takes their time, processor time and memory.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Measurements of one side.
#[derive(Clone, Debug)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn median(&self) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort();
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }

    /// Tells the median, and the range of the middle half.
    pub(super) fn tell(&self) -> String {
        let mut sorted = self.0.clone();
        sorted.sort();
        let at = |part: usize| millis(sorted.get(sorted.len() * part / 4).copied().unwrap_or_default());
        format!("{} ({}–{})", at(2), at(1), at(3))
    }
}

/// Tells a duration in milliseconds.
pub(super) fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1e3;
    if millis < 100.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

/// Returns how often the second goes into the first.
pub(super) fn ratio(first: Duration, second: Duration) -> f64 {
    first.as_secs_f64() / second.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// Does two things in turn, `runs` times after one that does not count, and takes the time of each.
///
/// # Errors
/// Whatever one of them says.
pub(super) fn paired(
    runs: usize,
    mut first: impl FnMut() -> Result<Duration, String>,
    mut second: impl FnMut() -> Result<Duration, String>,
) -> Result<(Times, Times), String> {
    let (mut ones, mut others) = (Vec::new(), Vec::new());
    first()?;
    second()?;
    for turn in 0..runs {
        // Who goes first changes, so that neither always finds the caches that the other left.
        if turn % 2 == 0 {
            ones.push(first()?);
            others.push(second()?);
        } else {
            others.push(second()?);
            ones.push(first()?);
        }
    }
    Ok((Times(ones), Times(others)))
}

/// Takes the time of one thing, `runs` times after one that does not count.
///
/// # Errors
/// Whatever it says.
pub(super) fn alone(
    runs: usize,
    mut work: impl FnMut() -> Result<Duration, String>,
) -> Result<Times, String> {
    work()?;
    (0..runs).map(|_| work()).collect::<Result<_, _>>().map(Times)
}

/// Runs a command to its end, unheard, and returns how long it took.
///
/// # Errors
/// When it cannot start or does not succeed.
pub(super) fn time(command: &mut Command) -> Result<Duration, String> {
    time_until(command, 0)
}

/// Runs a command to its end, unheard, and returns how long it took.
///
/// # Errors
/// When it cannot start or ends with another exit code: one that broke early would look fast.
pub(super) fn time_until(command: &mut Command, code: i32) -> Result<Duration, String> {
    let began = Instant::now();
    let status = silent(command).status().map_err(|error| cannot(command, &error))?;
    let took = began.elapsed();
    if status.code() == Some(code) { Ok(took) } else { Err(format!("{} ended with {status}", name(command))) }
}

/// Runs a command and returns the processor time of its own threads, without that of its children.
///
/// Linux keeps it for a process that has ended and was not waited for yet; its unit is 10 ms.
///
/// # Errors
/// When it cannot start, or /proc says nothing.
pub(super) fn own_processor_time(command: &mut Command) -> Result<Duration, String> {
    let mut child = silent(command).spawn().map_err(|error| cannot(command, &error))?;
    let spent = loop {
        let stat = stat(&child)?;
        if stat.state == "Z" {
            break stat.ticks;
        }
        sleep(Duration::from_millis(2));
    };
    ended(command, &mut child)?;
    Ok(Duration::from_millis(spent * 10))
}

/// Runs a command and returns the largest resident size of it alone, in bytes.
///
/// # Errors
/// When it cannot start, or fails.
pub(super) fn peak_memory(command: &mut Command) -> Result<u64, String> {
    let mut child = silent(command).spawn().map_err(|error| cannot(command, &error))?;
    let mut peak = 0;
    while stat(&child)?.state != "Z" {
        peak = peak.max(high_water(&child).unwrap_or(0));
        sleep(Duration::from_micros(500));
    }
    ended(command, &mut child)?;
    Ok(peak)
}

struct Stat {
    state: String,
    ticks: u64,
}

/// Reads state, utime and stime: fields 3, 14 and 15 of proc(5), after a name that may hold anything.
fn stat(child: &Child) -> Result<Stat, String> {
    let path = format!("/proc/{}/stat", child.id());
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3).and_then(|ticks| ticks.parse::<u64>().ok()).unwrap_or(0);
    Ok(Stat { state: (*fields.first().unwrap_or(&"Z")).to_owned(), ticks: ticks(14) + ticks(15) })
}

fn high_water(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn ended(command: &Command, child: &mut Child) -> Result<(), String> {
    let status = child.wait().map_err(|error| cannot(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("{} ended with {status}", name(command))) }
}

fn silent(command: &mut Command) -> &mut Command {
    command.stdout(Stdio::null()).stderr(Stdio::null())
}

fn cannot(command: &Command, error: &std::io::Error) -> String {
    format!("cannot run {}: {error}", name(command))
}

fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
