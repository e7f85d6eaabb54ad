//! Decides where a job's places lie below the folder of its machine, as GitHub's runner lays them out.
//!
//! ```text
//! <machine>/owner.lock   held while a living process answers for the machine; the epoch that spoke for it last
//!           kept         there if it was released and is left for people
//!           _work/<repo>/<repo>   _work/_temp   _work/_tool   _work/_actions
//! ```
//! Source: actions/runner `PipelineDirectoryManager.cs`, `Constants.Path`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use act_core::environment::{LogicalPath, Root};

use crate::config::LocalConfig;

/// Holds all that is the job's below the folder of its machine.
pub(crate) const WORK: &str = "_work";

/// The places of one job.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Holds all that are the machine's own.
    all: PathBuf,
    workspace: PathBuf,
    work: PathBuf,
    temp: PathBuf,
    scratch: PathBuf,
    actions: PathBuf,
    tools: PathBuf,
}

impl Layout {
    /// `machine` should be absolute and free of links, so that processes see the paths that patterns see.
    ///
    /// `memory` is a folder that is there, for the files of steps; `None` puts them with the temporary ones.
    pub(crate) fn new(
        machine: &Path,
        repository: &str,
        memory: Option<PathBuf>,
        config: &LocalConfig,
    ) -> Self {
        let all = machine.join(WORK);
        let work = all.join(folder_of(repository));
        Self {
            workspace: config.bind.clone().unwrap_or_else(|| work.join(folder_of(repository))),
            work,
            scratch: memory.unwrap_or_else(|| all.join("_temp")),
            temp: all.join("_temp"),
            actions: all.join("_actions"),
            tools: config.tools.clone().unwrap_or_else(|| all.join("_tool")),
            all,
        }
    }

    /// Makes the places that a job finds there. Those of actions come with the first action.
    pub(crate) fn make(&self) -> io::Result<()> {
        // Each below one before it, so that none is tried in vain.
        let places = [&self.all, &self.work, &self.workspace, &self.temp, &self.tools];
        places.into_iter().try_for_each(fs::create_dir_all)
    }

    /// Removes the machine's own places as far as they are empty. Returns whether that was all.
    pub(crate) fn remove_empty(&self) -> bool {
        // Behind a link that a step put in their stead lies what is somebody else's.
        let is_folder = |path: &&PathBuf| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
        if ![&self.all, &self.work].iter().all(is_folder) {
            return false;
        }
        let places = [&self.workspace, &self.work, &self.temp, &self.tools, &self.actions];
        for place in places.into_iter().filter(|place| place.starts_with(&self.all)) {
            let _ = fs::remove_dir(place);
        }
        fs::remove_dir(&self.all).is_ok()
    }

    pub(crate) fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// Says where a logical path lies. Segments that would lead out of its root are left out.
    pub(crate) fn path(&self, path: &LogicalPath) -> PathBuf {
        let root = match path.root {
            Root::Workspace => &self.workspace,
            Root::Work => &self.work,
            Root::Temp => &self.temp,
            Root::Scratch => &self.scratch,
            Root::Actions => &self.actions,
            Root::Tools => &self.tools,
        };
        let mut below = root.clone();
        below.extend(path.rest.split('/').filter(|name| !matches!(*name, "" | "." | "..")));
        below
    }
}

/// Returns the last part of `owner/name`, or a stand-in where that is no name for a folder.
fn folder_of(repository: &str) -> &str {
    match repository.rsplit('/').next() {
        None | Some("" | "." | "..") => "repository",
        Some(name) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_empty_places_of_its_own_are_removed_at_once() {
        let root = tempfile::tempdir().unwrap();
        let (machine, own) = (root.path().join("m"), root.path().join("own"));
        let mut config = LocalConfig::new(root.path());
        let layout = |config: &LocalConfig| Layout::new(&machine, "octo/hello", None, config);
        layout(&config).make().unwrap();
        assert!(layout(&config).remove_empty() && !machine.join("_work").exists());

        layout(&config).make().unwrap();
        fs::write(machine.join("_work/hello/hello/left"), "").unwrap();
        assert!(!layout(&config).remove_empty() && machine.join("_work/hello/hello/left").exists());

        fs::create_dir_all(own.join("hello")).unwrap();
        fs::remove_dir_all(machine.join("_work/hello")).unwrap();
        std::os::unix::fs::symlink(&own, machine.join("_work/hello")).unwrap();
        assert!(!layout(&config).remove_empty() && own.join("hello").exists());

        fs::remove_dir_all(machine.join("_work")).unwrap();
        (config.bind, config.tools) = (Some(own.join("hello")), Some(own.join("tools")));
        layout(&config).make().unwrap();
        assert!(layout(&config).remove_empty());
        assert!(own.join("hello").exists() && own.join("tools").exists());
    }

    #[test]
    fn places_lie_where_githubs_runner_has_them() {
        let mut config = LocalConfig::new("/r");
        let layout = Layout::new(Path::new("/r/m"), "octo/hello", None, &config);
        for (root, path) in [
            (Root::Workspace, "/r/m/_work/hello/hello"),
            (Root::Work, "/r/m/_work/hello"),
            (Root::Temp, "/r/m/_work/_temp"),
            (Root::Scratch, "/r/m/_work/_temp"),
            (Root::Actions, "/r/m/_work/_actions"),
            (Root::Tools, "/r/m/_work/_tool"),
        ] {
            assert_eq!(layout.path(&LogicalPath::new(root, "")), Path::new(path));
        }
        assert_eq!(
            layout.path(&LogicalPath::new(Root::Temp, "a//../../b")),
            Path::new("/r/m/_work/_temp/a/b")
        );
        config.bind = Some("/home/me/hello".into());
        config.tools = Some("/cache".into());
        let layout = Layout::new(Path::new("/r/m"), "octo/..", Some("/memory/m".into()), &config);
        assert_eq!(layout.workspace(), Path::new("/home/me/hello"));
        assert_eq!(layout.path(&LogicalPath::new(Root::Work, "")), Path::new("/r/m/_work/repository"));
        assert_eq!(layout.path(&LogicalPath::new(Root::Tools, "go")), Path::new("/cache/go"));
        assert_eq!(layout.path(&LogicalPath::new(Root::Scratch, "s.sh")), Path::new("/memory/m/s.sh"));
    }
}
