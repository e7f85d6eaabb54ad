use std::time::Duration;

use super::*;
use crate::spec::SecretName;

fn options(text: &str) -> CreateOptions {
    CreateOptions::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn health_options_are_read_as_workflows_write_them() {
    for text in [
        "--health-cmd pg_isready --health-interval 10s --health-timeout 1m30s --health-retries 5",
        "--health-cmd=\"pg_isready\" --health-interval=10s --health-timeout=90s --health-retries=5",
        "--health-cmd='pg_isready'\n  --health-interval 10000ms\n  --health-timeout 1.5m --health-retries 5",
    ] {
        let health = options(text).health;
        assert_eq!(health.command.as_deref(), Some("pg_isready"), "{text}");
        assert_eq!(health.interval, Some(Duration::from_secs(10)), "{text}");
        assert_eq!((health.timeout, health.retries), (Some(Duration::from_secs(90)), Some(5)), "{text}");
    }
    let quoted = options(r#"--health-cmd "redis-cli -a \"x y\" ping" --cpus 1"#);
    assert_eq!(quoted.health.command.as_deref(), Some("redis-cli -a \"x y\" ping"));
    assert_eq!(quoted.cpu_millis, Some(1000));
}

#[test]
fn what_a_container_can_have_anywhere_is_typed() {
    let read = options(
        "--cpus 1.5 -m 2g --memory-reservation=512m --user 1001:121 -w /src -e A=b=c --cap-add CAP_NET_ADMIN \
         --cap-drop all --privileged --read-only --tmpfs /run:size=1m -v cache:/c:ro --gpus all --hostname box \
         --network-alias db --add-host a:10.0.0.1 -p 8080:80 --expose 53/udp --init -it",
    );
    assert_eq!(
        (read.cpu_millis, read.memory, read.memory_reservation),
        (Some(1500), Some(2 << 30), Some(512 << 20))
    );
    assert_eq!((read.user.as_deref(), read.workdir.as_deref()), (Some("1001:121"), Some("/src")));
    assert_eq!(read.env, [("A".to_owned(), SealedText::of("b=c"))]);
    assert_eq!(
        (&read.add_capabilities[..], &read.drop_capabilities[..]),
        (&["NET_ADMIN".to_owned()][..], &["ALL".to_owned()][..])
    );
    assert!(read.privileged && read.read_only && read.others.is_empty(), "{:?}", read.others);
    assert_eq!(read.mounts[0], Mount { from: MountFrom::Memory, path: "/run".into(), read_only: false });
    assert_eq!(
        read.mounts[1],
        Mount { from: MountFrom::Named("cache".into()), path: "/c".into(), read_only: true }
    );
    assert_eq!(read.ports.iter().map(ToString::to_string).collect::<Vec<_>>(), ["80", "53/udp"]);
    assert_eq!((read.gpus, read.hosts), (Some(u32::MAX), vec![("a".to_owned(), "10.0.0.1".to_owned())]));
}

#[test]
fn other_options_of_docker_are_kept_by_name() {
    let read = options("--ulimit nofile=1024 --device=/dev/kvm --oom-kill-disable --network host");
    let named: Vec<(&str, Option<&str>)> =
        read.others.iter().map(|other| (other.name.as_str(), other.value.as_deref())).collect();
    assert_eq!(
        named,
        [
            ("--ulimit", Some("nofile=1024")),
            ("--device", Some("/dev/kvm")),
            ("--oom-kill-disable", None),
            ("--network", Some("host")),
        ]
    );
}

#[test]
fn what_is_no_option_is_refused_with_the_word() {
    for (text, said) in [
        ("--helth-cmd x", "`--helth-cmd` is no option of `docker create`"),
        ("postgres", "`postgres` is no option of `docker create`"),
        ("--memory", "`--memory` wants a value"),
        ("--memory 2x", "`--memory 2x`: no size: `512m`, `2g`"),
        ("--health-interval ten", "`--health-interval ten`: no time: `10s`, `1m30s`, `500ms`"),
        ("--health-cmd \"x", "a \" is not closed"),
        ("--privileged=maybe", "`--privileged=maybe`: must be true or false"),
        ("-k", "`-k` is no option of `docker create`"),
    ] {
        assert_eq!(CreateOptions::parse(text), Err(said.to_owned()), "{text}");
    }
}

#[test]
fn volumes_and_ports_are_read_in_all_their_forms() {
    let mount = |text| Mount::parse(text).map(|mount| (mount.from, mount.path, mount.read_only));
    let path = || "/data".to_owned();
    assert_eq!(mount("/data"), Ok((MountFrom::New, path(), false)));
    assert_eq!(mount("/data:ro"), Ok((MountFrom::New, path(), true)));
    assert_eq!(mount("v:/data"), Ok((MountFrom::Named("v".into()), path(), false)));
    assert_eq!(mount("/srv:/data:ro"), Ok((MountFrom::Host("/srv".into()), path(), true)));
    for wrong in ["v:data", "/a:/b:xx", "a:b:c:d", "/a:/b/../c", ""] {
        assert!(mount(wrong).is_err(), "{wrong}");
    }
    let ports = |text| {
        Port::parse(text)
            .map(|all| all.into_iter().map(|port| (port.host, port.container)).collect::<Vec<_>>())
    };
    assert_eq!(ports("80"), Ok(vec![(None, 80)]));
    assert_eq!(ports("127.0.0.1:8080:80/tcp"), Ok(vec![(Some(8080), 80)]));
    assert_eq!(ports("7000-7001:9000-9001"), Ok(vec![(Some(7000), 9000), (Some(7001), 9001)]));
    for wrong in ["0", "x", "80/http", "1-2:3", "70000", "2-1"] {
        assert!(ports(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn secrets_stay_names() {
    let marks = SecretMarks::new(["PASSWORD", "USER"].map(|name| SecretName(name.to_owned())));
    let mark = |name: &str| marks.mark(name).unwrap();
    let url = format!("postgres://{}:{}@db", mark("user"), mark("password"));
    let of = Container {
        image: "postgres:17".into(),
        env: vec![("URL".into(), url), ("PLAIN".into(), "x".into())],
        ..Container::default()
    };
    let read = JobContainer::read(&of, &marks).unwrap();
    let (name, sealed) = &read.env[0];
    assert_eq!((name.as_str(), sealed.to_string()), ("URL", "postgres://***:***@db".to_owned()));
    assert_eq!(sealed.open(|name| Some(if name.0 == "USER" { "me" } else { "pw" })), "postgres://me:pw@db");
    assert_eq!((sealed.plain(), read.env[1].1.plain()), (None, Some("x")));
    let of = Container { image: format!("r/{}", mark("USER")), ..Container::default() };
    let refused = JobContainer::read(&of, &marks).unwrap_err();
    assert_eq!(refused.to_string(), "`image`: a secret cannot be a part of it: everybody sees it");
}
