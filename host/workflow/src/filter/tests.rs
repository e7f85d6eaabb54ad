use serde_json::{Value, json};

use super::*;
use crate::events::{EventFacts, EventKind, FilterKey, GitFacts, GitRef};

fn list(texts: &[&str]) -> PatternList {
    PatternList::parse(texts).expect("valid patterns")
}

fn only(texts: &[&str]) -> Option<Filter> {
    Some(Filter::Only(list(texts)))
}

fn ignore(texts: &[&str]) -> Option<Filter> {
    Some(Filter::Ignore(list(texts)))
}

/// GitHub's *filter pattern cheat sheet*: branches and tags, then paths.
#[test]
fn the_cheat_sheets_examples_match() {
    let cases: &[(&[&str], &[&str], &[&str])] = &[
        (
            &["feature/*"],
            &["feature/my-branch", "feature/your-branch"],
            &["feature/a/b", "feature", "xfeature/a"],
        ),
        (
            &["feature/**"],
            &["feature/beta-a/my-branch", "feature/your-branch", "feature/mona/the/octocat"],
            &["feature"],
        ),
        (
            &["main", "releases/mona-the-octocat"],
            &["main", "releases/mona-the-octocat"],
            &["mains", "main2", "Main"],
        ),
        (&["*"], &["main", "releases"], &["all/the/branches"]),
        (&["**"], &["all/the/branches", "every/tag", "main"], &[]),
        (&["*feature"], &["mona-feature", "feature", "ver-10-feature"], &["feature-1", "a/feature"]),
        (&["v2*"], &["v2", "v2.0", "v2.9"], &["v1", "v2/x"]),
        (&["v[12].[0-9]+.[0-9]+"], &["v1.10.1", "v2.0.0"], &["v3.0.0", "v1.0", "v1..0", "v1.0.0-rc"]),
        (&["Octoc?t"], &["Octot", "Octoct"], &["Octocat", "Octocct"]),
        (&["[CB]at"], &["Cat", "Bat"], &["Rat", "at"]),
        (&["[1-2]00"], &["100", "200"], &["300"]),
        (&["*"], &["README.md", "server.rb"], &["docs/README.md"]),
        (&["*.jsx?"], &["page.js", "page.jsx"], &["page.jsxx", "a/page.js"]),
        (&["**"], &["all/the/files.md"], &[]),
        (&["*.js"], &["app.js", "index.js"], &["js/index.js", "app_js"]),
        (&["**.js"], &["index.js", "js/index.js", "src/js/app.js"], &["index.jsx"]),
        (&["docs/*"], &["docs/README.md", "docs/file.txt"], &["docs/a/b"]),
        (&["docs/**"], &["docs/README.md", "docs/mona/octocat.txt"], &["doc/README.md"]),
        (
            &["docs/**/*.md"],
            &["docs/README.md", "docs/mona/hello-world.md", "docs/a/markdown/file.md"],
            &["docs.md"],
        ),
        (
            &["**/docs/**"],
            &["docs/hello.md", "dir/docs/my-file.txt", "space/docs/plan/space.doc"],
            &["mydocs/a", "docs"],
        ),
        (&["**/README.md"], &["README.md", "js/README.md"], &["MYREADME.md", "js/xREADME.md"]),
        (&["**/*src/**"], &["a/src/app.js", "my-src/code/js/app.js"], &["src"]),
        (&["**/*-post.md"], &["my-post.md", "path/their-post.md"], &["post.md"]),
        (
            &["**/migrate-*.sql"],
            &["migrate-10909.sql", "db/migrate-v1.0.sql", "db/sept/migrate-v1.sql"],
            &["migrate.sql"],
        ),
        (&["*.md", "!README.md"], &["hello.md"], &["README.md", "docs/hello.md"]),
        (&["*.md", "!README.md", "README*"], &["hello.md", "README.md", "README.doc"], &[]),
    ];
    for (patterns, yes, no) in cases {
        for name in *yes {
            assert!(list(patterns).matches(name), "{patterns:?} should match {name}");
        }
        for name in *no {
            assert!(!list(patterns).matches(name), "{patterns:?} should not match {name}");
        }
    }
}

#[test]
fn the_documented_branch_examples_hold() {
    let releases = list(&["releases/**", "!releases/**-alpha"]);
    assert!(releases.matches("releases/10"));
    assert!(releases.matches("releases/beta/mona"));
    assert!(!releases.matches("releases/10-alpha"));
    assert!(!releases.matches("releases/beta/3-alpha"));
    let pushed = list(&["main", "mona/octocat", "releases/**"]);
    assert!(pushed.matches("mona/octocat") && pushed.matches("releases/10") && !pushed.matches("mona"));
    let paths = list(&["sub-project/**", "!sub-project/docs/**"]);
    assert!(paths.matches("sub-project/index.js") && paths.matches("sub-project/src/index.js"));
    assert!(!paths.matches("sub-project/docs/readme.md"));
}

#[test]
fn single_patterns_with_a_twist() {
    let cases: &[(&str, &str, bool)] = &[
        // Escapes.
        (r"\!file", "!file", true),
        (r"escape\\backslash", r"escape\backslash", true),
        (r"a\*b", "a*b", true),
        (r"a\*b", "axb", false),
        (r"dependabot/c\+\+", "dependabot/c++", true),
        ("dependabot/c++", "dependabot/c++", false),
        ("dependabot/c++", "dependabot/cccc", true),
        (r"[\]]", "]", true),
        (r"\a", "a", true),
        // A dot and other characters of regular expressions are plain.
        (".yml", "fyml", false),
        ("a(b|c)^$", "a(b|c)^$", true),
        ("{a,b}", "a", false),
        // Quantifiers apply to classes, to what they follow, and to one another.
        ("v[0-9]?", "v", true),
        ("v[0-9]?", "v12", false),
        ("[0-9]+", "2026", true),
        ("[0-9]+", "", false),
        ("ab?c", "ac", true),
        ("a+?b", "b", true),
        ("a?+b", "aaab", true),
        ("*+", "abc", true),
        ("**?", "", true),
        ("/+x", "//x", true),
        // With nothing before them they stand for themselves.
        ("+1", "+1", true),
        ("?", "?", true),
        ("!+", "+", true),
        // A later `!` is plain, and so is `]` alone.
        ("a!b", "a!b", true),
        ("a]", "a]", true),
        // Two stars are only segments at the start of one, and before a slash.
        ("a**/b", "ax/y/b", true),
        ("a**/b", "a/b", true),
        ("a**/b", "ab", false),
        ("a/**/b", "a/b", true),
        ("a/**/b", "a/x/y/b", true),
        ("a/**/b", "axb", false),
        ("**/**/b", "b", true),
        ("**/**/b", "x/b", true),
        ("***", "a/b", true),
        ("**/", "a/", true),
        ("**/b", "/b", false),
        // Classes.
        ("[a-cx]", "b", true),
        ("[a-cx]", "x", true),
        ("[a-cx]", "d", false),
        ("[a-]", "-", true),
        ("[-a]", "-", true),
        ("[^a]", "^", true),
        ("[^a]", "b", false),
        ("[é]", "é", true),
        // The whole name counts, and case does.
        ("main", "main-2", false),
        ("main", "a-main", false),
        ("MAIN", "main", false),
        ("?", "", false),
        ("*", "", true),
        ("日*", "日本語", true),
        // Paths never start with './'.
        ("./src/**", "src/a", false),
        ("/src/**", "src/a", false),
    ];
    for (pattern, name, wanted) in cases {
        let parsed = Pattern::parse(pattern).expect(pattern);
        assert_eq!(parsed.matches(name), *wanted, "{pattern} against {name:?}");
    }
}

#[test]
fn the_last_match_wins() {
    let cases: &[(&[&str], &str, bool)] = &[
        (&["a*", "!ab*", "abc"], "abc", true),
        (&["a*", "!ab*", "abc"], "abd", false),
        (&["a*", "!ab*", "abc"], "ax", true),
        (&["!a"], "b", false),
        (&["!a"], "a", false),
        (&["!a", "**"], "a", true),
        (&["**", "!**"], "a", false),
        (&[], "a", false),
    ];
    for (patterns, name, wanted) in cases {
        assert_eq!(list(patterns).matches(name), *wanted, "{patterns:?} against {name}");
    }
    assert!(!list(&["!a", "!b"]).has_positive());
    assert!(list(&["!a", "b"]).has_positive());
}

#[test]
fn ignore_passes_what_its_list_does_not_match() {
    let docs = Filter::Ignore(list(&["docs/**", "!docs/api/**"]));
    assert!(!docs.admits("docs/a.md"));
    assert!(docs.admits("docs/api/a.md"));
    assert!(docs.admits("src/a.rs"));
    assert!(docs.admits_any(["docs/a.md", "src/a.rs"]));
    assert!(!docs.admits_any(["docs/a.md", "docs/b.md"]));
    assert!(!docs.admits_any::<&str>([]), "a push without changes passes no path filter");
}

#[test]
fn what_is_wrong_with_a_pattern_is_said() {
    let cases = [
        ("", "invalid pattern '': a pattern must not be empty"),
        ("!", "invalid pattern '!': at least one character must follow '!'"),
        ("ab[cd", "invalid pattern 'ab[cd': the '[' at character 3 has no closing ']'"),
        ("![", "invalid pattern '![': the '[' at character 2 has no closing ']'"),
        (r"[a\", r"invalid pattern '[a\': the '[' at character 1 has no closing ']'"),
        (r"[a\]", r"invalid pattern '[a\]': the '[' at character 1 has no closing ']'"),
        ("a[]", "invalid pattern 'a[]': the '[]' at character 2 lists no character"),
        ("[9-0]", "invalid pattern '[9-0]': the range '9-0' at character 2 is not within a-z, A-Z or 0-9"),
        (
            "x[aA-z]",
            "invalid pattern 'x[aA-z]': the range 'A-z' at character 4 is not within a-z, A-Z or 0-9",
        ),
        (r"v1\", r"invalid pattern 'v1\': nothing follows the '\' at the end"),
    ];
    for (pattern, wanted) in cases {
        assert_eq!(Pattern::parse(pattern).expect_err(pattern).to_string(), wanted);
    }
    assert_eq!(PatternList::parse(["a", "[", "!"]).expect_err("two are wrong").len(), 2);
}

#[test]
fn patterns_that_fit_no_path_are_told_apart() {
    for (pattern, never) in [
        ("./src/**", true),
        ("!./src", true),
        ("../x", true),
        ("/src", true),
        (" src", true),
        ("src", false),
        (".github/**", false),
        ("..x", false),
    ] {
        let parsed = Pattern::parse(pattern).expect(pattern);
        assert_eq!(parsed.never_matches_a_path().is_some(), never, "{pattern}");
    }
}

fn facts(event: &str, payload: &Value, changed: Option<&[&str]>) -> EventFacts {
    let changed_files = changed.map(|paths| paths.iter().map(|&path| path.to_owned()).collect());
    let git = GitFacts { changed_files, ..GitFacts::default() };
    EventFacts::new(event.parse().expect(event), payload, &git)
}

fn push(full_ref: &str, changed: Option<&[&str]>) -> EventFacts {
    facts("push", &json!({ "ref": full_ref }), changed)
}

/// What comes out: the notices, or the reason.
fn verdict(filter: &EventFilter, facts: &EventFacts) -> String {
    match select(Some(filter), facts) {
        Selection::Selected(notices) if notices.is_empty() => "selected".to_owned(),
        Selection::Selected(notices) => {
            notices.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
        Selection::Excluded(reason) => format!("excluded: {reason}"),
    }
}

#[test]
fn pushes_are_held_against_branches_tags_and_paths() {
    let none = EventFilter::default();
    let branches = EventFilter { branches: only(&["main"]), ..none.clone() };
    let tags = EventFilter { tags: only(&["v*"]), ..none.clone() };
    let both = EventFilter { branches: only(&["main"]), tags: only(&["v*"]), ..none.clone() };
    let ignoring = EventFilter { branches: ignore(&["wip/**"]), tags: ignore(&["*-rc"]), ..none.clone() };
    let paths = EventFilter { paths: only(&["src/**"]), ..none.clone() };
    let not_docs = EventFilter { paths: ignore(&["docs/**"]), ..none.clone() };
    let main_src = EventFilter { branches: only(&["main"]), paths: only(&["src/**"]), ..none.clone() };
    let (main, dev, tag) = ("refs/heads/main", "refs/heads/dev", "refs/tags/v1");
    let (src, docs): (Option<&[&str]>, Option<&[&str]>) = (Some(&["src/a"]), Some(&["docs/a", "docs/b"]));
    let cases = [
        (&none, push(dev, None), "selected"),
        (&none, push(tag, None), "selected"),
        (&branches, push(main, None), "selected"),
        (&branches, push(dev, None), "excluded: branch 'dev' matches no pattern of on.push.branches"),
        (
            &branches,
            push(tag, None),
            "excluded: on.push filters branches alone (on.push.branches), so tag 'v1' does not start it",
        ),
        (&tags, push(tag, None), "selected"),
        (&tags, push("refs/tags/x", None), "excluded: tag 'x' matches no pattern of on.push.tags"),
        (
            &tags,
            push(main, None),
            "excluded: on.push filters tags alone (on.push.tags), so branch 'main' does not start it",
        ),
        (&both, push(main, None), "selected"),
        (&both, push(tag, None), "selected"),
        (&both, push(dev, None), "excluded: branch 'dev' matches no pattern of on.push.branches"),
        (
            &ignoring,
            push("refs/heads/wip/a", None),
            "excluded: branch 'wip/a' is ignored by on.push.branches-ignore",
        ),
        (&ignoring, push("refs/tags/v1-rc", None), "excluded: tag 'v1-rc' is ignored by on.push.tags-ignore"),
        (&ignoring, push(dev, None), "selected"),
        (&paths, push(dev, src), "selected"),
        (&paths, push(dev, docs), "excluded: none of the changed files (2) matches on.push.paths"),
        (&paths, push(dev, Some(&[])), "excluded: no file changed, so on.push.paths is not met"),
        (&paths, push(dev, None), "on.push.paths was not applied: the list of changed files is unknown"),
        (&paths, push(tag, docs), "selected"),
        (&not_docs, push(dev, src), "selected"),
        (&not_docs, push(dev, docs), "excluded: on.push.paths-ignore ignores all of the changed files (2)"),
        (&main_src, push(main, src), "selected"),
        (&main_src, push(dev, src), "excluded: branch 'dev' matches no pattern of on.push.branches"),
        (&main_src, push(main, docs), "excluded: none of the changed files (2) matches on.push.paths"),
        (
            &main_src,
            facts("push", &json!({}), src),
            "on.push.branches was not applied: the branch is unknown",
        ),
    ];
    for (filter, facts, wanted) in cases {
        assert_eq!(verdict(filter, &facts), wanted, "{filter:?}");
    }
}

#[test]
fn pull_requests_are_held_against_types_base_and_paths() {
    let to = |action: &str, base: &str| json!({"action": action, "pull_request": {"base": {"ref": base}}});
    let none = EventFilter::default();
    let labeled = EventFilter { types: Some(vec!["labeled".into()]), ..none.clone() };
    let main = EventFilter { branches: only(&["main"]), paths: ignore(&["**.md"]), ..none.clone() };
    let cases = [
        (&none, "pull_request", to("opened", "x"), "selected"),
        (&none, "pull_request", to("synchronize", "x"), "selected"),
        (&none, "pull_request_target", to("reopened", "x"), "selected"),
        (
            &none,
            "pull_request",
            to("labeled", "x"),
            "excluded: activity 'labeled' does not start on.pull_request unless its types list it",
        ),
        (&none, "pull_request_review", to("dismissed", "x"), "selected"),
        (&labeled, "pull_request", to("labeled", "x"), "selected"),
        (
            &labeled,
            "pull_request",
            to("opened", "x"),
            "excluded: activity 'opened' is not among on.pull_request.types",
        ),
        (
            &labeled,
            "pull_request",
            json!({}),
            "on.pull_request.types was not applied: the activity is unknown",
        ),
        (&main, "pull_request", to("opened", "main"), "selected"),
        (
            &main,
            "pull_request",
            to("opened", "dev"),
            "excluded: branch 'dev' matches no pattern of on.pull_request.branches",
        ),
        (&main, "pull_request", json!({}), "on.pull_request.branches was not applied: the branch is unknown"),
    ];
    for (filter, event, payload, wanted) in cases {
        assert_eq!(
            verdict(filter, &facts(event, &payload, Some(&["a.rs", "b.md"]))),
            wanted,
            "{event} {payload}"
        );
    }
    let only_texts = facts("pull_request", &to("opened", "main"), Some(&["a.md", "b/c.md"]));
    assert_eq!(
        verdict(&main, &only_texts),
        "excluded: on.pull_request.paths-ignore ignores all of the changed files (2)"
    );
}

#[test]
fn other_events_are_held_against_their_own_filters() {
    let none = EventFilter::default();
    let follows = EventFilter {
        workflows: Some(vec!["Build".into()]),
        branches: only(&["main"]),
        types: Some(vec!["completed".into()]),
        ..none.clone()
    };
    let run = |action: &str, name: &str, branch: &str| json!({"action": action, "workflow_run": {"name": name, "head_branch": branch}});
    let nightly = EventFilter { crons: vec!["0 2 * * *".into()], ..none.clone() };
    let image = EventFilter { names: Some(list(&["web-*"])), versions: Some(list(&["1.*"])), ..none.clone() };
    let version = |name: &str, version: &str| json!({"image_version": {"name": name, "version": version}});
    let queue = EventFilter { branches: only(&["main"]), ..none.clone() };
    let custom = EventFilter { types: Some(vec!["deploy".into()]), ..none };
    let cases = [
        (&follows, "workflow_run", run("completed", "Build", "main"), "selected"),
        (
            &follows,
            "workflow_run",
            run("requested", "Build", "main"),
            "excluded: activity 'requested' is not among on.workflow_run.types",
        ),
        (
            &follows,
            "workflow_run",
            run("completed", "Lint", "main"),
            "excluded: workflow 'Lint' is not among on.workflow_run.workflows",
        ),
        (
            &follows,
            "workflow_run",
            run("completed", "Build", "dev"),
            "excluded: branch 'dev' matches no pattern of on.workflow_run.branches",
        ),
        (&nightly, "schedule", json!({"schedule": "0 2 * * *"}), "selected"),
        (
            &nightly,
            "schedule",
            json!({"schedule": "0 3 * * *"}),
            "excluded: schedule '0 3 * * *' is not among on.schedule.cron",
        ),
        (&nightly, "schedule", json!({}), "selected"),
        (&image, "image_version", version("web-a", "1.2"), "selected"),
        (
            &image,
            "image_version",
            version("db", "1.2"),
            "excluded: image 'db' matches no pattern of on.image_version.names",
        ),
        (
            &image,
            "image_version",
            version("web-a", "2.0"),
            "excluded: image version '2.0' matches no pattern of on.image_version.versions",
        ),
        (
            &image,
            "image_version",
            json!({}),
            "on.image_version.names was not applied: the image is unknown; \
             on.image_version.versions was not applied: the image is unknown",
        ),
        (&queue, "merge_group", json!({"merge_group": {"base_ref": "refs/heads/main"}}), "selected"),
        (
            &queue,
            "merge_group",
            json!({"merge_group": {"base_ref": "refs/heads/dev"}}),
            "excluded: branch 'dev' matches no pattern of on.merge_group.branches",
        ),
        (&custom, "repository_dispatch", json!({"action": "deploy"}), "selected"),
        (
            &custom,
            "repository_dispatch",
            json!({"action": "other"}),
            "excluded: activity 'other' is not among on.repository_dispatch.types",
        ),
    ];
    for (filter, event, payload, wanted) in cases {
        assert_eq!(verdict(filter, &facts(event, &payload, None)), wanted, "{event} {payload}");
    }
}

#[test]
fn an_event_that_on_does_not_list_says_so() {
    let selection = select(None, &push("refs/heads/main", None));
    assert!(!selection.is_selected());
    assert_eq!(selection, Selection::Excluded(Exclusion::NotATrigger(EventKind::Push)));
    assert_eq!(Exclusion::NotATrigger(EventKind::Push).to_string(), "'push' is not among the events of on");
}

#[test]
fn a_notice_names_what_was_unknown() {
    let filter = EventFilter { paths: only(&["a"]), branches: only(&["b"]), ..EventFilter::default() };
    let unknown = EventFacts { filtered_ref: None, ..push("refs/heads/b", None) };
    let Selection::Selected(notices) = select(Some(&filter), &unknown) else {
        panic!("selected with notices")
    };
    assert_eq!(
        notices.iter().map(|notice| notice.key).collect::<Vec<_>>(),
        [FilterKey::Branches, FilterKey::Paths]
    );
    let known = EventFacts { filtered_ref: Some(GitRef::branch("b")), ..unknown };
    assert!(select(Some(&filter), &known).is_selected());
}

/// Backtracking over the atoms as written: slow, and plainly what the table in the documentation says.
fn naive(pattern: &[char], name: &[char]) -> bool {
    let Some((&first, rest)) = pattern.split_first() else { return name.is_empty() };
    match (first, rest.first()) {
        ('*', Some('*')) => (0..=name.len()).any(|taken| naive(&rest[1..], &name[taken..])),
        ('*', _) => {
            let run = name.iter().take_while(|&&c| c != '/').count();
            (0..=run).any(|taken| naive(rest, &name[taken..]))
        }
        (c, Some('?')) => {
            naive(&rest[1..], name) || name.first() == Some(&c) && naive(&rest[1..], &name[1..])
        }
        (c, Some('+')) => {
            let run = name.iter().take_while(|&&other| other == c).count();
            (1..=run).any(|taken| naive(&rest[1..], &name[taken..]))
        }
        (c, _) => name.first() == Some(&c) && naive(rest, &name[1..]),
    }
}

#[test]
fn the_automaton_agrees_with_backtracking() {
    let mut random = fastrand::Rng::with_seed(17);
    let pieces = ["a", "b", "/", "*", "**", "a?", "b+", "a+"];
    let mut matched = 0;
    for _ in 0..30_000 {
        let pattern: String =
            (0..random.usize(1..6)).map(|_| pieces[random.usize(0..pieces.len())]).collect();
        // `**/` has a meaning of its own, `***` depends on where one starts, and `*+` on what it repeats.
        if pattern.contains("**/") || pattern.contains("***") {
            continue;
        }
        let name: String =
            (0..random.usize(0..7)).map(|_| *random.choice(&['a', 'b', '/']).expect("one")).collect();
        let parsed = Pattern::parse(&pattern).expect("valid");
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let wanted = naive(&chars(&pattern), &chars(&name));
        matched += usize::from(wanted);
        assert_eq!(parsed.matches(&name), wanted, "{pattern} against {name}");
    }
    assert!(matched > 1000, "only {matched} of the random names matched");
}

#[test]
fn no_text_makes_it_panic_and_no_pattern_is_slow() {
    let mut random = fastrand::Rng::with_seed(23);
    let alphabet: Vec<char> = r"ab/*?+[]!\-.09é日".chars().collect();
    let text = |random: &mut fastrand::Rng, max: usize| -> String {
        (0..random.usize(0..max)).map(|_| *random.choice(&alphabet).expect("not empty")).collect()
    };
    for _ in 0..50_000 {
        let pattern = text(&mut random, 12);
        if let Ok(parsed) = Pattern::parse(&pattern) {
            let _either = parsed.matches(&text(&mut random, 20));
        }
    }
    // Exponential for a backtracking matcher.
    let hostile = Pattern::parse(&format!("{}c", "**a?".repeat(60))).expect("valid");
    assert!(!hostile.matches(&"a".repeat(2000)));
    let failing = Pattern::parse(&format!("{}b", "*a".repeat(60))).expect("valid");
    assert!(!failing.matches(&"a".repeat(2000)));
}
