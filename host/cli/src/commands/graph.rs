//! `act-host graph [EVENT]`: which job needs which, with the real edges, not stages.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use unicode_width::UnicodeWidthStr;

use crate::config::{self, Selection};
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::{RunFlags, SelectionFlags};
use crate::outline::{self, Outline, OutlinedJob};
use crate::stream;
use crate::world::World;

/// Flags of `graph`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Flags {
    #[command(flatten)]
    selection: SelectionFlags,

    /// How to draw the jobs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How graphs are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Each job behind those it needs
    #[default]
    Text,
    /// A Mermaid flowchart
    Mermaid,
    /// One JSON object a workflow
    Json,
}

impl Format {
    /// What `--json` of `run --graph` means.
    pub(crate) const fn of_run(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// Draws what the flags, over those of configuration files, select.
pub(crate) fn run(flags: Flags, world: &World) -> Result<Exit, CliError> {
    let flags_of_run = RunFlags { selection: flags.selection, ..RunFlags::default() };
    let config::Layered { flags: layered, notices, .. } = config::layered(flags_of_run, world)?;
    super::notify(&notices);
    graph(layered.selection, flags.format, world)
}

/// Draws what is selected.
pub(crate) fn graph(flags: SelectionFlags, format: Format, world: &World) -> Result<Exit, CliError> {
    let event = flags.event.clone();
    let selection = Selection::resolve(flags, world)?;
    let outlines = outline::read(&selection, event.as_deref(), world)?;
    let drawn = match format {
        Format::Text => outlines.valid.iter().map(text).collect::<Vec<_>>().join("\n"),
        Format::Mermaid => mermaid(&outlines.valid),
        Format::Json => outlines.valid.iter().map(json).collect(),
    };
    stream::print_text(&stream::harmless(&drawn))?;
    Ok(super::show_invalid(&outlines.invalid))
}

fn json(outline: &Outline) -> String {
    // Text and numbers under text keys: nothing here can fail to be JSON.
    serde_json::to_string(outline).unwrap_or_default() + "\n"
}

fn text(outline: &Outline) -> String {
    let mut drawn = format!("{} ({}) on {}\n", outline.workflow, outline.file, outline.events.join(", "));
    level(&outline.jobs, 1, &mut drawn);
    drawn
}

/// Writes the jobs of one workflow; those of a called one follow their caller, further in.
fn level(jobs: &[OutlinedJob], depth: usize, drawn: &mut String) {
    let width = jobs.iter().map(|job| job.id.width()).max().unwrap_or(0);
    for job in jobs {
        let indent = "  ".repeat(depth);
        let needs = if job.needs.is_empty() { String::new() } else { format!("<- {}", job.needs.join(", ")) };
        let calls = job.uses.as_ref().map(|uses| format!("calls {uses}")).unwrap_or_default();
        let rest = [needs, calls].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
        let pad = " ".repeat(width - job.id.width());
        let _ = writeln!(drawn, "{}", format!("{indent}{}{pad}  {rest}", job.id).trim_end());
        level(&job.jobs, depth + 1, drawn);
    }
}

fn mermaid(outlines: &[Outline]) -> String {
    let mut drawn = "flowchart LR\n".to_owned();
    for (index, outline) in outlines.iter().enumerate() {
        let scope = format!("w{index}");
        let _ = writeln!(drawn, "  subgraph {scope}[\"{}\"]", quoted(&outline.workflow));
        nodes(&outline.jobs, &scope, 2, &mut drawn);
        drawn.push_str("  end\n");
    }
    drawn
}

/// Writes the jobs of one workflow; one that calls another is a frame around that one's jobs.
fn nodes(jobs: &[OutlinedJob], scope: &str, depth: usize, drawn: &mut String) {
    let indent = "  ".repeat(depth);
    for job in jobs {
        let node = format!("{scope}_{}", job.id);
        if job.jobs.is_empty() {
            let _ = writeln!(drawn, "{indent}{node}[\"{}\"]", quoted(&job.name));
        } else {
            let _ = writeln!(drawn, "{indent}subgraph {node}[\"{}\"]", quoted(&job.name));
            nodes(&job.jobs, &node, depth + 1, drawn);
            let _ = writeln!(drawn, "{indent}end");
        }
    }
    for job in jobs {
        for need in &job.needs {
            let target =
                jobs.iter().find(|other| other.id.eq_ignore_ascii_case(need)).map_or(need, |other| &other.id);
            let _ = writeln!(drawn, "{indent}{scope}_{target} --> {scope}_{}", job.id);
        }
    }
}

/// Mermaid's own escapes: a quote ends a label, a hash begins an entity.
fn quoted(text: &str) -> String {
    text.replace('#', "#35;").replace('"', "#quot;").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outline::tests::{DIAMOND, of};

    #[test]
    fn text_names_what_each_job_needs() {
        insta::assert_snapshot!(text(&of(DIAMOND)), @"
        CI (ci.yml) on push, pull_request
          lint
          build
          test    <- build
          deploy  <- test, lint
        ");
    }

    #[test]
    fn mermaid_has_an_edge_for_each_need() {
        insta::assert_snapshot!(mermaid(&[of(DIAMOND)]), @r#"
        flowchart LR
          subgraph w0["CI"]
            w0_lint["lint"]
            w0_build["Build it"]
            w0_test["test"]
            w0_deploy["Deploy ${{ github.ref }}"]
            w0_build --> w0_test
            w0_test --> w0_deploy
            w0_lint --> w0_deploy
          end
        "#);
    }

    #[test]
    fn called_jobs_stand_inside_their_caller() {
        let mut outline = of(DIAMOND);
        let inner = OutlinedJob { jobs: Vec::new(), ..outline.jobs[0].clone() };
        outline.jobs[1].uses = Some("./.github/workflows/b.yml".into());
        outline.jobs[1].jobs = vec![inner];
        insta::assert_snapshot!(text(&outline), @"
        CI (ci.yml) on push, pull_request
          lint
          build   calls ./.github/workflows/b.yml
            lint
          test    <- build
          deploy  <- test, lint
        ");
        insta::assert_snapshot!(mermaid(&[outline]), @r#"
        flowchart LR
          subgraph w0["CI"]
            w0_lint["lint"]
            subgraph w0_build["Build it"]
              w0_build_lint["lint"]
            end
            w0_test["test"]
            w0_deploy["Deploy ${{ github.ref }}"]
            w0_build --> w0_test
            w0_test --> w0_deploy
            w0_lint --> w0_deploy
          end
        "#);
    }
}
