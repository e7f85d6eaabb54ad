//! The repositories and folders that the figures run in.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Tags of the repository that has many.
const TAGS: usize = 20_000;

/// A line that is printed again and again, for a shell.
pub(super) const LINE: &str = "'a line as a compiler or a test might print it, of sixty-four bytes'";

/// Has a shell print lines as tests print them, no two of them the same: LZ4 makes 32 KiB of them half.
pub(super) const LOG: &str = r#"node -e 'let seed = 1; const next = (n) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % n; const line = () => `10:${next(60)}:${next(60)}.${next(1000)} test suite_${next(40)}::case_${next(5000)} ... ok (${next(900)} ms, id ${next(4e9).toString(16)})\n`; const more = () => { while (process.stdout.write(Array.from({ length: 1000 }, line).join(""))); }; process.stdout.on("drain", more).on("error", () => process.exit()); more();'"#;

pub(super) struct Fixtures {
    /// A repository with a commit and nothing else.
    pub(super) clean: PathBuf,
    /// The same with many tags, packed, none of which is at HEAD.
    pub(super) tagged: PathBuf,
    /// Home, state and caches of what runs.
    pub(super) home: PathBuf,
    /// For files of figures.
    pub(super) scratch: PathBuf,
}

impl Fixtures {
    /// Makes them anew in `folder`.
    pub(super) fn make(folder: &Path) -> Result<Self, String> {
        let fixtures = Self {
            clean: folder.join("clean"),
            tagged: folder.join("tagged"),
            home: folder.join("home"),
            scratch: folder.join("scratch"),
        };
        for folder in [&fixtures.clean, &fixtures.tagged, &fixtures.home, &fixtures.scratch] {
            if folder.exists() {
                fs::remove_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            }
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        for repository in [&fixtures.clean, &fixtures.tagged] {
            write_repository(repository)?;
        }
        write_tags(&fixtures.tagged)?;
        Ok(fixtures)
    }

    /// Removes what earlier runs left in the state folders.
    pub(super) fn forget_runs(&self) -> Result<(), String> {
        fs::remove_dir_all(&self.home)
            .and_then(|()| fs::create_dir_all(&self.home))
            .map_err(|error| format!("{}: {error}", self.home.display()))
    }
}

fn write_repository(folder: &Path) -> Result<(), String> {
    git(folder, &["init", "--quiet", "--initial-branch=main"])?;
    write(&folder.join("action/action.yml"), "name: empty\nruns: { using: node20, main: main.js }\n")?;
    write(&folder.join("action/main.js"), "")?;
    for (name, jobs) in workflows() {
        write(&folder.join(format!(".github/workflows/{name}.yml")), &format!("on: push\njobs:\n{jobs}"))?;
    }
    git(folder, &["add", "."])?;
    git(folder, &["commit", "--quiet", "--message=First"])?;
    git(folder, &["commit", "--quiet", "--allow-empty", "--message=Second"])
}

/// All workflows that figures run, by name, from `jobs` on.
fn workflows() -> Vec<(&'static str, String)> {
    let job = |name: &str, steps: &str| format!("  {name}:\n    runs-on: ubuntu-latest\n    steps:\n{steps}");
    let empty = "      - run: ':'\n";
    let checkout = "      - uses: actions/checkout@v4\n";
    let action = "      - uses: ./action\n";
    let sleepers = "  sleep:\n    runs-on: ubuntu-latest\n    strategy:\n      matrix:\n        leg: ";
    let legs = (0..40).map(|leg| leg.to_string()).collect::<Vec<_>>().join(", ");
    let many = (0..200).fold(String::new(), |mut jobs, at| {
        jobs.push_str(&job(&format!("job-{at}"), &empty.repeat(5)));
        jobs
    });
    vec![
        ("empty", job("empty", empty)),
        ("hundred", job("hundred", &empty.repeat(100))),
        ("matrix", format!("{sleepers}[{legs}]\n    steps:\n      - run: sleep 0.5\n")),
        ("checkout", job("checkout", checkout)),
        ("javascript", job("javascript", &format!("{checkout}{}", action.repeat(20)))),
        ("output", job("output", &format!("      - run: yes {LINE} | head -c 200000000\n"))),
        ("cluster-steps", job("cluster", &empty.repeat(101))),
        ("cluster-start", job("cluster", "      - run: echo first process at $EPOCHREALTIME\n")),
        (
            "cluster-output",
            job(
                "cluster",
                &format!(
                    "      - run: |\n          {LOG} | head -c 200000000 > /tmp/printed\n      - run: cat /tmp/printed\n"
                ),
            ),
        ),
        ("many", many),
    ]
}

/// Writes the tags as `git pack-refs` does: twenty thousand git processes would take minutes.
fn write_tags(folder: &Path) -> Result<(), String> {
    let first = git_says(folder, &["rev-parse", "HEAD~1"])?;
    let mut packed = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
    for tag in 0..TAGS {
        writeln!(packed, "{first} refs/tags/v{tag:05}").map_err(|error| error.to_string())?;
    }
    write(&folder.join(".git/packed-refs"), &packed)?;
    let found = git_says(folder, &["tag", "--list"])?.lines().count();
    if found == TAGS { Ok(()) } else { Err(format!("git sees {found} of {TAGS} tags")) }
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), String> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, text))
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn git(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    git_says(folder, arguments).map(|_| ())
}

fn git_says(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .args(["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot run git: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
    }
}
