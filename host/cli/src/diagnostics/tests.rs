use act_workflow::source::{FileId, Span};

use super::*;

const TEXT: &str = "on: push\njobs:\n  deploy:\n    needs: [biuld]\r\n    runs-on: x\n    name: é ü\tö\n";

fn checked(problems: Vec<Problem>) -> CheckedFile {
    let mut sources = Sources::new();
    sources.add("ci.yml", TEXT);
    sources.add("long.yml", &format!("{}: {}", "x".repeat(1000), "y".repeat(100_000)));
    CheckedFile { name: "ci.yml".into(), jobs: vec!["deploy".into()], problems, sources }
}

const fn span(line: u32, column: u32, end_line: u32, end_column: u32) -> Span {
    Span { file: FileId(0), line, column, end_line, end_column }
}

fn excerpt(problem: Problem) -> String {
    let text = checked(vec![problem]).excerpts(false);
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_excerpt_underlines_what_is_wrong_and_ends_with_the_hint() {
    let problem = Problem::new(span(4, 13, 4, 18), "Job 'deploy' depends on unknown job 'biuld'.");
    insta::assert_snapshot!(excerpt(problem.with_hint("a job `build` exists")), @"
    error: Job 'deploy' depends on unknown job 'biuld'.
     --> ci.yml:4:13
      |
    4 |     needs: [biuld]
      |             ^^^^^
      |
    hint: a job `build` exists
    ");
}

#[test]
fn a_span_of_many_lines_shows_its_first() {
    insta::assert_snapshot!(excerpt(Problem::new(span(3, 3, 6, 2), "x")), @"
    error: x
     --> ci.yml:3:3
      |
    3 |   deploy:
      |   ^^^^^^^
    ");
}

#[test]
fn wide_and_missing_characters_keep_the_mark_in_place() {
    insta::assert_snapshot!(excerpt(Problem::new(span(6, 15, 6, 16), "x")), @"
    error: x
     --> ci.yml:6:15
      |
    6 |     name: é ü    ö
      |                  ^
    ");
    insta::assert_snapshot!(excerpt(Problem::new(Span::at(FileId(0), 1, 99), "behind the line")), @"
    error: behind the line
     --> ci.yml:1:9
      |
    1 | on: push
      |         ^
    ");
    insta::assert_snapshot!(excerpt(Problem::new(Span::at(FileId(0), 99, 1), "behind the file")), @"
    error: behind the file
    --> ci.yml:99:1
    ");
}

#[test]
fn a_problem_without_a_place_shows_the_file_or_nothing() {
    insta::assert_snapshot!(excerpt(Problem::new(Span::whole(FileId(0)), "too large")), @"
    error: too large
    --> ci.yml
    ");
    insta::assert_snapshot!(excerpt(Problem::new(Span::nowhere(), "too many jobs")), @"error: too many jobs");
}

#[test]
fn a_called_workflow_is_shown_with_its_caller() {
    let mut problem = Problem::new(span(5, 14, 5, 15), "x");
    problem.called_from = Some(Span::at(FileId(1), 7, 11));
    insta::assert_snapshot!(excerpt(problem), @"
    error: x
     --> ci.yml:5:14
      |
    5 |     runs-on: x
      |              ^
      |
    note: in a workflow that is called here
     --> long.yml:7:11
    ");
}

#[test]
fn a_very_long_line_is_cut_around_the_mark() {
    let span = Span { file: FileId(1), line: 1, column: 1003, end_line: 1, end_column: 2000 };
    let text = excerpt(Problem::new(span, "x"));
    assert!(text.len() < 2000, "{text}");
    assert!(text.contains("long.yml:1:1003") && text.contains("x: yyy") && text.contains("^^^"), "{text}");
}

#[test]
fn json_is_one_line_a_file() {
    let problem = Problem::new(span(4, 13, 4, 18), "a \"b\"\nc").with_hint("d");
    insta::assert_snapshot!(checked(vec![problem]).json(), @r#"{"file":"ci.yml","jobs":["deploy"],"errors":[{"message":"a \"b\"\nc","line":4,"column":13,"endLine":4,"endColumn":18,"hint":"d"}]}"#);
    insta::assert_snapshot!(checked(Vec::new()).json(), @r#"{"file":"ci.yml","jobs":["deploy"],"errors":[]}"#);
}

#[test]
fn commands_are_escaped_for_github() {
    let problems = vec![
        Problem::new(span(4, 13, 4, 18), "50 %\nmore"),
        Problem::new(Span::whole(FileId(0)), "too large"),
        Problem::new(Span::nowhere(), "too many jobs"),
    ];
    insta::assert_snapshot!(checked(problems).github(), @"
    ::error file=ci.yml,line=4,endLine=4,col=13,endColumn=17::50 %25%0Amore
    ::error file=ci.yml::too large
    ::error file=ci.yml::too many jobs
    ");
}
