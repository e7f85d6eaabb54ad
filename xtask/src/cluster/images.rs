//! The images of a cluster, made of the machine's own programs and of Debian's packages: nothing is pulled.
//!
//! | name | what is in it |
//! | --- | --- |
//! | `bed.local/pause:1` | what holds a pod |
//! | `bed.local/busybox:1` | busybox, its applets in `/bin` |
//! | `bed.local/static:1` | one static program and nothing else: no shell, no user, no library |
//! | `bed.local/node:1` | this machine's node, bash and git, with busybox for the rest |
//! | `bed.local/postgres:1` | Debian's PostgreSQL; `POSTGRES_USER`, `POSTGRES_PASSWORD`, `POSTGRES_DB` as usual |
//! | `bed.local/redis:1` | Debian's Redis |
//! | `bed.local/open:1`, `bed.local/private:1` | busybox once more, for the registries |
//! | `bed.local/foreign:1` | an image that says it is for the other architecture |

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::cache::{self, Key};
use super::debian;
use super::programs::Programs;
use super::tree::{Tree, on_path};
use crate::cargo::listen;

/// An image in the cache.
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) archive: PathBuf,
}

/// What the machine gives to `bed.local/node:1`, with what each of them needs beside its libraries.
const PROGRAMS_OF_NODE: [&str; 6] = ["node", "bash", "git", "tar", "gzip", "env"];

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Makes what is missing.
///
/// # Errors
/// When a program is missing on this machine, or the disk's own.
pub(crate) fn prepare(programs: &Programs, say: &dyn Fn(&str)) -> Result<Vec<Image>, String> {
    let postgres = debian::closed_tree("postgres", &["postgresql-15", "postgresql-client-15", "tzdata"], say)
        .or_else(|_| {
            debian::closed_tree("postgres", &["postgresql-17", "postgresql-client-17", "tzdata"], say)
        })?;
    let redis = debian::closed_tree("redis", &["redis-server", "redis-tools"], say)?;
    let shell = json!(["/bin/sh"]);
    let make = |name, config: Value, key: Key, fill: &dyn Fn(&Tree) -> Result<(), String>| {
        pack(programs, name, config, key, fill)
    };
    let tools = || Key::default().program(&programs.tools);
    let busybox = || Key::default().program(&programs.busybox());
    let alone = |tree: &Tree| tree.copy(&programs.tools, "tool");
    let shells = |tree: &Tree| add_busybox(tree, &programs.busybox());
    Ok(vec![
        make("bed.local/pause:1", json!({ "Entrypoint": ["/tool", "pause"] }), tools()?, &alone)?,
        make(
            "bed.local/static:1",
            json!({ "Entrypoint": ["/tool"], "Cmd": ["print", "static"] }),
            tools()?,
            &alone,
        )?,
        make("bed.local/busybox:1", json!({ "Env": [PATH], "Cmd": shell }), busybox()?, &shells)?,
        // Images of their own, for a kubelet that has pulled one asks who may have it, by whatever name it is known.
        make("bed.local/open:1", of_registry("open"), busybox()?, &shells)?,
        make("bed.local/private:1", of_registry("private"), busybox()?, &shells)?,
        make("bed.local/foreign:1", json!({ "Env": [PATH], "Cmd": shell }), busybox()?, &shells)?,
        make(
            "bed.local/node:1",
            json!({ "Env": [PATH], "Cmd": ["node"] }),
            key_of_node(programs)?,
            &|tree| {
                add_busybox(tree, &programs.busybox())?;
                add_node(tree)
            },
        )?,
        make("bed.local/postgres:1", config_of_postgres(), busybox()?.text(&path_of(&postgres)), &|tree| {
            add_debian(tree, &postgres)?;
            add_postgres(tree, &programs.busybox())
        })?,
        make(
            "bed.local/redis:1",
            json!({ "Env": [PATH], "WorkingDir": "/tmp", "User": "999:999",
                    "Cmd": ["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", ""] }),
            busybox()?.text(&path_of(&redis)),
            &|tree| {
                add_debian(tree, &redis)?;
                add_users(tree, "redis")?;
                add_busybox(tree, &programs.busybox())
            },
        )?,
    ])
}

fn of_registry(name: &str) -> Value {
    json!({ "Env": [PATH], "Cmd": ["/bin/sh"], "Labels": { "registry": name } })
}

fn path_of(folder: &Path) -> String {
    folder.display().to_string()
}

fn pack(
    programs: &Programs,
    name: &'static str,
    config: Value,
    key: Key,
    fill: &dyn Fn(&Tree) -> Result<(), String>,
) -> Result<Image, String> {
    let short = name.trim_start_matches("bed.local/").trim_end_matches(":1");
    let is_arm = std::env::consts::ARCH == "aarch64";
    let architecture = if is_arm != (short == "foreign") { "arm64" } else { "amd64" };
    let config = json!({ "architecture": architecture, "os": "linux", "config": config }).to_string();
    // The recipe is a part of what an image is made of.
    let key = key
        .program(&programs.tools)?
        .text(&config)
        .text(include_str!("images.rs"))
        .text(include_str!("tree.rs"));
    let kept = cache::keep(&format!("image-{short}"), key, |to| {
        let scratch = tempfile::tempdir_in(to).map_err(|error| error.to_string())?;
        fill(&Tree::new(scratch.path()))?;
        let mut command = Command::new(&programs.tools);
        command.args(["image", &config]).arg(scratch.path()).arg(name).arg(to.join("image.tar"));
        let said = listen(&mut command)?;
        if said.success { Ok(()) } else { Err(said.text) }
    })?;
    Ok(Image { name: name.to_owned(), archive: kept.join("image.tar") })
}

fn add_busybox(tree: &Tree, busybox: &Path) -> Result<(), String> {
    let said = listen(Command::new(busybox).arg("--list"))?;
    tree.copy(busybox, "bin/busybox")?;
    for applet in said.text.lines().filter(|&applet| applet != "busybox") {
        // What the image has itself is better than an applet.
        if !tree.has(&format!("bin/{applet}")) && !tree.has(&format!("usr/bin/{applet}")) {
            tree.link("busybox", &format!("bin/{applet}"))?;
        }
    }
    tree.open_folder("tmp")?;
    if tree.has("etc/passwd") { Ok(()) } else { add_users(tree, "user") }
}

/// Root, and one other by the name given, both with a home.
fn add_users(tree: &Tree, user: &str) -> Result<(), String> {
    tree.write("etc/passwd", &format!("root:x:0:0:root:/root:/bin/sh\n{user}:x:999:999::/tmp:/bin/sh\n"))?;
    tree.write("etc/group", &format!("root:x:0:\n{user}:x:999:\n"))?;
    tree.write("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")?;
    tree.open_folder("tmp")
}

/// Recent packages count on these links, which another package makes.
fn add_debian(tree: &Tree, packages: &Path) -> Result<(), String> {
    tree.copy_all(packages, "")?;
    for name in ["lib", "lib64"] {
        if !tree.has(name) && tree.has(&format!("usr/{name}")) {
            tree.link(&format!("usr/{name}"), name)?;
        }
    }
    Ok(())
}

fn key_of_node(programs: &Programs) -> Result<Key, String> {
    let key = Key::default().program(&programs.busybox())?;
    PROGRAMS_OF_NODE.iter().try_fold(key, |key, name| key.program(&on_path(name)?))
}

fn add_node(tree: &Tree) -> Result<(), String> {
    for name in PROGRAMS_OF_NODE {
        let program = on_path(name)?;
        let place = format!("usr/bin/{name}");
        tree.copy(&program, &place)?;
        tree.libraries_of(&program)?;
        // A busybox of the same name comes before it on the path.
        if tree.has(&format!("bin/{name}")) {
            tree.remove(&format!("bin/{name}"))?;
            tree.link(&format!("../{place}"), &format!("bin/{name}"))?;
        }
    }
    if !tree.has("bin/bash") {
        tree.link("../usr/bin/bash", "bin/bash")?;
    }
    let said = listen(Command::new("git").arg("--exec-path"))?;
    let core = PathBuf::from(said.text.trim());
    // Most of what lies there is git itself once more.
    let inside = core.strip_prefix("/").unwrap_or(&core).display().to_string();
    for name in ["git-remote-http", "git-remote-https", "git-upload-pack", "git-sh-setup", "git-submodule"] {
        let program = core.join(name);
        if program.exists() {
            tree.copy(&program, &format!("{inside}/{name}"))?;
            tree.libraries_of(&program)?;
        }
    }
    let templates = Path::new("/usr/share/git-core/templates");
    if templates.is_dir() {
        tree.copy_all(templates, "usr/share/git-core/templates")?;
    }
    tree.write("etc/gitconfig", "[safe]\n\tdirectory = *\n")
}

fn config_of_postgres() -> Value {
    json!({
        "Env": [format!("{PATH}:/usr/lib/postgresql/bin"), "PGDATA=/var/lib/postgresql/data"],
        "Entrypoint": ["/bin/sh", "/entrypoint.sh"],
        "User": "999:999",
        "ExposedPorts": { "5432/tcp": {} },
    })
}

/// What the entry point of the usual image does, as far as workflows rely on it.
const ENTRYPOINT: &str = r#"set -e
user=${POSTGRES_USER:-postgres}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
    exit 1
  fi
  method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  printf %s "$POSTGRES_PASSWORD" >/tmp/password
  if [ -s /tmp/password ]; then with="--pwfile=/tmp/password"; fi
  initdb --username="$user" --auth-local=trust --auth-host="$method" --encoding=UTF8 --locale=C $with >/dev/null
  rm /tmp/password
  echo "host all all all $method" >>"$PGDATA/pg_hba.conf"
  if [ "${POSTGRES_DB:-$user}" != postgres ]; then
    echo "CREATE DATABASE \"${POSTGRES_DB:-$user}\"" | postgres --single postgres >/dev/null
  fi
fi
exec postgres -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off "$@"
"#;

fn add_postgres(tree: &Tree, busybox: &Path) -> Result<(), String> {
    add_users(tree, "postgres")?;
    let versions = tree.names("usr/lib/postgresql")?;
    let version = versions.first().ok_or("Debian's package has no PostgreSQL in it")?;
    tree.link(&format!("{version}/bin"), "usr/lib/postgresql/bin")?;
    tree.write("entrypoint.sh", ENTRYPOINT)?;
    // Its own wrappers are Perl; the programs themselves lie on the path.
    for name in ["psql", "pg_isready", "createdb", "pg_dump"] {
        tree.remove(&format!("usr/bin/{name}"))?;
        tree.link(&format!("../lib/postgresql/{version}/bin/{name}"), &format!("usr/bin/{name}"))?;
    }
    add_busybox(tree, busybox)?;
    tree.open_folder("var/lib/postgresql")
}
