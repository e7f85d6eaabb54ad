//! The ports of a run, named: log and reporters, actions, groups, this machine.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use act_core::Loss;
use act_core::control::{ActionError, Checkout, CheckoutAsk, Emission, FetchedAction, RemoteUses, Secret};
use act_core::event::JobStamp;
use act_core::tree::Tree;
use act_engine::ports::{Clock, Host, RunLog, Sources};
use act_engine::request::RunRequest;
use act_git::{ActionStore, Git, Repository, Server, StoreOptions, WorkingTree};
use act_local::{LocalConfig, LocalProvisioner, LocalScheduler};
use act_store::{FileGroups, LogError, Runs};
use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::facts::Facts;
use super::plan::mappers;
use super::trouble::UsedAt;
use crate::config::Config;
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::LogFormat;
use crate::report::{Github, Json, Names, Reporter, Terminal, View, Volume};
use crate::stream;

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
        // A dry run fetches nothing.
        offline: config.actions.offline || config.dry_run,
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

/// Opens this machine.
pub(crate) fn provisioner(config: &Config) -> Result<Arc<LocalProvisioner>, CliError> {
    let provisioner = LocalProvisioner::open(this_machine(config)).map_err(|error| {
        let message = format!("cannot keep machines in {}: {error}", config.state.display());
        CliError::new(Exit::Infrastructure, message).hint("`ACT_HOST_STATE` names another folder for runs")
    })?;
    Ok(Arc::new(provisioner))
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

/// The ports of one run, and who tells the user of it.
pub(crate) struct RunHost {
    pub(crate) host: Host,
    pub(crate) log: Arc<ToldLog>,
}

/// Names the ports of a run and starts its log.
pub(crate) fn open(
    config: &Config,
    facts: &Facts,
    request: &RunRequest,
    store: &Arc<ActionStore>,
    provisioner: &Arc<LocalProvisioner>,
) -> Result<RunHost, CliError> {
    let infrastructure = |error: LogError| {
        CliError::new(Exit::Infrastructure, error).hint("`ACT_HOST_STATE` names another folder for runs")
    };
    let log = Runs::new(&config.state).create(request.run).map_err(infrastructure)?;
    let clock = Arc::new(SystemClock);
    let told = Told { log, reporter: reporter(config), unheard: false };
    let log = Arc::new(ToldLog { told: Mutex::new(told), clock: clock.clone() });
    let sources = RunSources {
        store: store.clone(),
        git: facts.git.clone(),
        repository: facts.work_tree.clone(),
        root: config.selection.root.clone(),
        in_place: config.machine.bind,
        used: UsedAt::of(request),
        trees: Mutex::default(),
    };
    let host = Host {
        log: log.clone(),
        sources: Arc::new(sources),
        groups: Arc::new(FileGroups::new(&config.state)),
        mappers: mappers(config),
        scheduler: Arc::new(LocalScheduler),
        provisioner: provisioner.clone(),
        clock,
    };
    Ok(RunHost { host, log })
}

/// Bytes that are gathered before they are written where nobody watches.
const BUFFER: usize = 64 * 1024;

fn reporter(config: &Config) -> Box<dyn Reporter> {
    let out = io::stdout();
    let volume = match (config.output.quiet, config.output.verbose) {
        (true, _) => Volume::Quiet,
        (false, true) => Volume::Verbose,
        (false, false) => Volume::Normal,
    };
    let view = |live| View { color: stream::colour_out(), live, volume, fold_groups: live.is_some() };
    match config.output.format {
        LogFormat::Json => Box::new(Json::new(BufWriter::with_capacity(BUFFER, out))),
        LogFormat::Github => {
            let clean = out.is_terminal();
            Box::new(Github::new(BufWriter::with_capacity(BUFFER, out), Names::Shown, clean))
        }
        LogFormat::Plain => Box::new(Terminal::new(BufWriter::with_capacity(BUFFER, out), view(None))),
        LogFormat::Terminal => {
            let columns = out.is_terminal().then(terminal_columns);
            Box::new(Terminal::new(BufWriter::with_capacity(BUFFER, out), view(columns)))
        }
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

impl RunLog for ToldLog {
    fn append(&self, job: Option<&JobStamp>, emission: Emission) -> Result<(), Loss> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let Emission { records, events } = emission;
        let appended =
            told.log.append(job, events, &records, self.clock.now()).map_err(|error| match error {
                LogError::Fenced { .. } => Loss::Fenced,
                other => Loss::Log(with_causes(&other)),
            })?;
        // A reader who goes away (`| head`) ends the telling, not the run.
        if !told.unheard && !appended.envelopes.is_empty() {
            told.unheard = told.reporter.appended(&appended).is_err();
        }
        Ok(())
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

/// A working tree, listed by whoever asks first.
type KnownTree = Arc<OnceCell<Arc<dyn Tree>>>;

/// Actions from the store, the repository from the disk.
struct RunSources {
    store: Arc<ActionStore>,
    git: Git,
    repository: Option<Repository>,
    root: std::path::PathBuf,
    in_place: bool,
    used: UsedAt,
    /// By depth: all jobs of a run see the same files, listed once.
    trees: Mutex<HashMap<u32, KnownTree>>,
}

impl RunSources {
    async fn working_tree(&self, fetch_depth: u32) -> Result<Arc<dyn Tree>, ActionError> {
        let tree = match &self.repository {
            Some(repository) => WorkingTree::of_repository(&self.git, repository, fetch_depth).await,
            None => WorkingTree::of_folder(self.root.clone()).await,
        };
        let tree = tree.map_err(|error| ActionError { message: error.to_string() })?;
        for left_out in tree.left_out() {
            stream::complain(&format!("warning: {left_out} is not checked out: its name is not UTF-8\n"));
        }
        Ok(Arc::new(tree))
    }
}

#[async_trait]
impl Sources for RunSources {
    async fn action(&self, uses: &RemoteUses) -> Result<FetchedAction, ActionError> {
        self.store.action(uses).await.map_err(|error| self.used.explain(uses, &error))
    }

    async fn checkout(&self, ask: &CheckoutAsk) -> Result<Checkout, ActionError> {
        if self.in_place {
            return Ok(Checkout::InPlace);
        }
        let known = {
            let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(trees.entry(ask.fetch_depth).or_default())
        };
        let tree = known.get_or_try_init(|| self.working_tree(ask.fetch_depth)).await?;
        Ok(Checkout::Tree(Arc::clone(tree)))
    }
}

/// Flushes what is still in buffers.
impl Drop for Told {
    fn drop(&mut self) {
        let _ = io::stdout().flush();
    }
}
