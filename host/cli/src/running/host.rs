//! The ports of a run, named: log and reporters, actions, groups, this machine.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use act_core::Loss;
use act_core::control::{Emission, Secret};
use act_core::event::{Envelope, Event, JobStamp};
use act_core::ids::JobKey;
use act_core::provisioner::Provisioner;
use act_engine::Launched;
use act_engine::ports::{Clock, Host, RunLog};
use act_engine::request::RunRequest;
use act_git::{ActionStore, Server, StoreOptions};
use act_local::LocalConfig;
use act_store::{Appended, FileGroups, LogError, LogReader, ReadError};
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::deciders::Deciders;
use super::facts::Facts;
use super::resume::LAUNCH;
use super::sources::RunSources;
use crate::config::{Config, Mode};
use crate::error::CliError;
use crate::flags::LogFormat;
use crate::stream;
use act_report::{Github, Json, Names, Reporter, Screen, Terminal, View, Volume};

/// Variables of this process that jobs get, where they are set; all else is asked for by `--inherit-env` or
/// `--env NAME`. See `docs/semantics.md`.
const INHERITED: [&str; 16] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Opens the store of actions.
pub(crate) fn action_store(config: &Config, facts: &Facts) -> Result<ActionStore, CliError> {
    let parse = |url: &str| Server::parse(url).map_err(CliError::invalid);
    let options = StoreOptions {
        root: config.actions.cache.clone(),
        server: parse(&facts.repository.server_url)?,
        token: config.secrets.0.get("GITHUB_TOKEN").map(|token| Secret::new(token.clone())),
        // What runs nothing fetches nothing.
        offline: config.actions.offline || config.mode != Mode::Run,
        local: config.actions.local.clone(),
    };
    Ok(ActionStore::new(facts.git.clone(), options, |notice| match notice {
        act_git::Notice::TokenRefused { url, reason } => {
            stream::complain(&format!(
                "notice: {url} refused GITHUB_TOKEN and was read without it: {reason}\n"
            ));
        }
    }))
}

/// Returns how jobs run on this machine.
pub(crate) fn this_machine(config: &Config) -> LocalConfig {
    LocalConfig {
        tools: Some(config.state.join("tools")),
        bind: config.machine.bind.then(|| config.selection.root.clone()),
        memory: memory(&config.machine.host_env),
        env: inherited(&config.machine.host_env, config.machine.inherit_env),
        name: "act-host".to_owned(),
        keep: config.machine.keep,
        ..LocalConfig::new(config.state.join("machines"))
    }
}

/// Finds a folder in memory: the user's own, or the one that is open to all.
fn memory(env: &BTreeMap<OsString, OsString>) -> Option<PathBuf> {
    let own = env.get(OsStr::new("XDG_RUNTIME_DIR")).filter(|path| Path::new(path).is_absolute());
    let shared = cfg!(target_os = "linux").then(|| PathBuf::from("/dev/shm"));
    own.map(PathBuf::from).or(shared)
}

fn inherited(env: &BTreeMap<OsString, OsString>, all: bool) -> Vec<(String, String)> {
    let text =
        |(name, value): (&OsString, &OsString)| Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()));
    let wanted = |name: &str| all || INHERITED.iter().any(|known| known.eq_ignore_ascii_case(name));
    env.iter().filter_map(text).filter(|(name, _)| wanted(name)).collect()
}

/// What the runs of one command line have in common.
pub(crate) struct Shared {
    pub(crate) store: Arc<ActionStore>,
    pub(crate) provisioner: Arc<dyn Provisioner>,
    deciders: Deciders,
    places: Arc<Semaphore>,
    screen: Screen<Out>,
}

/// Jobs at once where the user does not say: they mostly wait, and GitHub runs them all.
const CONCURRENT_JOBS: usize = 64;

impl Shared {
    /// Opens as many places as are wanted.
    pub(crate) fn open(
        config: &Config,
        store: Arc<ActionStore>,
        deciders: Deciders,
        provisioner: Arc<dyn Provisioner>,
    ) -> Self {
        let places = config.machine.concurrent_jobs.map_or(CONCURRENT_JOBS, Into::into);
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let screen = Screen::new(BufWriter::with_capacity(BUFFER, io::stdout()));
        Self { store, provisioner, deciders, places, screen }
    }
}

/// The ports of one run, and who tells the user of it.
pub(crate) struct RunHost {
    pub(crate) host: Host,
    pub(crate) log: Arc<ToldLog>,
}

/// Names the ports of a run that is written to `log`. `label` stands before its lines, where there are other runs.
pub(crate) fn open(
    config: &Config,
    facts: &Facts,
    request: &RunRequest,
    log: act_store::RunLog,
    shared: &Shared,
    label: Option<String>,
) -> RunHost {
    let clock = Arc::new(SystemClock);
    let held = label.is_some().then(Vec::new).filter(|_| config.output.format != LogFormat::Json);
    let told = Told { log, reporter: reporter(config, label, &shared.screen), held, unheard: false };
    let log = Arc::new(ToldLog { told: Mutex::new(told), clock: clock.clone() });
    let sources = RunSources::of(config, facts, request, shared.store.clone());
    let host = Host {
        log: log.clone(),
        sources: Arc::new(sources),
        groups: Arc::new(FileGroups::new(&config.state)),
        mappers: shared.deciders.mappers.clone(),
        policies: shared.deciders.policies.clone(),
        scheduler: shared.deciders.scheduler.clone(),
        provisioner: shared.provisioner.clone(),
        clock,
        places: shared.places.clone(),
    };
    RunHost { host, log }
}

/// Bytes that are gathered before they are written where nobody watches.
const BUFFER: usize = 64 * 1024;

type Out = BufWriter<io::Stdout>;

fn reporter(config: &Config, label: Option<String>, screen: &Screen<Out>) -> Box<dyn Reporter> {
    let is_terminal = io::stdout().is_terminal();
    let label = match (label, config.output.format) {
        (None, _) | (_, LogFormat::Json) => String::new(),
        (Some(label), LogFormat::Github) => format!("{}\t", label.trim_end()),
        (Some(label), LogFormat::Plain | LogFormat::Terminal) => format!("{label} │ "),
    };
    let seat = screen.seat(label);
    let volume = match (config.output.quiet, config.output.verbose) {
        (true, _) => Volume::Quiet,
        (false, true) => Volume::Verbose,
        (false, false) => Volume::Normal,
    };
    let view = |live| View { color: stream::colour_out(), live, volume, fold_groups: live.is_some() };
    match config.output.format {
        LogFormat::Json => Box::new(Json::new(BufWriter::with_capacity(BUFFER, io::stdout()))),
        LogFormat::Github => Box::new(Github::new(seat, Names::Shown, is_terminal)),
        LogFormat::Plain => Box::new(Terminal::new(seat, view(None))),
        LogFormat::Terminal => Box::new(Terminal::new(seat, view(is_terminal.then(terminal_columns)))),
    }
}

fn terminal_columns() -> u16 {
    rustix::termios::tcgetwinsize(io::stdout())
        .map_or(80, |size| if size.ws_col == 0 { 80 } else { size.ws_col })
}

/// A log that tells a reporter what it has kept.
pub(crate) struct ToldLog {
    told: Mutex<Told>,
    clock: Arc<SystemClock>,
}

struct Told {
    log: act_store::RunLog,
    reporter: Box<dyn Reporter>,
    /// The run's end, kept back for as long as other runs go on: what it sums up would scroll away.
    held: Option<Vec<Appended>>,
    /// Whether the reader went away.
    unheard: bool,
}

impl ToldLog {
    /// Lets what moves on the screen move.
    pub(crate) fn tick(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if !told.unheard {
            told.reporter.resize(terminal_columns());
            told.unheard = told.reporter.tick(self.clock.now()).is_err();
        }
    }
}

impl ToldLog {
    /// Tells what was kept back.
    pub(crate) fn tell_end(&self) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for appended in told.held.take().into_iter().flatten() {
            if !told.unheard {
                told.unheard = told.reporter.appended(&appended).is_err();
            }
        }
    }
}

impl ToldLog {
    /// Returns who spoke last for a job.
    pub(crate) fn speaker(&self, job: &JobKey) -> Option<JobStamp> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).log.speaker(job)
    }
}

impl ToldLog {
    /// Tells what another process has kept, before anything new is said.
    pub(crate) fn tell_past(&self, mut past: LogReader) -> Result<(), ReadError> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(envelope) = past.next().transpose()? {
            if told.unheard {
                break;
            }
            let appended = Appended { envelopes: vec![envelope], lines: past.line().to_vec().into() };
            told.unheard = told.reporter.appended(&appended).is_err();
        }
        Ok(())
    }
}

impl RunLog for ToldLog {
    fn append(&self, job: Option<&JobStamp>, emission: Emission) -> Result<(), Loss> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let Emission { records, events } = emission;
        let appended = told.log.append(job, events, &records, self.clock.now()).map_err(loss_of)?;
        // A reader who goes away (`| head`) ends the telling, not the run.
        if !told.unheard && !appended.envelopes.is_empty() {
            let is_end = |told: &Envelope| matches!(told.event, Event::RunFinished { .. });
            match &mut told.held {
                Some(held) if appended.envelopes.iter().any(is_end) => held.push(appended),
                _ => told.unheard = told.reporter.appended(&appended).is_err(),
            }
        }
        Ok(())
    }

    fn launched(&self, launched: &Launched) -> Result<(), Loss> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.log.freeze(LAUNCH, launched).map_err(loss_of)
    }
}

fn loss_of(error: LogError) -> Loss {
    match error {
        LogError::Fenced { .. } => Loss::Fenced,
        other => Loss::Log(with_causes(&other)),
    }
}

/// Returns an error with what caused it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// The system's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Flushes what is still in buffers.
impl Drop for Told {
    fn drop(&mut self) {
        let _ = io::stdout().flush();
    }
}
