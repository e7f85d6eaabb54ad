//! Files nobody wrote in good faith: the reader neither panics nor takes long, whatever it is given.

use act_workflow::called::{Found, WorkflowFiles};
use act_workflow::manifest::read_action;
use act_workflow::model::CallTarget;
use act_workflow::options::ParseOptions;
use act_workflow::read::{ReadWorkflow, read_workflow};
use act_workflow::source::Sources;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Every call leads to the same file.
struct Same(Vec<u8>);

impl WorkflowFiles for Same {
    fn find(&mut self, _: &str, target: &CallTarget) -> Found {
        Found::Workflow { name: target.to_string().into(), bytes: self.0.clone(), trusted: false }
    }
}

fn read(bytes: &[u8]) -> ReadWorkflow {
    let mut sources = Sources::new();
    let read =
        read_workflow(&mut sources, "w.yml", bytes, &ParseOptions::default(), &mut Same(bytes.to_vec()));
    for problem in &read.problems {
        assert!(!problem.display(&sources).to_string().is_empty());
    }
    assert_eq!(read.workflow.is_some(), read.problems.is_empty());
    if let Some(workflow) = &read.workflow {
        let json = serde_json::to_string(workflow).expect("a workflow is JSON");
        assert_eq!(
            &serde_json::from_str::<act_workflow::model::Workflow>(&json).expect("and back"),
            workflow
        );
    }
    read
}

/// A hostile file that takes longer, whatever else the machine does, takes for ever.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn bombs_end_with_a_problem() {
    let many = 200_000;
    let mut aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        let below = format!("*a{}", level - 1);
        aliases.extend([format!("a{level}: &a{level} ["), vec![below; 10].join(", "), "]\n".to_owned()]);
    }
    let caller = "on: workflow_call\njobs:\n  a:\n    uses: o/r/.github/workflows/f.yml@v1\n  b:\n    uses: o/r/.github/workflows/f.yml@v1\n";
    let step = |count: usize| "- uses: a/b@c\n".repeat(count).replace("- ", "      - ");
    let cases = [
        ("aliases", aliases),
        ("alias in its anchor", "a: &a [*a]".to_owned()),
        ("flow depth", "[".repeat(many)),
        ("flow mappings", "{a: ".repeat(many)),
        ("block depth", (0..2000).map(|level| format!("{}a:\n", " ".repeat(level))).collect()),
        ("dashes", "- ".repeat(many)),
        ("questions", "? ".repeat(many)),
        ("keys", (0..many).map(|index| format!("k{index}: v\n")).collect()),
        ("same key", "on: push\n".repeat(many / 4)),
        ("anchors", (0..many / 8).map(|index| format!("- &a{index} x\n")).collect()),
        ("aliases of one scalar", format!("a: &a x\nb: [{}]", "*a, ".repeat(many))),
        ("long line", "x".repeat(900_000)),
        ("quotes", "'".repeat(many)),
        ("tags", "!".repeat(many)),
        ("glued comments", "[a]#b\n".repeat(many / 8)),
        ("block scalars", "- |\n  x\n\n".repeat(many / 8)),
        ("blank lines", format!("a: |{}b", "\n".repeat(many))),
        ("expressions", format!("on: push\nenv:\n  A: \"{}\"\njobs:", "${{ github.a }}".repeat(20_000))),
        ("open expressions", format!("on: push\nenv:\n  A: \"{}\"\njobs:", "${{ '".repeat(20_000))),
        (
            "deep expression",
            format!("on: push\nenv:\n  A: ${{{{ {}1{} }}}}\njobs:", "(".repeat(9_000), ")".repeat(9_000)),
        ),
        ("steps", format!("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n{}", step(1200))),
        ("calls that call themselves", caller.to_owned()),
        (
            "unknown needs",
            format!(
                "on: push\njobs:\n  a:\n    runs-on: x\n{}",
                (0..2000)
                    .map(|index| format!("  j{index}:\n    needs: k{index}\n    runs-on: x\n"))
                    .collect::<String>()
            ),
        ),
        (
            "matrix",
            format!(
                "on: push\njobs:\n  a:\n    runs-on: x\n    strategy:\n      matrix:\n{}",
                (0..40)
                    .map(|axis| format!("        a{axis}: [1, 2, 3, 4, 5, 6, 7, 8]\n"))
                    .collect::<String>()
            ),
        ),
        ("too large", "a".repeat(2_000_000)),
    ];
    for (name, text) in cases {
        let start = Instant::now();
        let read = read(text.as_bytes());
        assert!(start.elapsed() < PATIENCE, "{name} took {:?}", start.elapsed());
        assert!(name == "steps" || read.workflow.is_none(), "{name}");
    }
}

#[test]
fn junk_is_told_where_it_is() {
    for (bytes, place, message) in [
        (&b"a: b\n\xff"[..], (2, 1), "the file is not valid UTF-8"),
        (b"a: \xc3\x28", (1, 4), "the file is not valid UTF-8"),
        (b"a: b\nc: \0", (2, 4), "the file is not text: it has a NUL character"),
        (b"a: [", (1, 5), "invalid YAML"),
        (b"a: b\n\tc: d", (1, 4), "invalid YAML: while scanning a plain scalar, found a tab"),
    ] {
        let problem = read(bytes).problems.pop().expect("a problem");
        assert!(problem.message.starts_with(message), "{}", problem.message);
        assert_eq!((problem.span.line, problem.span.column), place, "{}", problem.message);
    }
}

#[test]
fn mutated_files_do_no_harm() {
    let seeds = seeds();
    let mut random = fastrand::Rng::with_seed(0x5eed);
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < Duration::from_millis(2_500) {
        let mut bytes = seeds[random.usize(..seeds.len())].clone();
        for _ in 0..random.usize(1..6) {
            mutate(&mut bytes, &mut random, &seeds);
        }
        read(&bytes);
        read_action(&mut Sources::new(), "action.yml", &bytes, &ParseOptions::default());
        count += 1;
    }
    eprintln!("{count} mutated files");
    assert!(count > 50, "only {count} files in time");
}

/// GitHub's test cases, and in their absence a few files of our own.
fn seeds() -> Vec<Vec<u8>> {
    let shared = std::env::var_os("ACT_HOST_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let mut paths: Vec<_> = std::fs::read_dir(shared.join("vectors/workflows"))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    paths.sort();
    let workflow = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).ok()?;
        text.split("\n---\n").nth(1).map(|workflow| workflow.as_bytes().to_vec())
    };
    let own = [
        "on: {push: {branches: [main]}}\njobs:\n  a:\n    runs-on: ${{ matrix.os }}\n    strategy: {matrix: {os: [a, b]}}\n    steps:\n      - run: |\n          echo ${{ github.sha }}\n      - &s {uses: a/b@c, with: {x: 1}}\n      - *s\n",
        "name: x\nruns:\n  using: composite\n  steps: [{run: echo, shell: bash, if: success()}]\n",
    ];
    paths.iter().filter_map(workflow).chain(own.map(|text| text.as_bytes().to_vec())).collect()
}

const PIECES: &[&str] = &[
    "${{ ",
    " }}",
    "${{ insert }}",
    "- ",
    ": ",
    "\n",
    "  ",
    "|",
    ">-",
    "&a ",
    "*a",
    "'",
    "\"",
    "[",
    "]",
    "{",
    "}",
    "#",
    "!!int ",
    "? ",
    "\t",
    "---\n",
    "...\n",
    "null",
    "true",
    "-1e999",
    "0x",
    "success()",
    "hashFiles('a')",
    "secrets",
    "\u{feff}",
    "é",
    "😀",
    "steps:",
    "uses: ",
    "needs: ",
    "matrix:",
    "include:",
    "exclude:",
    "parallel:",
    "wait: ",
    "__",
];

fn mutate(bytes: &mut Vec<u8>, random: &mut fastrand::Rng, seeds: &[Vec<u8>]) {
    let at = random.usize(..=bytes.len());
    let end = (at + random.usize(..40)).min(bytes.len());
    match random.u8(..7) {
        0 => drop(bytes.drain(at..end)),
        1 => bytes.splice(at..at, PIECES[random.usize(..PIECES.len())].bytes()).for_each(drop),
        2 => bytes.splice(at..at, bytes[at..end].to_vec()).for_each(drop),
        3 => bytes.insert(at, random.u8(..)),
        4 => bytes.splice(at..end, PIECES[random.usize(..PIECES.len())].bytes()).for_each(drop),
        5 => bytes.truncate(at),
        _ => {
            let other = &seeds[random.usize(..seeds.len())];
            let from = random.usize(..=other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
    }
}
