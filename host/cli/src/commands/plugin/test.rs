//! `plugin test`: fixtures in, expected answers out, through the same host that asks plugins in a run.
//!
//! A fixture is a TOML or JSON file:
//!
//! ```toml
//! kind = "label-mapper"              # needed only for a plugin of several kinds
//! settings = { pool = "big" }        # what the plugin is told
//! ask = { labels = ["acme-big"] }    # what it is asked; what is left out is empty
//! [expect]                           # what it must answer; what is left out may be anything
//! answer = "mine"
//! placement = { os = "Linux" }
//! ```

mod fixture;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use act_core::control::Secret;
use act_plugins::grants::{CredentialSource, DecisionGrant, HttpGrant, KvGrant};
use act_plugins::manifest::Requests;
use act_plugins::{Capabilities, Credentials, Grants, GuestSaid, LogSink, Plugin, PluginHost, PluginSpec};
use clap::Args;

use self::fixture::{Fixture, differences};
use super::build::build;
use super::{Component, locate};
use crate::error::CliError;
use crate::exit::Exit;
use crate::stream;
use crate::world::World;

#[derive(Args, Debug)]
pub(super) struct Flags {
    /// The folder of the plugin; its fixtures are in tests/fixtures
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,

    /// Test this component, instead of building the folder's own
    #[arg(long, value_name = "FILE|NAME")]
    plugin: Option<PathBuf>,

    /// Show what the plugin logs
    #[arg(short = 'v', long)]
    verbose: bool,
}

/// Asks every fixture.
pub(super) fn run(flags: &Flags, world: &World) -> Result<Exit, CliError> {
    let folder = world.absolute(&flags.folder);
    let fixtures = fixture::read_all(&folder.join("tests/fixtures"))?;
    let component = match &flags.plugin {
        Some(plugin) => locate(plugin, world)?,
        None => build(&folder, None)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Exit::Internal, error))?;
    runtime.block_on(ask_all(&component, &fixtures, flags.verbose, world))
}

async fn ask_all(path: &Path, fixtures: &[Fixture], verbose: bool, world: &World) -> Result<Exit, CliError> {
    let component = Component::read(path.to_owned())?;
    let host = crate::running::plugin_host(
        Arc::new(Lines { verbose }),
        Arc::new(Nothing),
        Capabilities::NoneLinked,
        world,
    )?;
    let mut failed = 0;
    for fixture in fixtures {
        let plugin = load(&host, &component, fixture).await?;
        let answer = fixture.ask(&plugin).await?;
        let wrong = differences(&fixture.expect, &answer);
        let mut text = String::new();
        if wrong.is_empty() {
            let _ = writeln!(text, "ok      {}", fixture.name);
        } else {
            failed += 1;
            let _ = writeln!(text, "FAILED  {}", fixture.name);
            for line in wrong {
                let _ = writeln!(text, "  {line}");
            }
            let _ = writeln!(text, "  answer: {answer}");
        }
        stream::print_text(&stream::harmless(&text))?;
    }
    let passed = fixtures.len() - failed;
    stream::print_text(&format!("{passed} passed, {failed} failed\n"))?;
    Ok(if failed == 0 { Exit::Success } else { Exit::JobFailed })
}

async fn load(host: &PluginHost, component: &Component, fixture: &Fixture) -> Result<Plugin, CliError> {
    let mut spec = PluginSpec::new(component.manifest.name.clone(), component.path.clone());
    spec.settings = fixture.settings.clone();
    // It is let load; what it asks for is not linked all the same.
    spec.grants = all_of(&component.manifest.request);
    let loaded = host.load(spec).await;
    loaded.map_err(|error| {
        CliError::new(Exit::Infrastructure, error).hint(format!("asked by {}", fixture.name))
    })
}

fn all_of(requests: &Requests) -> Grants {
    let http = requests.http.iter().map(|asked| HttpGrant {
        hosts: asked.hosts.clone(),
        methods: asked.methods.clone(),
        bearer: None,
        allow_private: false,
        max_response: act_plugins::amount::Size::mib(1),
    });
    Grants {
        http: http.collect(),
        kv: requests.kv.as_ref().map(|asked| KvGrant { quota: asked.quota }),
        decisions: requests.decisions.as_ref().map(|asked| DecisionGrant { kinds: asked.kinds.clone() }),
    }
}

/// Shows what the plugin logs, where that is wanted.
struct Lines {
    verbose: bool,
}

impl LogSink for Lines {
    fn said(&self, said: GuestSaid<'_>) {
        for line in said.lines.iter().filter(|_| self.verbose) {
            stream::complain(&format!("{}: {}\n", said.plugin, line.text));
        }
    }

    fn notice(&self, text: &str) {
        stream::complain(&format!("notice: {}\n", stream::harmless(text)));
    }
}

/// A test has no credentials.
struct Nothing;

impl Credentials for Nothing {
    fn reveal(&self, _: &CredentialSource) -> Option<Secret> {
        None
    }
}
