pub(crate) fn run(_: Option<&str>) -> Result<(), String> {
    Ok(())
}
