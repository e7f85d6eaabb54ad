//! Guests made of text: a core module whose exports have the shape that the interfaces ask for, and a manifest.
//!
//! Answers lie in memory as the canonical ABI wants them, so an answer is some bytes at `ANSWER`: what is zero there
//! is `ok`, the first case, none, empty.

use std::path::{Path, PathBuf};

use act_plugins::Manifest;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What a guest exports, and what its one function does.
pub(crate) struct Guest {
    pub(crate) world: &'static str,
    pub(crate) imports: &'static str,
    pub(crate) fields: String,
    pub(crate) body: String,
    pub(crate) request: String,
}

const WORLDS: &str = "package test:guests;
    world with-http { include act-host:plugin/label-mapper@0.1.0; import act-host:host/http@0.1.0; }
    world with-kv { include act-host:plugin/label-mapper@0.1.0; import act-host:host/kv@0.1.0; }";

/// Where answers lie.
pub(crate) const ANSWER: u32 = 4096;

/// A label mapper with this body: it has `$ask`, and returns the address of its answer.
pub(crate) fn mapper(body: &str) -> Guest {
    Guest {
        world: "act-host:plugin/label-mapper",
        imports: "",
        fields: String::new(),
        body: body.to_owned(),
        request: String::new(),
    }
}

/// A policy with this body.
pub(crate) fn policy(body: &str) -> Guest {
    Guest { world: "act-host:plugin/policy", ..mapper(body) }
}

/// A scheduler with this body, for both of its functions.
pub(crate) fn scheduler(body: &str) -> Guest {
    Guest { world: "act-host:plugin/scheduler", ..mapper(body) }
}

/// The bytes of `ok(not-mine)` with this reason, as a data segment, and the body that returns them.
pub(crate) fn not_mine(reason: &str) -> Guest {
    answer(mapper(""), &[(8, 1)], 16, reason)
}

/// Lets a guest answer with these bytes and one text, whose place is `at`.
pub(crate) fn answer(guest: Guest, bytes: &[(u32, u8)], at: u32, text: &str) -> Guest {
    let escaped = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let data = |at: u32, bytes: &[u8]| format!("(data (i32.const {at}) \"{}\")", escaped(bytes));
    let place = [1024_u32.to_le_bytes(), u32::try_from(text.len()).unwrap().to_le_bytes()].concat();
    let mut fields = vec![data(1024, text.as_bytes()), data(ANSWER + at, &place), guest.fields];
    fields.extend(bytes.iter().map(|(offset, byte)| data(ANSWER + offset, &[*byte])));
    Guest { fields: fields.concat(), body: format!("{} (i32.const {ANSWER})", guest.body), ..guest }
}

impl Guest {
    /// Makes the component, with a manifest.
    pub(crate) fn build(&self, name: &str) -> Vec<u8> {
        let manifest = format!("[plugin]\nname = '{name}'\nversion = '1.2.3'\n{}", self.request);
        Manifest::embed(&self.component(), &manifest).unwrap()
    }

    /// Makes the component and writes it to a folder.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> PathBuf {
        let path = folder.join(format!("{name}.wasm"));
        std::fs::write(&path, self.build(name)).unwrap();
        path
    }

    fn component(&self) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
        let (plugin, _) = resolve.push_dir(folder).unwrap();
        let package = resolve.push_str("worlds.wit", WORLDS).unwrap();
        let world = match self.world.split_once(':') {
            Some(_) => resolve.select_world(&[plugin], Some(&format!("{}@0.1.0", self.world))).unwrap(),
            None => resolve.select_world(&[package], Some(self.world)).unwrap(),
        };
        let mut module = wat::parse_str(self.module()).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
    }

    fn module(&self) -> String {
        let function = |export: &str, params: &str| {
            format!("(func (export \"{export}\") {params} (result i32) {})", self.body)
        };
        let functions = match self.world {
            "act-host:plugin/policy" => function("act-host:policy/policy@0.1.0#judge", "(param $ask i32)"),
            "act-host:plugin/scheduler" => {
                let name = "act-host:scheduler/scheduler@0.1.0";
                function(&format!("{name}#decide"), "(param $ask i32)")
                    + &function(&format!("{name}#react"), "(param $ask i32)")
            }
            _ => function("act-host:label-mapper/label-mapper@0.1.0#map-labels", "(param $ask i32)"),
        };
        format!(
            "(module {} (memory (export \"memory\") 2)
                (global $next (mut i32) (i32.const 65536))
                (func $realloc (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (local $at i32)
                    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
                    (global.set $next (i32.add (local.get $at) (local.get 3)))
                    (local.get $at))
                {} {functions})",
            self.imports, self.fields
        )
    }
}
