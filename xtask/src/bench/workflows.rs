//! Figure of reading workflows, beside GitHub's published parser.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::fixtures::write;
use super::measure::{alone, paired, ratio, time, time_until};
use super::{Bench, Figure, files, vectors};

pub(super) fn validate(bench: &Bench) -> Result<Figure, String> {
    let figure = |value, met, beside| Figure {
        what: "`validate` of GitHub's test workflows, beside its npm parser",
        value,
        target: "≥ 20× faster",
        met,
        beside,
    };
    let folder = bench.fixtures.scratch.join("workflows");
    let count = match extract(&folder) {
        Ok(count) => count,
        Err(reason) => return Ok(figure("–".to_owned(), None, reason)),
    };
    let mut ours = Command::new(&bench.program);
    ours.args(["validate", "--format=json"]).arg(&folder).env("HOME", &bench.fixtures.home);
    let script = match &bench.peers.parser {
        Ok(script) => script,
        Err(reason) => return Ok(figure("–".to_owned(), None, reason.clone())),
    };
    let mut theirs = Command::new("node");
    theirs.arg(script).arg(&folder);
    // Some of these files are wrong on purpose: both say so by their exit code.
    let (ours, theirs) = paired(bench.runs, || time_until(&mut ours, 2), || time_until(&mut theirs, 2))?;
    let node = alone(bench.runs, || time(Command::new("node").args(["--eval", "0"])))?;
    let times = ratio(theirs.median(), ours.median());
    let beside = format!(
        "{count} files: npm {} (node alone {}), act-host {}",
        theirs.tell(),
        node.tell(),
        ours.tell()
    );
    Ok(figure(format!("{times:.1}×"), Some(times >= 20.0), beside))
}

/// Writes the workflow of each test case into a folder; returns how many there are.
fn extract(folder: &Path) -> Result<usize, String> {
    let cases = files(&vectors("workflows"), "yml")?;
    for case in &cases {
        let text = fs::read_to_string(case).map_err(|error| format!("{}: {error}", case.display()))?;
        // A case is documents: options, the workflow, files it calls, what is expected.
        let workflow = text.split("\n---\n").nth(1).unwrap_or_default();
        let name = case.file_name().unwrap_or_default();
        write(&folder.join(name), &format!("{workflow}\n"))?;
    }
    Ok(cases.len())
}
