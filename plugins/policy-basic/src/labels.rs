//! Which labels each job has.

use act_host_sdk::prelude::*;

pub(crate) fn judge(labels: &[String], rules: &Json) -> Verdict {
    let mut all = labels.to_vec();
    let mut missing = String::new();
    for required in rules.get("required").strings() {
        if !labels.iter().any(|label| label.eq_ignore_ascii_case(required)) {
            missing.push_str(if missing.is_empty() { "`" } else { ", `" });
            missing.push_str(required);
            missing.push('`');
            all.push(required.to_owned());
        }
    }
    if missing.is_empty() {
        Verdict::Abstain
    } else if rules.get("missing").as_str() == Some("add") {
        Verdict::amend_labels(all, format!("each job has the labels {missing}"))
    } else {
        Verdict::deny(format!("`runs-on` must have the labels {missing}"))
    }
}
