//! `act-host list [EVENT]`: the jobs of all workflows, as a table or as JSON lines.

use std::io::Write;

use clap::{Args, ValueEnum};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::config::{self, Selection};
use crate::error::CliError;
use crate::exit::Exit;
use crate::flags::{RunFlags, SelectionFlags};
use crate::outline::{self, Outline, OutlinedJob};
use crate::stream;
use crate::world::World;

/// Flags of `list`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Flags {
    #[command(flatten)]
    selection: SelectionFlags,

    /// How to show the jobs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// How jobs are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table
    #[default]
    Text,
    /// One JSON object a job
    Json,
}

impl Format {
    /// What `--json` of `run --list` means.
    pub(crate) const fn of_run(json: bool) -> Self {
        if json { Self::Json } else { Self::Text }
    }
}

/// Lists what the flags, over those of configuration files, select.
pub(crate) fn run(flags: Flags, world: &World) -> Result<Exit, CliError> {
    let flags_of_run = RunFlags { selection: flags.selection, ..RunFlags::default() };
    let config::Layered { flags: layered, notices, .. } = config::layered(flags_of_run, world)?;
    super::notify(&notices);
    list(layered.selection, flags.format, world)
}

/// Lists what is selected.
pub(crate) fn list(flags: SelectionFlags, format: Format, world: &World) -> Result<Exit, CliError> {
    let event = flags.event.clone();
    let selection = Selection::resolve(flags, world)?;
    let outlines = outline::read(&selection, event.as_deref(), world)?;
    stream::print(|out| match format {
        Format::Text => out.write_all(table(&outlines.valid).as_bytes()),
        Format::Json => outlines.valid.iter().try_for_each(|outline| json(outline, out)),
    })?;
    Ok(super::show_invalid(&outlines.invalid))
}

const HEAD: [&str; 6] = ["Stage", "Job ID", "Job name", "Workflow name", "Workflow file", "Events"];

fn table(outlines: &[Outline]) -> String {
    let mut rows: Vec<[String; 6]> = vec![HEAD.map(str::to_owned)];
    for outline in outlines {
        rows.extend(outline.jobs.iter().map(|job| row(outline, job)));
    }
    let widths: Vec<usize> =
        (0..HEAD.len()).map(|column| rows.iter().map(|row| row[column].width()).max().unwrap_or(0)).collect();
    let line = |row: &[String; 6]| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn row(outline: &Outline, job: &OutlinedJob) -> [String; 6] {
    let (name, file) = (outline.workflow.clone(), outline.file.clone());
    [job.stage.to_string(), job.id.clone(), job.name.clone(), name, file, outline.events.join(",")]
        .map(|cell| stream::harmless(&cell).replace('\n', " "))
}

#[derive(Serialize)]
struct Line<'a> {
    workflow: &'a str,
    file: &'a str,
    events: &'a [String],
    #[serde(flatten)]
    job: &'a OutlinedJob,
}

fn json(outline: &Outline, out: &mut dyn Write) -> std::io::Result<()> {
    for job in &outline.jobs {
        let line = Line { workflow: &outline.workflow, file: &outline.file, events: &outline.events, job };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outline::tests::{DIAMOND, of};

    #[test]
    fn the_table_has_the_columns_of_act() {
        insta::assert_snapshot!(table(&[of(DIAMOND)]), @"
        Stage  Job ID  Job name                  Workflow name  Workflow file  Events
        0      lint    lint                      CI             ci.yml         push,pull_request
        0      build   Build it                  CI             ci.yml         push,pull_request
        1      test    test                      CI             ci.yml         push,pull_request
        2      deploy  Deploy ${{ github.ref }}  CI             ci.yml         push,pull_request
        ");
    }

    #[test]
    fn json_has_a_line_a_job() {
        let mut out = Vec::new();
        json(&of(DIAMOND), &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        {"workflow":"CI","file":"ci.yml","events":["push","pull_request"],"stage":0,"id":"lint","name":"lint","needs":[]}
        {"workflow":"CI","file":"ci.yml","events":["push","pull_request"],"stage":0,"id":"build","name":"Build it","needs":[]}
        {"workflow":"CI","file":"ci.yml","events":["push","pull_request"],"stage":1,"id":"test","name":"test","needs":["build"]}
        {"workflow":"CI","file":"ci.yml","events":["push","pull_request"],"stage":2,"id":"deploy","name":"Deploy ${{ github.ref }}","needs":["test","lint"]}
        "#);
    }
}
