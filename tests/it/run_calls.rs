//! Workflows that call workflows.

use act_tests::cli::Project;
use insta::assert_snapshot;

#[test]
fn a_called_workflow_gets_inputs_and_secrets_and_gives_outputs() {
    let mut project = Project::with(
        r#"
name: Caller
on: push
env: {FROM_CALLER: not seen by the called}
jobs:
  call:
    uses: ./.github/workflows/called.yml
    strategy:
      matrix: {target: [prod]}
    with:
      target: ${{ matrix.target }}
      count: 3
      flag: true
    secrets:
      key: ${{ secrets.TOKEN_A }}
  inherit:
    needs: call
    uses: ./.github/workflows/called.yml
    with: {target: test}
    secrets: inherit
  show:
    needs: [call, inherit]
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ needs.call.outputs.said }} + ${{ needs.inherit.outputs.said }}"
"#,
    );
    project.workflow(
        "called.yml",
        r#"
on:
  workflow_call:
    inputs:
      target: {type: string, required: true}
      count: {type: number, default: 1}
      flag: {type: boolean}
    secrets:
      key: {required: true}
    outputs:
      said: {value: "${{ jobs.nested.outputs.said }}"}
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo '${{ toJSON(inputs) }}'
          echo "event ${{ github.event_name }}, of the caller: [$FROM_CALLER]"
          echo "key has $(printf %s "$KEY" | wc -c) bytes: $KEY"
        env: {KEY: "${{ secrets.key }}"}
  nested:
    needs: check
    uses: ./.github/workflows/nested.yml
    with: {word: "${{ inputs.target }}-${{ inputs.count }}"}
"#,
    );
    project.workflow(
        "nested.yml",
        r#"
on:
  workflow_call:
    inputs:
      word: {type: string}
    outputs:
      said: {value: "${{ jobs.say.outputs.word }}"}
jobs:
  say:
    name: Say ${{ inputs.word }}
    runs-on: ubuntu-latest
    outputs: {word: "${{ steps.say.outputs.word }}"}
    steps:
      - id: say
        run: echo "word=<${{ inputs.word }}>" >> "$GITHUB_OUTPUT"
"#,
    );
    project.commit();
    let ran = project.run(&["-s", "TOKEN_A=abcdefg", "-s", "key=0123456789", "--concurrent-jobs", "1"]);
    assert_snapshot!(ran, @r#"
    exit 0
    Caller
    push main <commit>, .github/workflows/ci.yml #1, run <run>
    runs-on ubuntu-latest: runs `ubuntu-latest` as processes on this machine
    [call (prod) / check] ▶ on act-host
    [call (prod) / check] ▸ Run echo '{
    [call (prod) / check]   {
    [call (prod) / check]     "target": "prod",
    [call (prod) / check]     "count": 3,
    [call (prod) / check]     "flag": true
    [call (prod) / check]   }
    [call (prod) / check]   event push, of the caller: []
    [call (prod) / check]   key has 7 bytes: ***
    [call (prod) / check] ✓ Run echo '{ (<time>)
    [call (prod) / check] ✓ job succeeded in <time>
    [call (prod) / nested / Say prod-3] ▶ on act-host
    [call (prod) / nested / Say prod-3] ✓ Run echo "word=<prod-3>" >> "$GITHUB_OUTPUT" (<time>)
    [call (prod) / nested / Say prod-3] ✓ job succeeded in <time>
    [call (prod) / nested] ✓ job succeeded
    [call (prod)]          ✓ job succeeded
    [inherit / check]      ▶ on act-host
    [inherit / check]      ▸ Run echo '{
    [inherit / check]        {
    [inherit / check]          "target": "test",
    [inherit / check]          "count": 1,
    [inherit / check]          "flag": false
    [inherit / check]        }
    [inherit / check]        event push, of the caller: []
    [inherit / check]        key has 10 bytes: ***
    [inherit / check]      ✓ Run echo '{ (<time>)
    [inherit / check]      ✓ job succeeded in <time>
    [inherit / nested / Say test-1] ▶ on act-host
    [inherit / nested / Say test-1] ✓ Run echo "word=<test-1>" >> "$GITHUB_OUTPUT" (<time>)
    [inherit / nested / Say test-1] ✓ job succeeded in <time>
    [inherit / nested]              ✓ job succeeded
    [inherit]                       ✓ job succeeded
    [show]                          ▶ on act-host
    [show]                          ▸ Run echo "<prod-3> + <test-1>"
    [show]                            <prod-3> + <test-1>
    [show]                          ✓ Run echo "<prod-3> + <test-1>" (<time>)
    [show]                          ✓ job succeeded in <time>

      ✓ call (prod)                        success
      ✓ call (prod) / check                success  <time>
      ✓ call (prod) / nested               success
      ✓ call (prod) / nested / Say prod-3  success  <time>
      ✓ inherit                            success
      ✓ inherit / check                    success  <time>
      ✓ inherit / nested                   success
      ✓ inherit / nested / Say test-1      success  <time>
      ✓ show                               success  <time>

    ✓ Caller succeeded in <time>
      full log: act-host runs logs <run>
    "#);
}

#[test]
fn a_call_that_breaks_the_signature_is_refused_before_anything_runs() {
    let mut project = Project::with(
        r#"
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    steps: [{run: touch "$HOME/started"}]
  call:
    uses: ./.github/workflows/called.yml
    with: {wrong: 1, count: many}
  none:
    uses: ./.github/workflows/nowhere.yml
"#,
    );
    project.workflow(
        "called.yml",
        r#"
on:
  workflow_call:
    inputs:
      target: {type: string, required: true}
      count: {type: number}
    secrets:
      key: {required: true}
jobs:
  one: {runs-on: ubuntu-latest, steps: [{run: "true"}]}
"#,
    );
    assert_snapshot!(project.run(&["-W", ".github/workflows/ci.yml"]), @"
    exit 2
    --- stderr
    error: Input target is required, but not provided while calling.
     --> .github/workflows/ci.yml:8:11
      |
    8 |     uses: ./.github/workflows/called.yml
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

    error: Unexpected value 'many'
     --> .github/workflows/ci.yml:9:29
      |
    9 |     with: {wrong: 1, count: many}
      |                             ^^^^

    error: Invalid input, wrong is not defined in the referenced workflow.
     --> .github/workflows/ci.yml:9:19
      |
    9 |     with: {wrong: 1, count: many}
      |                   ^

    error: Secret key is required, but not provided while calling.
     --> .github/workflows/ci.yml:8:11
      |
    8 |     uses: ./.github/workflows/called.yml
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    ");
    assert!(!project.folder("home/started").exists());
}

#[test]
fn a_failure_in_a_called_workflow_fails_the_caller() {
    let mut project = Project::with(
        r#"
on: push
jobs:
  call:
    uses: ./.github/workflows/called.yml
  after:
    needs: call
    if: failure()
    runs-on: ubuntu-latest
    steps: [{run: "echo call was ${{ needs.call.result }}"}]
"#,
    );
    project.workflow(
        "called.yml",
        "on: workflow_call\njobs:\n  one:\n    runs-on: ubuntu-latest\n    steps: [{run: exit 1}]\n",
    );
    let ran = project.run(&[]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert_eq!(ran.lines_with("  call was failure").len(), 1, "{ran}");
}
