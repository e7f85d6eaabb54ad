use super::*;

fn help(command: &mut Command) -> String {
    let text = command.clone().term_width(100).render_help().to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_definition_of_all_flags_is_sound() {
    command().debug_assert();
    Act::command().debug_assert();
}

#[test]
fn the_help_of_act_reads_well() {
    insta::assert_snapshot!(help(&mut Act::command()), @"
    Runs GitHub Actions workflows, with the flags of act

    Usage: act [OPTIONS] [EVENT]

    Arguments:
      [EVENT]  The event, e.g. push or pull_request

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Selection:
      -W, --workflows <PATH>    A workflow file, or a folder of them; may be given again [default:
                                .github/workflows]
      -j, --job <ID>            A job and the jobs it needs; may be given again
          --no-recurse          Do not look for workflows below the folder's own files
      -C, --directory <DIR>     Work in this folder: all other paths start from it [default: .]
          --matrix <KEY:VALUE>  Run only the matrix legs with this value; may be given again [e.g.
                                os:ubuntu-latest]
          --no-filters          Run workflows whose branch, tag, path or type filters exclude the event
          --resume <RUN>        Take up a run whose process was killed, as it was: its id, the beginning
                                or end of it, or `latest`

    Event:
      -e, --eventpath <FILE>        Read the event's payload from a JSON file
          --input <NAME=VALUE>      Set an input of `workflow_dispatch`; may be given again
          --input-file <FILE>       Read inputs from a file [default: .input]
      -a, --actor <LOGIN>           Who triggered the run (github.actor) [default: act-host]
          --defaultbranch <BRANCH>  The repository's default branch [default: what git knows of the
                                    remote, else main]
          --remote-name <NAME>      The git remote that tells owner and name of the repository [default:
                                    origin]

    Values:
      -s, --secret <NAME[=VALUE]>  Set a secret; without a value it comes from the environment or is
                                   asked for
          --secret-file <FILE>     Read secrets from a file [default: .secrets]
          --var <NAME[=VALUE]>     Set a configuration variable (vars.NAME); without a value it comes
                                   from the environment
          --var-file <FILE>        Read configuration variables from a file [default: .vars]
          --env <NAME[=VALUE]>     Set an environment variable of all jobs; without a value it comes
                                   from the environment
          --env-file <FILE>        Read environment variables from a file [default: .env]
          --inherit-env            Give jobs the whole environment of this process

    Machine:
      -P, --platform <LABEL=IMAGE>  Map a label of runs-on to an image, `k8s:IMAGE[:KEY=VALUE]` to a pod
                                    and nodes for it, `-self-hosted` to this machine; may be given again
          --backend <NAME>          Where all jobs run: `local` (this machine) or `kubernetes` [default:
                                    where the scheduler of act-host.toml says, else local] [possible
                                    values: local, kubernetes]

    Kubernetes:
          --kubeconfig <FILE>            Use this kubeconfig [default: $KUBECONFIG, ~/.kube/config, or
                                         the account of the pod this runs in]
          --namespace <NAME>             Make pods in this namespace [default: that of the context]
          --context <NAME>               Use this context of the kubeconfig [default: its current one]
          --k8s-agent <HOW>              How the agent gets into pods: `config-map`, `image:REFERENCE`
                                         (a volume) or `in-image[:PATH]` [default: config-map]
          --k8s-node-image <IMAGE>       Bring Node.js into pods from this image, for JavaScript actions
                                         of jobs whose own image has none
          --k8s-node <FILE>              Send this Node.js into pods that have none, for JavaScript
                                         actions: a program for Linux [default: node on PATH]
          --k8s-service-account <NAME>   Give pods this service account
          --k8s-cpu-request <AMOUNT>     Ask for so much processor for each job, as `500m` [default:
                                         250m]
          --k8s-memory-request <AMOUNT>  Ask for so much memory for each job, as `1Gi` [default: 512Mi]
          --k8s-cpu-limit <AMOUNT>       Let each job have at most so much processor [default: 1000m]
          --k8s-memory-limit <AMOUNT>    Let each job have at most so much memory [default: 2Gi]
          --debug-scheduling             Tell before the run why jobs go where they go, and look into
                                         why a pod waits
      -b, --bind                         Use the working tree itself as the workspace, instead of an
                                         empty one
          --keep                         Keep workspaces and temporary files when jobs have ended; on a
                                         cluster, the pods of jobs that failed
          --concurrent-jobs <N>          How many jobs run at once [default: 64]

    Actions:
          --local-repository <OWNER/REPO@REF=DIR>
              Take a repository's actions and workflows from a folder; may be given again
          --action-offline-mode
              Fetch nothing: use what is in the cache, or fail
          --action-cache-path <DIR>
              Keep fetched actions here [default: $XDG_CACHE_HOME/act-host/actions]

    Plugins:
          --plugin <FILE|NAME>  Ask this plugin before those of act-host.toml: a file, or the name of
                                one that is installed; may be given again
          --config <FILE>       Read plugins, their settings, limits and grants, and how jobs run on a
                                cluster, from this file; or the latter from a YAML `.actrc` [default:
                                $XDG_CONFIG_HOME/act-host/act-host.toml]

    Instead of running:
      -n, --dryrun    Show what would run; start nothing
      -l, --list      List the jobs, as `act-host list`
      -g, --graph     Draw the jobs and what they need, as `act-host graph`
          --validate  Check the workflows, as `act-host validate`

    Output:
          --json                 Write one JSON object a line, as `--log-format json`
          --log-format <FORMAT>  How to show the run [default: terminal or plain, by what standard
                                 output is] [possible values: terminal, plain, json, github]
      -v, --verbose              Show also what steps are given, the set-up of jobs, and debug lines
      -q, --quiet                Leave out what steps print
          --insecure-secrets     Mask nothing: logs show secrets

    Flags are also read, one a line, from ~/.config/act/actrc, ~/.actrc, ~/.config/act-host/actrc and
    ./.actrc (which may pin and narrow, not grant); one that is YAML says how jobs run on a cluster.
    Files of values are dotenv; those that end in .yml or .yaml are flat maps.
    ");
}

#[test]
fn the_help_of_the_program_names_its_commands_and_exit_codes() {
    insta::assert_snapshot!(help(&mut command()), @"
    Runs GitHub Actions workflows anywhere

    Usage: act-host <COMMAND>

    Commands:
      run          Run workflows
      explain      Explain why each job would run, where, and who says so
      list         List the jobs of workflows
      graph        Draw the jobs of workflows and what they need
      validate     Check workflows and actions
      runs         List earlier runs, show one, print its log
      plugin       Install plugins, look into them, grant what they ask for, write new ones
      kubernetes   Prepare a cluster
      expr         Evaluate expressions
      completions  Print a completion script for a shell

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Exit codes:
        0  success
        1  a job failed
        2  invalid input, or nothing to run
        3  infrastructure failure: a machine, a disk, a service
       70  internal error
      130  cancelled
    ");
}

#[test]
fn the_help_of_each_command_reads_well() {
    for name in ["list", "graph", "validate", "expr", "runs", "completions"] {
        let mut all = command();
        all.build();
        let text = help(all.find_subcommand_mut(name).unwrap());
        match name {
            "list" => insta::assert_snapshot!(text, @"
            List the jobs of workflows

            Usage: act-host list [OPTIONS] [EVENT]

            Arguments:
              [EVENT]  The event, e.g. push or pull_request

            Options:
                  --format <FORMAT>  How to show the jobs [default: text] [possible values: text, json]
              -h, --help             Print help (see more with '--help')

            Selection:
              -W, --workflows <PATH>  A workflow file, or a folder of them; may be given again [default:
                                      .github/workflows]
              -j, --job <ID>          A job and the jobs it needs; may be given again
                  --no-recurse        Do not look for workflows below the folder's own files
              -C, --directory <DIR>   Work in this folder: all other paths start from it [default: .]
            "),
            "graph" => insta::assert_snapshot!(text, @"
            Draw the jobs of workflows and what they need

            Usage: act-host graph [OPTIONS] [EVENT]

            Arguments:
              [EVENT]  The event, e.g. push or pull_request

            Options:
                  --format <FORMAT>  How to draw the jobs [default: text] [possible values: text, mermaid, json]
              -h, --help             Print help (see more with '--help')

            Selection:
              -W, --workflows <PATH>  A workflow file, or a folder of them; may be given again [default:
                                      .github/workflows]
              -j, --job <ID>          A job and the jobs it needs; may be given again
                  --no-recurse        Do not look for workflows below the folder's own files
              -C, --directory <DIR>   Work in this folder: all other paths start from it [default: .]
            "),
            "validate" => insta::assert_snapshot!(text, @"
            Check workflows and actions

            Usage: act-host validate [OPTIONS] [PATH]...

            Arguments:
              [PATH]...  Files and folders [default: .github/workflows, .github/actions, and action.yml in the
                         root]

            Options:
                  --format <FORMAT>  How to show what is wrong [default: text] [possible values: text, json,
                                     github]
              -h, --help             Print help (see more with '--help')
            "),
            "expr" => insta::assert_snapshot!(text, @r#"
            Evaluate expressions

            Usage: act-host expr [OPTIONS] [EXPR]

            Arguments:
              [EXPR]  The expression, with or without `${{ }}`

            Options:
                  --context <FILE>  Read the contexts from a JSON file: {"github": {…}, "env": {…}}
                  --batch           Read requests from standard input: a line {"expr": …, "contexts": {…}} each,
                                    answered with a line
              -h, --help            Print help (see more with '--help')
            "#),
            "runs" => insta::assert_snapshot!(text, @"
            List earlier runs, show one, print its log

            Usage: act-host runs [OPTIONS]
                   act-host runs <COMMAND>

            Commands:
              show  Show the jobs and steps of a run, and what went wrong
              logs  Print the log of a run, as GitHub writes it

            Options:
              -n, --limit <N>  How many to list, newest first [default: 20]
                  --json       One JSON object a run
              -h, --help       Print help
            "),
            _ => insta::assert_snapshot!(text, @"
            Print a completion script for a shell

            Usage: act-host completions <SHELL>

            Arguments:
              <SHELL>  The shell [possible values: bash, elvish, fish, powershell, zsh]

            Options:
              -h, --help  Print help
            "),
        }
    }
}

fn failure(arguments: &str) -> String {
    let args = arguments.split(' ').map(Into::into).collect();
    let error = start(&World { args, ..World::default() }).unwrap_err();
    assert_eq!(error.exit, Exit::Invalid);
    error.render(false)
}

#[test]
fn a_wrong_word_is_answered_with_the_right_one() {
    for (arguments, expected) in [
        ("act-host valdate", "error: unrecognized subcommand 'valdate'\nhint: did you mean `validate`?\n"),
        ("act-host frobnicate", "error: unrecognized subcommand 'frobnicate'\nhint: see `act-host --help`\n"),
        (
            "act-host run --plattform x",
            "error: unexpected argument '--plattform' found\nhint: did you mean `--platform`?\n",
        ),
        (
            "act-host list --frm json",
            "error: unexpected argument '--frm' found\nhint: see `act-host list --help`\n",
        ),
        (
            "act-host list --format xml",
            "error: invalid value 'xml' for '--format <FORMAT>' [possible values: text, json]\nhint: see `act-host list --help`\n",
        ),
        (
            "act -P ubuntu",
            "error: invalid value 'ubuntu' for '--platform <LABEL=IMAGE>': expected LABEL=IMAGE, LABEL=k8s:IMAGE[:KEY=VALUE], LABEL=-self-hosted or LABEL= (empty: no mapping)\nhint: see `act --help`\n",
        ),
        (
            "act --pull=false",
            "error: `--pull` is a flag of act that is not here: not built yet: jobs in containers\nhint: see `act --help`\n",
        ),
        (
            "act -r",
            "error: `-r` is a flag of act that is not here: not built yet: machines that are used again\nhint: see `act --help`\n",
        ),
        (
            "act-host run --rm",
            "error: `--rm` is a flag of act that is not here: no meaning here: what a job leaves is always removed, unless `--keep` is given\nhint: see `act-host run --help`\n",
        ),
        ("act push pull", "error: unexpected argument 'pull' found\nhint: see `act --help`\n"),
        (
            "act -n -l",
            "error: the argument '--dryrun' cannot be used with '--list'\nhint: see `act --help`\n",
        ),
    ] {
        assert_eq!(failure(arguments), expected, "{arguments}");
    }
}

#[test]
fn the_name_of_the_program_decides_its_form() {
    for (name, act) in [("/usr/bin/act", true), ("act", true), ("act-host", false), ("./actor", false)] {
        let world = World { args: vec![name.into()], ..World::default() };
        assert_eq!(world.called_act(), act, "{name}");
    }
}
