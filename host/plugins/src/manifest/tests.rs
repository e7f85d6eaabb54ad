use super::*;

const TEXT: &str = r#"
[plugin]
name = "labels-acme"
version = "0.1.0"
description = "one line"
[[request.http]]
why = "asks the runner catalogue"
hosts = ["https://api.example.com", "http://localhost:8080"]
[request.kv]
why = "remembers what was mapped"
quota = "64KiB"
[request.decisions]
why = "runs here"
kinds = ["process"]
[config]
type = "object"
"#;

/// A component with nothing in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

#[test]
fn a_manifest_is_read() {
    let manifest = Manifest::parse(TEXT).unwrap();
    assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("labels-acme", "0.1.0"));
    assert_eq!(manifest.request.http[0].methods, [Method::get()]);
    let schema = |manifest: &Manifest| serde_json::to_string(&manifest.schema).unwrap();
    assert_eq!(schema(&manifest), r#"{"type":"object"}"#);
    let inline = TEXT.replace("type = \"object\"", "schema = '{\"type\":\"object\"}'");
    assert_eq!(Manifest::parse(&inline).unwrap().schema, manifest.schema);
}

#[test]
fn the_lines_of_a_grant_grant_what_is_requested() {
    let lines = Manifest::parse(TEXT).unwrap().request.grant_lines();
    let file: toml::Table = toml::from_str(&format!("[[plugin]]\nname = 'x'\n{lines}")).unwrap();
    let grants: crate::Grants = file["plugin"][0]["grant"].clone().try_into().unwrap();
    assert_eq!(grants.http[0].hosts.len(), 2);
    assert_eq!(grants.kv.map(|kv| kv.quota), Some(Size::kib(64)));
    assert_eq!(grants.decisions.map(|asked| asked.kinds), Some(vec![DecisionKind::Process]));
}

#[test]
fn what_a_manifest_cannot_say_is_refused() {
    for (from, to, said) in [
        ("labels-acme", "Labels", "plugin.name"),
        ("labels-acme", "../x", "plugin.name"),
        ("0.1.0", "one two", "plugin.version"),
        ("one line", "two\\nlines", "plugin.description"),
        ("one line", "\\u001b[31m", "plugin.description"),
        ("asks the runner catalogue", "", "why"),
        ("asks the runner catalogue", "x\\n[plugin.grant.kv]", "why"),
        ("64KiB", "64", "not a size"),
        ("process", "root", "unknown variant"),
        ("type = \"object\"", "type = \"strong\"", "not a JSON Schema"),
        ("[plugin]", "[plugin]\nkind = 'policy'", "unknown field"),
    ] {
        let error = Manifest::parse(&TEXT.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(said), "{from} → {to}: {error}");
    }
}

#[test]
fn a_component_gets_one_manifest_and_gives_it_back() {
    let once = Manifest::embed(EMPTY, TEXT).unwrap();
    assert_eq!(Manifest::read_from(&once).unwrap(), Manifest::parse(TEXT).unwrap());
    let other = TEXT.replace("0.1.0", "0.2.0");
    let twice = Manifest::embed(&once, &other).unwrap();
    assert_eq!(twice.len(), once.len());
    assert_eq!(Manifest::read_from(&twice).unwrap().version, "0.2.0");
}

#[test]
fn no_manifest_and_several_are_told_apart() {
    assert!(matches!(Manifest::read_from(EMPTY), Err(ManifestError::Missing)));
    let once = Manifest::embed(EMPTY, TEXT).unwrap();
    let several = [&once[..], &once[EMPTY.len()..]].concat();
    assert!(matches!(Manifest::read_from(&several), Err(ManifestError::Several(2))));
}

#[test]
fn a_manifest_inside_of_what_a_component_holds_is_anothers() {
    let inner = Manifest::embed(EMPTY, TEXT).unwrap();
    let length = u8::try_from(inner.len() & 0x7f).unwrap() | 0x80;
    let high = u8::try_from(inner.len() >> 7).unwrap();
    let outer = [EMPTY, &[4, length, high], &inner].concat();
    assert!(matches!(Manifest::read_from(&outer), Err(ManifestError::Missing)));
    let own = Manifest::embed(&outer, &TEXT.replace("0.1.0", "9.9.9")).unwrap();
    assert_eq!(Manifest::read_from(&own).unwrap().version, "9.9.9");
}

#[test]
fn what_is_no_component_is_named_so() {
    for bytes in [&b""[..], b"text", b"\0asm\x01\0\0\0", &EMPTY[..6], b"\0asm\x0d\0\x01\0\x04\xff\x7f"] {
        let error = Manifest::read_from(bytes).unwrap_err();
        assert!(matches!(error, ManifestError::NotAComponent(_)), "{bytes:?}: {error}");
    }
    let text = Manifest::read_from(b"plain text").unwrap_err().to_string();
    assert_eq!(text, "it is not a component: it is not WebAssembly");
}
