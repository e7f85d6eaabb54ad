//! Guests in JavaScript and Python, built by what their languages use for it.
//!
//! What npm and pip bring lies in the user's cache, not in the checkout; the versions are in the guests' folders. Where
//! npm, Python or the network is missing, a guest is left out, by name; in CI that is a failure.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{embed, line};
use crate::cargo::{listen, root};

/// The components in JavaScript: source and manifest, and the world.
const JAVASCRIPT: [(&str, &str); 2] = [("labels", "label-mapper"), ("policy", "policy")];

/// Builds them; returns a line each.
pub(super) fn build(to: &Path) -> Result<Vec<String>, String> {
    let mut lines = Vec::new();
    for (language, built) in [("js", javascript(to)), ("python", python(to))] {
        match built {
            Ok(built) => lines.extend(built),
            Err(Missing::Tool(why)) if std::env::var_os("CI").is_none_or(|value| value != "true") => {
                lines.push(format!(
                    "{language}: skipped: {}",
                    why.trim_end().lines().next_back().unwrap_or_default()
                ));
            }
            Err(Missing::Tool(why) | Missing::Guest(why)) => return Err(format!("{language}: {why}")),
        }
    }
    Ok(lines)
}

/// Why there is no component.
enum Missing {
    /// What builds it cannot be had.
    Tool(String),
    /// It cannot be built.
    Guest(String),
}

fn javascript(to: &Path) -> Result<Vec<String>, Missing> {
    let guest = root().join("tests/guests/js");
    let tools = install("js", &guest.join("package.json"), |folder| {
        copy(&guest.join("package.json"), &folder.join("package.json"))?;
        run(Command::new("npm").args(["install", "--no-audit", "--no-fund", "--silent"]).current_dir(folder))
    })?;
    let builder = tools.join("node_modules/componentize-qjs/cli.mjs");
    let mut lines = Vec::new();
    for (name, world) in JAVASCRIPT {
        let source = guest.join(name).with_extension("js");
        let plugin = format!("js-{name}");
        let made = unless_made(to, &plugin, &[&source, &guest.join("package.json")], |component| {
            let mut command = Command::new("node");
            command.arg(&builder).args([
                "--stub-wasi",
                "--sync",
                "--world",
                &format!("act-host:plugin/{world}@0.1.0"),
            ]);
            command.arg("--wit").arg(root().join("wit")).arg("--js").arg(&source).arg("-o").arg(component);
            run(&mut command)
        });
        let size = made.and_then(|made| put(&made, &guest.join(name).with_extension("toml"), to, &plugin));
        lines.push(size.map_err(Missing::Guest)?);
    }
    Ok(lines)
}

fn python(to: &Path) -> Result<Vec<String>, Missing> {
    let guest = root().join("tests/guests/python");
    let requirements = guest.join("requirements.txt");
    let tools = install("python", &requirements, |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let pip = folder.join("bin/pip");
        run(Command::new(pip)
            .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(&requirements))
    })?;
    let (source, world) = (guest.join("app.py"), guest.join("world.wit"));
    let made = unless_made(to, "python", &[&source, &world, &requirements], |component| {
        // A world of one's own has the packages that it includes from in `deps`.
        let wit = tempfile::tempdir().map_err(|error| format!("cannot make a folder: {error}"))?;
        copy(&world, &wit.path().join("world.wit"))?;
        copy(&root().join("wit/plugin.wit"), &wit.path().join("deps/plugin/plugin.wit"))?;
        for (package, file) in packages()? {
            copy(&file, &wit.path().join("deps").join(&package).join(file.file_name().unwrap_or_default()))?;
        }
        let mut command = Command::new(tools.join("bin/componentize-py"));
        command.arg("-d").arg(wit.path()).args(["-w", "guest:python/plugin", "componentize", "app", "-p"]);
        run(command.arg(&guest).arg("-o").arg(component))
    });
    let size = made.and_then(|made| put(&made, &guest.join("app.toml"), to, "python"));
    Ok(vec![size.map_err(Missing::Guest)?])
}

/// Returns the files of `wit/deps`, each with its package's folder.
fn packages() -> Result<Vec<(String, PathBuf)>, String> {
    let deps = root().join("wit/deps");
    let entries = |path: &Path| fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut files = Vec::new();
    for package in entries(&deps)?.flatten() {
        let name = package.file_name().to_string_lossy().into_owned();
        files.extend(entries(&package.path())?.flatten().map(|file| (name.clone(), file.path())));
    }
    files.sort();
    Ok(files)
}

/// Returns a folder of the cache with tools in it; installs them where the list of them is another one than last time.
fn install(
    name: &str,
    list: &Path,
    install: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, Missing> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    let cache = cache.ok_or_else(|| Missing::Tool("there is neither XDG_CACHE_HOME nor HOME".to_owned()))?;
    let wanted = fs::read(list).map_err(|error| Missing::Guest(format!("{}: {error}", list.display())))?;
    let folder = cache.join("act-host/guests").join(format!("{name}-{:016x}", fingerprint(&[wanted])));
    if !folder.join("installed").exists() {
        let failed = |error: std::io::Error| Missing::Tool(format!("{}: {error}", folder.display()));
        // What a broken install left behind is no start for another one.
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(failed)?;
        }
        fs::create_dir_all(&folder).map_err(failed)?;
        install(&folder).map_err(Missing::Tool)?;
        fs::write(folder.join("installed"), "").map_err(failed)?;
    }
    Ok(folder)
}

/// Makes a component in a folder beside the others, unless it was made of the same sources before.
fn unless_made(
    to: &Path,
    name: &str,
    sources: &[&Path],
    make: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    let read = |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let mut contents = sources.iter().map(|source| read(source)).collect::<Result<Vec<_>, _>>()?;
    contents.push(read(&root().join("wit/plugin.wit"))?);
    for (_, file) in packages()? {
        contents.push(read(&file)?);
    }
    let folder = to.join("bare");
    let component = folder.join(format!("{name}-{:016x}.wasm", fingerprint(&contents)));
    if !component.exists() {
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let unfinished = component.with_extension("unfinished");
        make(&unfinished)?;
        fs::rename(&unfinished, &component).map_err(|error| format!("{}: {error}", component.display()))?;
    }
    Ok(component)
}

fn put(component: &Path, manifest: &Path, to: &Path, name: &str) -> Result<String, String> {
    let size = embed(component, manifest, &to.join(format!("{name}.wasm")))?;
    Ok(line(name, size))
}

fn fingerprint(contents: &[Vec<u8>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    hasher.finish()
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let said = |error: std::io::Error| format!("{}: {error}", to.display());
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(said)?;
    }
    fs::copy(from, to).map(|_| ()).map_err(said)
}

fn run(command: &mut Command) -> Result<(), String> {
    let said = listen(command)?;
    if said.success { Ok(()) } else { Err(said.text) }
}
