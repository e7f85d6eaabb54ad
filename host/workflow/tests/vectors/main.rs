//! GitHub's own test cases of its workflow parser, as it runs them: options, a workflow, called workflows, expected JSON.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests fail loudly and say what they ran")]

mod render;

use act_workflow::called::{Found, WorkflowFiles};
use act_workflow::model::CallTarget;
use act_workflow::options::{ParseOptions, PermissionsPolicy};
use act_workflow::read::read_workflow;
use act_workflow::source::Sources;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Expects that anchors are an error, which GitHub has given up.
const STALE: &str = "errors-anchor-tag.yml";

#[derive(Debug, Default)]
struct Case {
    name: String,
    options: BTreeMap<String, String>,
    skip: Vec<String>,
    workflow: String,
    files: BTreeMap<String, String>,
    expected: Value,
}

#[test]
fn workflows_read_as_githubs_test_cases_say() {
    let Some(cases) = cases() else { return };
    let (skipped, run): (Vec<_>, Vec<_>) =
        cases.into_iter().partition(|case| case.name == STALE || case.skip.iter().any(|skip| skip == "C#"));
    let failed: Vec<(&str, String)> =
        run.iter().filter_map(|case| Some((&*case.name, case.run().err()?))).collect();
    eprintln!(
        "workflow vectors: {} ran, {} failed, {} skipped (not for the server, or stale)",
        run.len(),
        failed.len(),
        skipped.len()
    );
    for (name, difference) in &failed {
        eprintln!("{name}: {difference}");
    }
    assert!(failed.is_empty(), "{} cases failed", failed.len());
}

fn folder() -> PathBuf {
    let shared = std::env::var_os("ACT_HOST_SHARED").map(PathBuf::from);
    shared
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"))
        .join("vectors/workflows")
}

fn cases() -> Option<Vec<Case>> {
    let folder = folder();
    let entries =
        fs::read_dir(&folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>());
    let mut paths = entries.unwrap_or_default();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    paths.sort();
    if paths.is_empty() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "no cases in {}", folder.display());
        eprintln!("skipped: no cases in {}", folder.display());
        return None;
    }
    Some(paths.iter().map(|path| Case::read(path)).collect())
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("the case is readable");
        let mut documents: Vec<&str> = text.split("\n---\n").collect();
        let expected = serde_json::from_str(documents.pop().unwrap()).expect("the expectation is JSON");
        let mut documents = documents.into_iter();
        let mut case = Self {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            expected,
            ..Self::default()
        };
        case.read_options(documents.next().unwrap());
        case.workflow = documents.next().unwrap().to_owned();
        while let (Some(name), Some(content)) = (documents.next(), documents.next()) {
            case.files.insert(name.trim().to_owned(), content.to_owned());
        }
        case
    }

    /// The options are flat but for `skip` and `experimental-features`.
    fn read_options(&mut self, text: &str) {
        let mut list = "";
        for line in text
            .lines()
            .map(|line| line.split(" #").next().unwrap_or_default())
            .filter(|line| !line.starts_with('#'))
        {
            if let Some(item) = line.trim().strip_prefix("- ") {
                assert_eq!(list, "skip", "{}: only `skip` is a list", self.name);
                self.skip.push(item.trim().to_owned());
            } else if let Some((key, value)) = line.split_once(':') {
                list = if value.trim().is_empty() { key.trim() } else { "" };
                self.options.insert(key.trim().to_owned(), value.trim().to_owned());
            }
        }
    }

    fn number(&self, option: &str) -> Option<usize> {
        self.options.get(option).map(|value| value.parse().expect("the option is a number"))
    }

    fn is_set(&self, option: &str) -> bool {
        self.options.get(option).is_some_and(|value| value == "true")
    }

    fn parse_options(&self) -> ParseOptions {
        let mut options =
            ParseOptions { background_steps: self.is_set("allowBackgroundSteps"), ..ParseOptions::default() };
        let limited = self.options.get("permissions-policy").is_some_and(|policy| policy == "LimitedRead");
        options.permissions_policy =
            if limited { PermissionsPolicy::LimitedRead } else { PermissionsPolicy::Write };
        options.skip_reusable_workflows = self.is_set("skip-reusable-workflows");
        let set = |place: &mut usize, option: &str| *place = self.number(option).unwrap_or(*place);
        set(&mut options.max_result_size, "max-result-size");
        set(&mut options.max_file_size, "max-file-size");
        set(&mut options.max_job_limit, "max-job-limit");
        set(&mut options.max_nested_reusable_workflows_depth, "max-nested-reusable-workflows-depth");
        if let Some(depth) = self.number("max-depth") {
            options.max_depth = depth.try_into().unwrap();
        }
        options
    }

    fn run(&self) -> Result<(), String> {
        let mut sources = Sources::new();
        let path = format!(".github/workflows/{}", self.name);
        let read = read_workflow(
            &mut sources,
            &path,
            self.workflow.as_bytes(),
            &self.parse_options(),
            &mut Files(&self.files),
        );
        let mut expected = self.expected.clone();
        let actual = match &read.workflow {
            Some(workflow) => render::workflow(
                workflow,
                &sources,
                self.is_set("include-source"),
                self.is_set("is-partial-rerun"),
            ),
            None => render::problems(&read.problems, &sources),
        };
        let object = expected.as_object_mut().unwrap();
        object.remove("events");
        if object.contains_key("errors") {
            object.remove("jobs");
        }
        render::normalize(&mut expected);
        if actual == expected { Ok(()) } else { Err(difference(&actual, &expected)) }
    }
}

struct Files<'a>(&'a BTreeMap<String, String>);

impl WorkflowFiles for Files<'_> {
    fn find(&mut self, _: &str, target: &CallTarget) -> Found {
        let name = target.to_string();
        match self.0.get(&name) {
            Some(content) => {
                Found::Workflow { name: name.into(), bytes: content.clone().into_bytes(), trusted: false }
            }
            None => Found::Missing("the case has no such file".to_owned()),
        }
    }
}

/// The first lines that differ, with a little before them.
fn difference(actual: &Value, expected: &Value) -> String {
    let pretty = |value| serde_json::to_string_pretty(value).unwrap();
    let (actual, expected) = (pretty(actual), pretty(expected));
    let same = actual.lines().zip(expected.lines()).take_while(|(one, other)| one == other).count();
    let from = same.saturating_sub(4);
    let part = |text: &str| text.lines().skip(from).take(12).collect::<Vec<_>>().join("\n");
    format!("\n--- actual, line {from}\n{}\n--- expected\n{}", part(&actual), part(&expected))
}

#[test]
#[ignore = "measures: run it in release"]
fn files_per_second() {
    let Some(cases) = cases() else { return };
    let runs = 200;
    let start = std::time::Instant::now();
    for _ in 0..runs {
        for case in &cases {
            let mut sources = Sources::new();
            let options = case.parse_options();
            let read = read_workflow(
                &mut sources,
                &case.name,
                case.workflow.as_bytes(),
                &options,
                &mut Files(&case.files),
            );
            std::hint::black_box(read);
        }
    }
    let files = runs * cases.len();
    let bytes: usize = runs * cases.iter().map(|case| case.workflow.len()).sum::<usize>();
    let seconds = start.elapsed().as_secs_f64();
    eprintln!(
        "{files} files in {seconds:.3} s: {:.0} files/s, {:.1} MB/s",
        files as f64 / seconds,
        bytes as f64 / seconds / 1e6
    );
}
