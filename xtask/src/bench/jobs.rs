//! Figures of runs: start-up, steps, repositories, matrices, actions, memory, output.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::measure::{alone, millis, own_processor_time, paired, peak_memory, ratio, time};
use super::{Bench, Figure};

/// Bytes that the step of the workflow `output` prints.
const PRINTED: f64 = 200e6;
/// Uses of the action in the workflow `javascript`.
const ACTIONS: u32 = 20;

impl Bench {
    /// Makes a command in a fixture, with nothing of the caller's environment but the `PATH`.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear().env("HOME", &self.fixtures.home);
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command
    }

    pub(super) fn host(&self, folder: &Path, workflow: &str) -> Command {
        let mut command = self.command(&self.program, folder);
        command.args(["run", "-W", &format!(".github/workflows/{workflow}.yml")]);
        command
    }

    fn act(&self, workflow: &str) -> Result<Command, String> {
        let mut command = self.command(self.peers.act.as_deref()?, &self.fixtures.clean);
        command.args(["push", "--no-cache-server", "-P", "ubuntu-latest=-self-hosted"]);
        command.args(["-W", &format!(".github/workflows/{workflow}.yml")]);
        command.env("ACT_DISABLE_VERSION_CHECK", "1");
        Ok(command)
    }

    fn run(&self, workflow: &str) -> Result<Duration, String> {
        time(&mut self.host(&self.fixtures.clean, workflow))
    }
}

pub(super) fn empty_step(bench: &Bench) -> Result<Figure, String> {
    let times = alone(bench.runs * 2, || bench.run("empty"))?;
    Ok(Figure {
        what: "a run of one job with one empty step",
        value: times.tell(),
        target: "≤ 25 ms",
        met: Some(times.median() <= Duration::from_millis(25)),
        beside: String::new(),
    })
}

pub(super) fn beside_act(bench: &Bench) -> Result<Figure, String> {
    let figure = |value, met, beside| Figure {
        what: "the same beside act",
        value,
        target: "≥ 5× faster",
        met,
        beside,
    };
    let mut act = match bench.act("empty") {
        Ok(act) => act,
        Err(reason) => return Ok(figure("–".to_owned(), None, reason)),
    };
    let (ours, theirs) = paired(bench.runs, || bench.run("empty"), || time(&mut act))?;
    let times = ratio(theirs.median(), ours.median());
    let beside = format!("act {}, act-host {}", theirs.tell(), ours.tell());
    Ok(figure(format!("{times:.1}×"), Some(times >= 5.0), beside))
}

pub(super) fn hundred_steps(bench: &Bench) -> Result<Figure, String> {
    bench.fixtures.forget_runs()?;
    let script = bench.fixtures.scratch.join("empty.sh");
    super::fixtures::write(&script, ":\n")?;
    let bare = || {
        let began = Instant::now();
        for _ in 0..100 {
            time(bench.command(Path::new("bash"), &bench.fixtures.clean).arg("-e").arg(&script))?;
        }
        Ok(began.elapsed())
    };
    let (ours, bare) = paired(bench.runs, || bench.run("hundred"), bare)?;
    let times = ratio(ours.median(), bare.median());
    let mut beside = format!("run {}, bare {}", ours.tell(), bare.tell());
    if let Ok(mut act) = bench.act("hundred") {
        beside.push_str(&format_args!(", act {}", alone(3, || time(&mut act))?.tell()).to_string());
    }
    Ok(Figure {
        what: "100 empty steps, beside 100 bare starts of bash",
        value: format!("{times:.2}×"),
        target: "≤ 1.25×",
        met: Some(times <= 1.25),
        beside,
    })
}

pub(super) fn many_tags(bench: &Bench) -> Result<Figure, String> {
    bench.fixtures.forget_runs()?;
    let tagged = || time(&mut bench.host(&bench.fixtures.tagged, "empty"));
    let (tagged, clean) = paired(bench.runs * 4, tagged, || bench.run("empty"))?;
    let times = ratio(tagged.median(), clean.median());
    Ok(Figure {
        what: "an empty step in a repository with 20,000 tags, beside the clean one",
        value: format!("{times:.2}×"),
        target: "≤ 1.05×",
        met: Some(times <= 1.05),
        beside: format!("{} and {}", tagged.tell(), clean.tell()),
    })
}

pub(super) fn matrix(bench: &Bench) -> Result<Figure, String> {
    bench.fixtures.forget_runs()?;
    let mut host = bench.host(&bench.fixtures.clean, "matrix");
    host.args(["--concurrent-jobs", "40"]);
    let times = alone(bench.runs.min(9), || time(&mut host))?;
    let mut beside = String::new();
    if let Ok(mut act) = bench.act("matrix") {
        act.args(["--concurrent-jobs", "40"]);
        beside = format!("act {} (it runs 4 legs of a matrix at once)", alone(1, || time(&mut act))?.tell());
    }
    Ok(Figure {
        what: "a matrix of 40 legs that sleep 0.5 s",
        value: times.tell(),
        target: "≤ 800 ms",
        met: Some(times.median() <= Duration::from_millis(800)),
        beside,
    })
}

/// A step's own cost: what a run with many such steps takes more than one without, less as many bare starts.
pub(super) fn javascript(bench: &Bench) -> Result<Figure, String> {
    bench.fixtures.forget_runs()?;
    let script = bench.fixtures.clean.join("action/main.js");
    let bare = || {
        let began = Instant::now();
        for _ in 0..ACTIONS {
            time(bench.command(Path::new("node"), &bench.fixtures.clean).arg(&script))?;
        }
        Ok(began.elapsed())
    };
    let (with, bare) = paired(bench.runs, || bench.run("javascript"), bare)?;
    let without = alone(bench.runs, || bench.run("checkout"))?;
    let (step, node) = (with.median().saturating_sub(without.median()) / ACTIONS, bare.median() / ACTIONS);
    let over = step.as_secs_f64() - node.as_secs_f64();
    Ok(Figure {
        what: "a JavaScript action, over a bare start of node",
        value: format!("{:.1} ms", over * 1e3),
        target: "≤ 10 ms",
        met: Some(over <= 0.010),
        beside: format!("step {}, node {}", millis(step), millis(node)),
    })
}

pub(super) fn memory(bench: &Bench) -> Result<Figure, String> {
    let mut peaks = Vec::new();
    for workflow in ["hundred", "output", "many"] {
        let peak = peak_memory(&mut bench.host(&bench.fixtures.clean, workflow))?;
        peaks.push((peak, workflow));
    }
    let megabytes = |peak: u64| format!("{:.1} MB", peak as f64 / 1e6);
    let largest = peaks.iter().map(|(peak, _)| *peak).max().unwrap_or_default();
    let each: Vec<_> =
        peaks.iter().map(|(peak, workflow)| format!("{workflow} {}", megabytes(*peak))).collect();
    Ok(Figure {
        what: "memory of a run at its peak (VmHWM), the largest of three",
        value: megabytes(largest),
        target: "≤ 30 MB",
        met: Some(largest <= 30_000_000),
        beside: each.join(", "),
    })
}

pub(super) fn output(bench: &Bench) -> Result<Figure, String> {
    bench.fixtures.forget_runs()?;
    let (printing, silent) = paired(5, || bench.run("output"), || bench.run("empty"))?;
    let speed = PRINTED / 1e6 / printing.median().saturating_sub(silent.median()).as_secs_f64();
    bench.fixtures.forget_runs()?;
    Ok(Figure {
        what: "a step that prints 200 MB: split, masked, logged, shown",
        value: format!("{speed:.0} MB/s"),
        target: "≥ 150 MB/s",
        met: Some(speed >= 150.0),
        beside: format!("{} in all", printing.tell()),
    })
}

pub(super) fn many_jobs(bench: &Bench) -> Result<Figure, String> {
    bench.run("empty")?;
    let began = Instant::now();
    let spent = own_processor_time(&mut bench.host(&bench.fixtures.clean, "many"))?;
    let wall = began.elapsed();
    Ok(Figure {
        what: "processor time of act-host itself for 200 jobs of 5 steps",
        value: millis(spent),
        target: "≤ 1000 ms",
        met: Some(spent <= Duration::from_secs(1)),
        beside: format!("{} in all, with the 1,000 starts of bash", millis(wall)),
    })
}
