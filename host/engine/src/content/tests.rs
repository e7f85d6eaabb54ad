use act_core::decide::{StepRuns, Used};
use act_workflow::called::{Found as FoundFile, WorkflowFiles};
use act_workflow::model::{CallTarget, Workflow};
use act_workflow::options::ParseOptions;
use act_workflow::permissions::{Level, Scope};
use act_workflow::read::read_workflow;
use act_workflow::source::Sources;

use super::*;

/// The one workflow that can be called.
struct Called(&'static str);

impl WorkflowFiles for Called {
    fn find(&mut self, _: &str, target: &CallTarget) -> FoundFile {
        let name = target.to_string().into();
        FoundFile::Workflow { name, bytes: self.0.into(), trusted: true }
    }
}

fn read(text: &str, called: &'static str) -> (Workflow, Vec<String>) {
    let mut sources = Sources::new();
    let mut files = Called(called);
    let read = read_workflow(&mut sources, "ci.yml", text.as_bytes(), &ParseOptions::default(), &mut files);
    let files = sources.iter().map(|(_, file)| file.name.to_string()).collect();
    (read.workflow.unwrap_or_else(|| panic!("{:?}", read.problems)), files)
}

/// Looks at the first job, or at the first job of the workflow that it calls.
fn content_of(text: &str, called: &'static str) -> JobContent {
    let (workflow, files) = read(text, called);
    let text = |token: &Token| (written::token(token) == "${{ vars.STAGE }}").then(|| "live".to_owned());
    let job = &workflow.jobs[0];
    let (job, callers, enclosing) = match &job.kind {
        JobKind::Steps(_) => (job, vec![], &workflow.enclosing),
        JobKind::Call(call) => {
            let called = call.called.as_ref().unwrap();
            (&called.jobs[0], vec![job], &called.enclosing)
        }
    };
    let JobKind::Steps(steps) = &job.kind else { panic!("steps") };
    of_job(job, steps, Surroundings { files: &files, callers: &callers, enclosing, text: &text })
}

/// `name@file:line step` of each.
fn asked(content: &JobContent) -> Vec<String> {
    let told = |found: &SecretUse| {
        let step = found.step.as_ref().map_or(String::new(), |step| format!(" {step}"));
        format!("{}@{}:{}{step}", found.wanted.name(), found.place.file, found.place.line)
    };
    content.secrets.iter().map(told).collect()
}

#[test]
fn secrets_are_found_wherever_they_stand() {
    let content = content_of(
        "
on: push
env:
  A: ${{ secrets.A }}
jobs:
  build:
    runs-on: linux
    container:
      image: alpine
      credentials:
        username: me
        password: ${{ secrets['PULL'] }}
    env:
      B: x${{ secrets.b }}y${{ secrets.b }}
    outputs:
      o: ${{ toJSON(secrets) }}
    steps:
      - if: github.token != ''
        run: |
          one
          ${{ secrets.IN_SCRIPT }}
        env:
          C: ${{ secrets[format('{0}_KEY', github.ref_name)] }}
      - uses: a/b@v1
        with:
          token: ${{ github.token }}
      - run: echo ${{ toJSON(github) }} ${{ github.sha }} ${{ vars.secrets }}
        continue-on-error: ${{ github['event_name'] == 'push' }}
",
        "",
    );
    assert_eq!(
        asked(&content),
        [
            "A@ci.yml:4",
            "b@ci.yml:14",
            "*@ci.yml:16",
            "PULL@ci.yml:12",
            "*@ci.yml:23 0",
            "GITHUB_TOKEN@ci.yml:18 0",
            "IN_SCRIPT@ci.yml:19 0",
            "GITHUB_TOKEN@ci.yml:26 1",
            "GITHUB_TOKEN@ci.yml:27 2",
        ]
    );
    assert_eq!(content.secrets[2].wanted, SecretWanted::Whole);
    assert_eq!(content.secrets[4].wanted, SecretWanted::Computed);
}

#[test]
fn steps_tell_what_they_run_and_where_it_is_written() {
    let commit = "1234567890123456789012345678901234567890";
    let content = content_of(
        &format!(
            "
on: push
jobs:
  build:
    runs-on: linux
    environment:
      name: ${{{{ vars.STAGE }}}}
    container: docker://alpine:3
    services:
      db: {{ image: 'postgres:${{{{ vars.V }}}}' }}
    steps:
      - run: echo hi
        id: hello
        shell: bash
      - name: Fetch ${{{{ github.ref }}}}
        uses: actions/checkout@{commit}
      - uses: ./here
      - uses: docker://busybox:1
"
        ),
        "",
    );
    let [script, checkout, here, image] = &content.steps[..] else { panic!("{:?}", content.steps) };
    assert_eq!(
        (script.path.to_string().as_str(), script.id.as_deref(), script.place.line),
        ("0", Some("hello"), 12)
    );
    let StepRuns::Script { shell, sha256 } = &script.runs else { panic!("{script:?}") };
    // printf 'echo hi' | sha256sum
    let digest = "56a79f3b115448072387c2480044bfa2cf8f90e4f5fddd8c943b4e051b81f80b";
    assert_eq!((shell.as_deref(), sha256.as_str()), (Some("bash"), digest));
    assert_eq!(checkout.name.as_deref(), Some("Fetch ${{ github.ref }}"));
    let StepRuns::Action(Used::Remote { uses, pinned: true, commit: None }) = &checkout.runs else {
        panic!("{checkout:?}")
    };
    assert_eq!(uses.to_string(), format!("actions/checkout@{commit}"));
    assert_eq!(here.runs, StepRuns::Action(Used::Local { path: "./here".into() }));
    assert_eq!(image.runs, StepRuns::Action(Used::Image { image: "busybox:1".into() }));
    assert_eq!(content.environment.as_deref(), Some("live"));
    let images: Vec<_> =
        content.images.iter().map(|found| (found.image.as_str(), found.place.line)).collect();
    assert_eq!(images, [("alpine:3", 8), ("postgres:${{ vars.V }}", 10), ("busybox:1", 18)]);
    assert_eq!(content.images[1].role, ImageRole::Service("db".into()));
}

#[test]
fn a_called_workflow_asks_for_what_its_callers_hand_over_as_well() {
    let called = "
on:
  workflow_call:
    secrets:
      inner:
jobs:
  deploy:
    runs-on: linux
    steps:
      - run: ${{ secrets.inner }}
";
    let caller = |secrets: &str| {
        format!(
            "
on: push
permissions:
  contents: read
jobs:
  call:
    uses: ./.github/workflows/deploy.yml
    secrets: {secrets}
"
        )
    };
    let content = content_of(&caller("inherit"), called);
    let file = "./.github/workflows/deploy.yml";
    assert_eq!(asked(&content), ["*@ci.yml:8".to_owned(), format!("inner@{file}:10 0")]);
    assert_eq!(content.secrets[0].wanted, SecretWanted::Inherited);
    let content = content_of(&caller("{ inner: '${{ secrets.OUTER }}' }"), called);
    assert_eq!(asked(&content), ["OUTER@ci.yml:8".to_owned(), format!("inner@{file}:10 0")]);
    let [used] = &content.workflows[..] else { panic!("{:?}", content.workflows) };
    assert_eq!((&used.what, used.place.line), (&Used::Local { path: file.into() }, 7));
    let permissions = content.permissions.unwrap();
    assert_eq!(permissions.iter().collect::<Vec<_>>(), [(Scope::Contents, Level::Read)]);
}
