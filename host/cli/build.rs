//! Puts into the program what `plugin new` writes: templates, the SDK and the interfaces it is made of.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// What the program calls them, and where they are.
const TREES: [(&str, &str); 3] = [("template", "templates"), ("sdk", "../../sdk/rust"), ("wit", "../../wit")];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut files = Vec::new();
    for (name, folder) in TREES {
        let folder = root.join(folder).canonicalize()?;
        println!("cargo::rerun-if-changed={}", folder.display());
        collect(name, &folder, &mut files)?;
    }
    files.sort();
    let mut code = String::from("&[\n");
    for (name, path) in files {
        writeln!(code, "    ({name:?}, include_str!({:?})),", path.display().to_string())?;
    }
    code.push_str("]\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("vendored.rs"), code)?;
    Ok(())
}

fn collect(name: &str, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file = path.file_name().and_then(|name| name.to_str()).ok_or("a file's name is not UTF-8")?;
        let name = format!("{name}/{file}");
        if path.is_dir() {
            // What a build leaves there is nobody's source.
            if file != "target" {
                collect(&name, &path, files)?;
            }
        } else if !file.ends_with(".lock") {
            files.push((name, path));
        }
    }
    Ok(())
}
