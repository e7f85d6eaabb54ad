use super::*;

fn help(command: &mut Command) -> String {
    let text = command.clone().term_width(100).render_help().to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_definition_of_all_flags_is_sound() {
    command().debug_assert();
    act_command().debug_assert();
}

#[test]
fn the_help_of_act_reads_well() {
    insta::assert_snapshot!(help(&mut act_command()), @"
    Runs GitHub Actions workflows, with the flags of act

    Usage: act [OPTIONS] [EVENT]

    Arguments:
      [EVENT]  The event, e.g. push or pull_request [default: the only event of all workflows, else
               push]

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

    Event:
      -e, --eventpath <FILE>        Read the event's payload from a JSON file
          --input <NAME=VALUE>      Set an input of `workflow_dispatch`; may be given again
          --input-file <FILE>       Read inputs from a file [default: .input]
      -a, --actor <LOGIN>           Who triggered the run (github.actor) [default: the user.name of git]
          --defaultbranch <BRANCH>  The repository's default branch [default: what git knows of the
                                    remote]
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
      -P, --platform <LABEL=IMAGE>  Map a label of runs-on to an image; `-self-hosted` is this machine;
                                    may be given again
      -b, --bind                    Use the working tree itself as the workspace, instead of an empty
                                    one
          --keep                    Keep workspaces and temporary files when jobs have ended
          --concurrent-jobs <N>     How many jobs run at once [default: number of processors]

    Actions:
          --local-repository <OWNER/REPO@REF=DIR>
              Take a repository's actions and workflows from a folder; may be given again
          --action-offline-mode
              Fetch nothing: use what is in the cache, or fail
          --action-cache-path <DIR>
              Keep fetched actions here [default: $XDG_CACHE_HOME/act-host/actions]

    Instead of running:
      -n, --dryrun    Show what would run; start nothing
      -l, --list      List the jobs, as `act-host list`
      -g, --graph     Draw the jobs and what they need, as `act-host graph`
          --validate  Check the workflows, as `act-host validate`

    Output:
          --json                 Write one JSON object a line, as `--log-format json`
          --log-format <FORMAT>  How to show the run [default: terminal or plain, by what standard
                                 output is] [possible values: terminal, plain, json, github]
      -v, --verbose              Show debug lines (ACTIONS_STEP_DEBUG) and how jobs were placed
      -q, --quiet                Leave out what steps print
          --insecure-secrets     Mask nothing: logs show secrets

    Flags are also read, one a line, from ~/.config/act/actrc, ~/.actrc, ~/.config/act-host/actrc and
    ./.actrc; the last may pin and narrow, not grant. Files of values are dotenv, or flat maps if they
    end
    in .yml or .yaml. Exit codes: see `act-host --help`.
    ");
}
