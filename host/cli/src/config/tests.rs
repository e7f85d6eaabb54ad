use std::fs;

use clap::{Args, Command, FromArgMatches};

use super::*;
use crate::exit::Exit;

struct Scene {
    repository: tempfile::TempDir,
    home: tempfile::TempDir,
    env: Vec<(&'static str, &'static str)>,
    ask: Option<fn(&str) -> std::io::Result<String>>,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let scene = Self {
            repository: tempfile::tempdir().unwrap(),
            home: tempfile::tempdir().unwrap(),
            env: Vec::new(),
            ask: None,
        };
        for (name, text) in files {
            let path = match name.strip_prefix("~/") {
                Some(name) => scene.home.path().join(name),
                None => scene.repository.path().join(name),
            };
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        scene
    }

    fn resolve(&self, arguments: &str) -> Result<(Config, Vec<String>), CliError> {
        let world = World {
            env: self.env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            cwd: Some(self.repository.path().to_owned()),
            home: Some(self.home.path().to_owned()),
            ask: self.ask,
            ..World::default()
        };
        let command =
            RunFlags::augment_args(Command::new("run").no_binary_name(true).args_override_self(true));
        let matches = command.try_get_matches_from(arguments.split_whitespace()).unwrap();
        let Layered { flags, notices, .. } = layered(RunFlags::from_arg_matches(&matches).unwrap(), &world)?;
        Ok((Config::resolve(flags, &world)?, notices.iter().map(ToString::to_string).collect()))
    }

    fn config(&self, arguments: &str) -> Config {
        self.resolve(arguments).unwrap_or_else(|error| panic!("{}", error.render(false))).0
    }

    /// The message of a failure, the repository's folder shown as `.`.
    fn failure(&self, arguments: &str) -> String {
        let error = self.resolve(arguments).unwrap_err();
        assert_eq!(error.exit, Exit::Invalid);
        error.render(false).replace(self.repository.path().to_str().unwrap(), ".")
    }
}

#[test]
fn nothing_said_gives_the_documented_defaults() {
    let scene = Scene::new(&[]);
    let config = scene.config("");
    assert_eq!(config.selection.root, scene.repository.path());
    assert_eq!((config.selection.workflows.len(), config.selection.recurse), (0, true));
    assert_eq!(config.event.remote, "origin");
    assert_eq!(config.state, scene.home.path().join(".local/state/act-host"));
    assert_eq!(config.actions.cache, scene.home.path().join(".cache/act-host/actions"));
    assert_eq!(config.output.format, LogFormat::Plain);
    assert!(
        config.filters && !config.machine.bind && !config.machine.inherit_env && config.mode == Mode::Run
    );
}

#[test]
fn the_nearer_source_wins() {
    let scene = Scene::new(&[
        ("~/.config/act/actrc", "-a first\n--var A=1\n--remote-name r1\n-P x=a\n-P y=a"),
        ("~/.actrc", "-a second\n--var B=2"),
        ("~/.config/act-host/actrc", "-a third\n-j build\n-P x=b"),
        (".actrc", "--var B=3\n-j test\n--defaultbranch dev\n--matrix os:linux"),
        (".vars", "A=file\nC=file"),
    ]);
    let config = scene.config("--var c=4 --matrix os:mac");
    assert_eq!(config.event.actor.as_deref(), Some("third"));
    assert_eq!(config.event.remote, "r1");
    assert_eq!(config.event.default_branch.as_deref(), Some("dev"));
    assert_eq!(config.selection.jobs, ["test"]);
    assert_eq!(config.matrix[0].value, "mac");
    let targets: Vec<_> =
        config.machine.platforms.iter().map(|p| format!("{}={:?}", p.label, p.target)).collect();
    assert_eq!(targets, [r#"x=Image("b")"#, r#"y=Image("a")"#]);
    let vars: Vec<_> = config.vars.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(vars, ["A=1", "C=4", "B=3"]);
}

#[test]
fn a_value_comes_from_the_flag_then_the_file() {
    let scene = Scene::new(&[
        (".env", "A=file\nB=file"),
        (".secrets", "token=file\nOTHER=file"),
        (".input", "name=file"),
        ("more.yml", "A: yaml\n"),
    ]);
    let config = scene.config("--env A=flag -s Token=flag --input name=flag");
    assert_eq!((config.env["A"].as_str(), config.env["B"].as_str()), ("flag", "file"));
    assert_eq!(config.secrets.0["TOKEN"], "flag");
    assert_eq!(config.secrets.0["OTHER"], "file");
    assert_eq!(config.event.inputs["name"], "flag");
    assert_eq!(scene.config("--env-file more.yml").env["A"], "yaml");
}

#[test]
fn a_flag_without_a_value_takes_it_from_the_environment_or_asks() {
    let mut scene = Scene::new(&[]);
    scene.env = vec![("A", "1"), ("TOKEN", "t"), ("EMPTY", "")];
    let config = scene.config("--env A --env EMPTY --var A -s token");
    assert_eq!((config.env["A"].as_str(), config.env["EMPTY"].as_str()), ("1", ""));
    assert_eq!((config.vars["A"].as_str(), config.secrets.0["TOKEN"].as_str()), ("1", "t"));
    assert_eq!(
        scene.failure("-s NONE"),
        "error: `--secret NONE`: the environment has no `NONE`\nhint: give it a value: `--secret NONE=…`\n"
    );
    assert!(scene.failure("--env NONE").starts_with("error: `--env NONE`: the environment has no `NONE`"));
    scene.ask = Some(|prompt| Ok(format!("answer to {prompt}")));
    assert_eq!(scene.config("-s NONE").secrets.0["NONE"], "answer to Value of the secret NONE: ");
    scene.ask = Some(|_| panic!("nobody may be asked for a secret that is given later"));
    assert_eq!(scene.config("-s NONE -s NONE=x").secrets.0["NONE"], "x");
}

#[test]
fn a_wrong_file_is_named_with_line_and_column_and_without_its_text() {
    let scene = Scene::new(&[
        (".env", "A=1"),
        ("bad.env", "A=1\nhunter2"),
        ("bad.yml", "A: [hunter2]"),
        ("list.json", "[1]"),
        ("broken.json", "{\n  \"a\": }"),
        ("1.secrets", "1A=x"),
    ]);
    for (arguments, expected) in [
        ("--env-file bad.env", "error: ./bad.env: line 2, column 8: expected NAME=VALUE\n"),
        (
            "--secret-file bad.yml",
            "error: ./bad.yml: line 1, column 4: expected a plain value: the map must be flat\n",
        ),
        ("--env-file none", "error: there is no file ./none\n"),
        ("--env-file .", "error: ./. is a folder\n"),
        ("-e none.json", "error: there is no file ./none.json\n"),
        (
            "-e list.json",
            "error: ./list.json is not a JSON object\n  caused by: invalid type: sequence, expected a map at line 1 column 0\n",
        ),
        (
            "-e broken.json",
            "error: ./broken.json is not a JSON object\n  caused by: expected value at line 2 column 8\n",
        ),
        (
            "--secret-file 1.secrets",
            "error: `1A` is not a name of a secret: letters, digits and `_`, not beginning with a digit\n",
        ),
        ("-C none", "error: there is no folder ./none\n"),
    ] {
        assert_eq!(scene.failure(arguments), expected, "{arguments}");
    }
}

#[test]
fn a_link_out_of_the_repository_is_no_default_file() {
    let scene = Scene::new(&[("~/private", "A=1")]);
    let link = scene.repository.path().join(".env");
    std::os::unix::fs::symlink(scene.home.path().join("private"), link).unwrap();
    assert_eq!(
        scene.failure(""),
        "error: ./.env leads out of the repository\nhint: to use it all the same: `--env-file .env`\n"
    );
    assert_eq!(scene.config("--env-file .env").env["A"], "1");
}

#[test]
fn a_repository_grants_itself_nothing_and_is_told_so() {
    let scene = Scene::new(&[(".actrc", "--bind\n--inherit-env\n--env HOME\n-v")]);
    let (config, notices) = scene.resolve("").unwrap();
    assert!(
        !config.machine.bind && !config.machine.inherit_env && config.env.is_empty() && config.output.verbose
    );
    assert_eq!(notices.len(), 3);
}

#[test]
fn secrets_do_not_show_themselves() {
    let scene = Scene::new(&[]);
    let config = scene.config("-s A=hunter2");
    assert!(!format!("{config:?}").contains("hunter2"));
}
