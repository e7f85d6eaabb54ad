use super::*;
use crate::flags::value::Target;

fn read(owner: Owner, text: &str) -> Result<(RunFlags, Vec<String>), String> {
    let place = Place { path: "/repo/.actrc".into(), owner };
    let world = World { env: [("TOKEN".into(), "s3cret".into())].into(), ..World::default() };
    let mut notices = Vec::new();
    let flags = Reader { place: &place, world: &world, notices: &mut notices }.read(text);
    let notices = notices.iter().map(ToString::to_string).collect();
    flags.map(|flags| (flags, notices)).map_err(|error| error.to_string())
}

#[test]
fn a_file_holds_one_flag_a_line() {
    let text = "# mine\n\n-P ubuntu-latest=node:20\n--env=A=1\n--env B=2 3\n--json\n-j build\n-j test\n-a first\n-a last\n";
    let (flags, notices) = read(Owner::User, text).unwrap();
    assert_eq!(notices, Vec::<String>::new());
    assert_eq!(flags.machine.platform[0].target, Target::Image("node:20".into()));
    assert_eq!(flags.values.env[1].value.as_deref(), Some("2 3"));
    assert_eq!(flags.selection.jobs, ["build", "test"]);
    assert_eq!(flags.event.actor.as_deref(), Some("last"));
    assert!(flags.output.json);
}

#[test]
fn variables_are_read_for_the_user_and_never_for_a_repository() {
    let (flags, _) = read(Owner::User, "--env A=$TOKEN").unwrap();
    assert_eq!(flags.values.env[0].value.as_deref(), Some("s3cret"));
    let (flags, _) = read(Owner::Repository, "--env A=$TOKEN").unwrap();
    assert_eq!(flags.values.env[0].value.as_deref(), Some("$TOKEN"));
    let (_, notices) = read(Owner::User, "--env A=$NONE").unwrap();
    assert_eq!(notices, ["/repo/.actrc:1: environment variable `NONE` is not set"]);
}

#[test]
fn a_repository_may_pin_and_narrow() {
    let text = "-P linux=node:20\n-W ci.yml\n--matrix os:linux\n-j build\n--var A=1\n--json\n-n\n--concurrent-jobs 1";
    let (flags, notices) = read(Owner::Repository, text).unwrap();
    assert_eq!(notices, Vec::<String>::new());
    assert!(flags.instead.dry_run && flags.output.json && flags.machine.platform.len() == 1);
}

#[test]
fn a_repository_may_not_grant() {
    for line in [
        "--inherit-env",
        "--bind",
        "-b",
        "--keep",
        "--no-filters",
        "--insecure-secrets",
        "--secret A=1",
        "--secret A",
        "--secret-file .secrets",
        "--actor root",
        "--directory /",
        "-C /",
        "--local-repository o/r@v1=/",
        "--plugin labels.wasm",
        "--config act-host.toml",
        "--action-cache-path /tmp",
        "--env HOME",
        "--var HOME",
        "--env-file /etc/passwd",
        "-e ../event.json",
        "-P linux=-self-hosted",
        "-P linux=k8s:ubuntu:24.04",
        "--backend kubernetes",
        "--namespace kube-system",
        "-qb",
    ] {
        let (flags, notices) =
            read(Owner::Repository, line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!((&flags, notices.len()), (&RunFlags::default(), 1), "{line}: {notices:?}");
    }
}

#[test]
fn a_flag_of_act_alone_is_passed_over_where_act_reads_the_file_too() {
    let text = "--container-architecture linux/amd64\n--rm";
    let (flags, notices) = read(Owner::UserForAct, text).unwrap();
    assert_eq!(flags, RunFlags::default());
    assert_eq!(
        notices,
        [
            "/repo/.actrc:1: `--container-architecture` passed over: not built yet: jobs in containers",
            "/repo/.actrc:2: `--rm` passed over: no meaning here: what a job leaves is always removed, unless `--keep` is given",
        ]
    );
    let error = read(Owner::User, text).unwrap_err();
    assert_eq!(
        error,
        "/repo/.actrc:1: `--container-architecture` is a flag of act that is not here: not built yet: jobs in containers"
    );
}

#[test]
fn a_wrong_line_is_named() {
    for (text, expected) in [
        ("\n--jsn", "/repo/.actrc:2: unexpected argument '--jsn' found"),
        (
            "-P linux",
            "/repo/.actrc:1: invalid value 'linux' for '--platform <LABEL=IMAGE>': expected LABEL=IMAGE, LABEL=k8s:IMAGE[:KEY=VALUE], LABEL=-self-hosted or LABEL= (empty: no mapping)",
        ),
        ("--json yes\n", "/repo/.actrc:1: `--json yes` is not one flag and its value"),
        ("--actor", "/repo/.actrc:1: a value is required for '--actor <LOGIN>' but none was supplied"),
        ("-n\n-l", "/repo/.actrc:2: the argument '--dryrun' cannot be used with '--list'"),
    ] {
        let error = read(Owner::UserForAct, text).err();
        assert!(error.as_ref().is_some_and(|error| error.starts_with(expected)), "{text:?}: {error:?}");
    }
    let (_, notices) = read(Owner::UserForAct, "push").unwrap();
    assert_eq!(notices, ["/repo/.actrc:1: a line begins with a flag or with `#`: passed over"]);
}

#[test]
fn files_count_in_order_and_the_own_home_is_no_repository() {
    let world = World { home: Some("/h".into()), cwd: Some("/r".into()), ..World::default() };
    let listed: Vec<_> = places(&world).into_iter().map(|place| (place.path, place.owner)).collect();
    assert_eq!(
        listed,
        [
            ("/h/.config/act/actrc".into(), Owner::UserForAct),
            ("/h/.actrc".into(), Owner::UserForAct),
            ("/h/.config/act-host/actrc".into(), Owner::User),
            ("/r/.actrc".into(), Owner::Repository),
        ]
    );
    let at_home = World { cwd: Some("/h".into()), ..world };
    assert_eq!(places(&at_home).len(), 3);
}

#[test]
fn any_text_is_read_or_refused_and_grants_nothing() {
    const PIECES: [&str; 18] = [
        "--env", "--bind", "-b", "-s", "-j", "-P", "--matrix", "--keep", "=", " ", "\n", "\t", "A=1", "a:b",
        "$TOKEN", "#", "--", "é",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..2_000 {
        let count = random.usize(0..12);
        let text: String = (0..count).map(|_| PIECES[random.usize(0..PIECES.len())]).collect();
        if let Ok((flags, _)) = read(Owner::Repository, &text) {
            let machine = flags.machine;
            assert!(!machine.bind && !machine.keep && flags.values.secret.is_empty(), "{text:?}");
        }
    }
}
