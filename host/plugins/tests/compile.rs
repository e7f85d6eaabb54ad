//! Compiling in a child: this program is its own child, so it has no test harness that would print between.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use act_plugins::{
    Allocation, Capabilities, Compiler, Credentials, GuestSaid, HostConfig, LogSink, Manifest, Plugin,
    PluginHost, PluginSpec, compile_child,
};

const CHILD: &str = "__compile";

struct Nobody;

impl LogSink for Nobody {
    fn said(&self, _: GuestSaid<'_>) {}
    fn notice(&self, text: &str) {
        panic!("{text}");
    }
}

impl Credentials for Nobody {
    fn reveal(&self, _: &act_plugins::grants::CredentialSource) -> Option<act_core::control::Secret> {
        None
    }
}

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(CHILD) {
        let (input, output, trouble) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
        return compile_child(input.lock(), output.lock(), trouble.lock()).into();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        a_child_compiles_what_this_process_loads().await;
        a_child_that_fails_says_why().await;
    });
    ExitCode::SUCCESS
}

/// A component that is of a kind by name only: compiling comes before linking, which then refuses it.
const COMPONENT: &str = r#"(component
    (core module $m (func (export "f") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3))))
    (core instance (instantiate $m))
    (instance $i)
    (export "act-host:policy/policy@0.1.0" (instance $i)))"#;

async fn load(folder: &Path, compiler: Compiler, component: &[u8]) -> Result<Plugin, String> {
    let path = folder.join("x.wasm");
    let manifest = "[plugin]\nname = 'x'\nversion = '1'";
    std::fs::write(&path, Manifest::embed(component, manifest).unwrap()).unwrap();
    let host = PluginHost::new(HostConfig {
        cache: Some(folder.join("cwasm")),
        state: folder.join("state"),
        compiler,
        log: Arc::new(Nobody),
        secrets: Arc::new(Nobody),
        capabilities: Capabilities::Linked,
        allocation: Allocation::OnDemand,
    });
    host.unwrap().load(PluginSpec::new("x".into(), path)).await.map_err(|error| error.to_string())
}

async fn a_child_compiles_what_this_process_loads() {
    let folder = tempfile::tempdir().unwrap();
    let component = wat::parse_str(COMPONENT).unwrap();
    let itself = vec![std::env::current_exe().unwrap().into_os_string(), CHILD.into()];
    let error = load(folder.path(), Compiler::Child(itself), &component).await.unwrap_err();
    assert!(error.contains("its interfaces do not fit"), "{error}");
    // It is in the cache now, so that no compiler is needed.
    let error = load(folder.path(), Compiler::Child(Vec::new()), &component).await.unwrap_err();
    assert!(error.contains("its interfaces do not fit"), "{error}");
}

async fn a_child_that_fails_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let itself: Vec<OsString> = vec![std::env::current_exe().unwrap().into_os_string(), CHILD.into()];
    let shell = |script: &str| ["/bin/sh", "-c", script].map(OsString::from).to_vec();
    let component = wat::parse_str(COMPONENT).unwrap();
    // The core module is cut in its middle, where only the compiler looks.
    let mut broken = component.clone();
    let at = broken.windows(3).position(|bytes| bytes == [0x20, 0x00, 0x41]).unwrap();
    broken[at] = 0xff;
    for (compiler, component, said) in [
        (itself, &broken, "it cannot be compiled: "),
        (shell("kill -KILL $$"), &component, "was ended by signal: 9"),
        (shell("cat > /dev/null; echo no room >&2; exit 1"), &component, "no room"),
        (shell("exit 3"), &component, "exit status: 3"),
        (shell("cat > /dev/null; echo nonsense"), &component, "it cannot be compiled: "),
        (vec!["/nonexistent/compiler".into()], &component, "the compiler does not run"),
    ] {
        let error = load(folder.path(), Compiler::Child(compiler), component).await.unwrap_err();
        assert!(error.contains(said), "{said}: {error}");
    }
}
