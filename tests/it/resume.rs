//! `run --resume` on this machine: what has ended stays so, what ran is lost, and what had not begun runs.

use act_tests::cli::Project;

/// `COUNT` is a file outside the workspace that each step that runs leaves a line in.
const JOBS: &str = "on: push
jobs:
  made:
    runs-on: ubuntu-latest
    outputs:
      word: ${{ steps.word.outputs.word }}
    steps:
      - id: word
        run: |
          echo made >> $COUNT
          echo \"word=raw word $(tr a-z A-Z <<< $TOKEN)\" >> $GITHUB_OUTPUT
        env: { TOKEN: '${{ secrets.TOKEN }}' }
  legs:
    strategy: { matrix: { leg: [one, two] }, fail-fast: false }
    runs-on: ubuntu-latest
    steps:
      - run: 'echo ${{ matrix.leg }} >> $COUNT'
      - if: matrix.leg == 'two'
        run: |
          echo it waits
          sleep 1000
  called:
    needs: made
    uses: ./.github/workflows/called.yml
    with: { word: '${{ needs.made.outputs.word }}' }
  after:
    needs: [made, legs, called]
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo \"after ${{ needs.legs.result }} ${{ needs.called.outputs.word }} ${{ vars.WORD }}\"
          echo after >> $COUNT
";

const CALLED: &str = "on:
  workflow_call:
    inputs: { word: { type: string } }
    outputs: { word: { value: '${{ jobs.inner.outputs.word }}' } }
jobs:
  inner:
    runs-on: ubuntu-latest
    outputs: { word: '${{ steps.again.outputs.word }}' }
    steps:
      - id: again
        run: |
          echo inner >> $COUNT
          echo \"word=${{ inputs.word }} again\" >> $GITHUB_OUTPUT
          echo inner has ended
";

fn project() -> (Project, std::path::PathBuf) {
    let mut project = Project::with(JOBS);
    project.workflow("called.yml", CALLED);
    let count = project.folder("home").join("count");
    project.env("COUNT", count.to_str().unwrap());
    (project, count)
}

fn counted(count: &std::path::Path) -> Vec<String> {
    let mut lines: Vec<String> = std::fs::read_to_string(count).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn a_run_goes_on_where_it_was_cut_and_does_nothing_twice() {
    let (mut project, count) = project();
    let vars = project.folder("home").join("vars");
    std::fs::write(&vars, "WORD=then").unwrap();
    let mut run = project.start(
        ["run", "-W", ".github/workflows/ci.yml", "-s", "TOKEN=abcdefgh", "--env", "COUNT", "--var-file"]
            .map(std::ffi::OsString::from)
            .into_iter()
            .chain([vars.clone().into()]),
    );
    run.saw("it waits").saw("[called / inner] ✓ job succeeded").kill();
    assert_eq!(run.end().code, None);
    let shown = project.act(["runs", "show", "latest"]);
    assert!(shown.stdout.contains("act-host run --resume <run> goes on with it"), "{shown}");
    std::fs::remove_file(vars).unwrap();
    // What the files say by now is nothing to a run that has begun.
    project.workflow("ci.yml", "on: push\njobs: [");
    project.workflow("called.yml", "");

    let without = project.act(["run", "--resume", "latest"]);
    assert_eq!(without.code, Some(2), "{without}");
    assert!(without.stderr.contains("--secret TOKEN"), "{without}");
    let resumed = project.act(["run", "--resume", "latest", "-s", "TOKEN=abcdefgh"]);
    assert_eq!(resumed.code, Some(3), "{resumed}");
    assert!(resumed.stdout.contains("after failure raw word ABCDEFGH again then"), "{resumed}");
    assert!(resumed.stdout.contains("the machine was lost"), "{resumed}");
    assert_eq!(counted(&count), ["after", "inner", "made", "one", "two"], "{resumed}");
    assert_eq!(project.leftovers(), [""; 0], "{resumed}");

    let again = project.act(["run", "--resume", "latest"]);
    assert_eq!(again.code, Some(2), "{again}");
    assert!(again.stderr.contains("has ended: failure"), "{again}");
}

#[test]
fn the_log_of_a_resumed_run_tells_each_thing_once() {
    let (project, _) = project();
    let args = ["run", "-W", ".github/workflows/ci.yml", "-s", "TOKEN=abcdefgh", "--env", "COUNT", "--json"];
    let mut run = project.start(args);
    run.saw("it waits").saw("inner has ended").kill();
    let _ = run.end();
    let resumed = project.act(["run", "--resume", "latest", "--json", "-s", "TOKEN=abcdefgh"]);
    let lines: Vec<serde_json::Value> =
        resumed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let numbers: Vec<u64> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..lines.len() as u64).collect::<Vec<_>>(), "{resumed}");
    for once in ["run-started", "job-queued", "job-started", "job-expanded", "job-finished", "run-finished"] {
        let mut jobs: Vec<String> = lines
            .iter()
            .filter(|line| line["type"] == once)
            .map(|line| line["job"].as_str().unwrap_or_default().to_owned())
            .collect();
        jobs.sort();
        let mut unique = jobs.clone();
        unique.dedup();
        assert!(!jobs.is_empty());
        assert_eq!(jobs, unique, "{once}: {resumed}");
    }
    let epochs = |job: &str| -> Vec<u64> {
        let of = lines.iter().filter(|line| line["job"] == job);
        of.map(|line| line["epoch"].as_u64().unwrap()).collect()
    };
    assert!(epochs("after").iter().all(|epoch| *epoch == 2), "{resumed}");
    assert!(epochs("made").iter().all(|epoch| *epoch == 1), "{resumed}");
}

#[test]
fn what_cannot_be_taken_up_is_said() {
    let (project, _) = project();
    let none = project.act(["run", "--resume", "latest"]);
    assert_eq!(none.code, Some(2), "{none}");
    let mut run =
        project.start(["run", "-W", ".github/workflows/ci.yml", "-s", "TOKEN=abcdefgh", "--env", "COUNT"]);
    run.saw("it waits");
    let living = project.act(["run", "--resume", "latest"]);
    assert_eq!(living.code, Some(2), "{living}");
    assert!(living.stderr.contains("its process lives"), "{living}");
    run.kill();
    let _ = run.end();
    for (flag, value) in [("-j", "made"), ("--env", "A=b"), ("--matrix", "leg:one"), ("--input", "a=b")] {
        let changed = project.act(["run", "--resume", "latest", flag, value]);
        assert_eq!(changed.code, Some(2), "{changed}");
        assert!(changed.stderr.contains("as it was"), "{changed}");
    }
    let dry = project.act(["run", "--resume", "latest", "-n"]);
    assert_eq!(dry.code, Some(2), "{dry}");
    // All that was refused has done nothing to the run, and what the dead process ran ends with it.
    let resumed = project.act(["run", "--resume", "latest", "-s", "TOKEN=abcdefgh"]);
    assert_eq!((resumed.code, project.leftovers()), (Some(3), vec![]), "{resumed}");
}

#[test]
fn no_secret_is_written_down() {
    let (project, _) = project();
    for secret in [["--secret", "TOKEN=ab=cdefgh"], ["-s", "TOKEN=ab=cdefgh"]] {
        let mut run = project.start(["run", "-W", ".github/workflows/ci.yml"].iter().chain(&secret));
        run.saw("it waits").kill();
        let _ = run.end();
    }
    let mut run = project.start(["run", "-W", ".github/workflows/ci.yml", "-sTOKEN=ab=cdefgh"]);
    run.saw("it waits").kill();
    let _ = run.end();
    let mut folders = vec![project.folder("state/runs")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("ab=cdefgh"), "{}", path.display());
        }
    }
    assert!(files > 6, "{files}");
    let resumed = project.act(["run", "--resume", "latest", "-sTOKEN=ab=cdefgh"]);
    assert_eq!(project.leftovers(), [""; 0], "{resumed}");
}
