//! What every label mapper promises: see `act_core::decide`.

use act_core::decide::{JobFacts, LabelAsk, LabelMapper, Mapped};
use act_core::place::Placement;

/// Asks for a set of labels.
#[must_use]
pub fn ask(labels: &[&str]) -> LabelAsk {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    let facts = JobFacts {
        repository: "octo/hello".to_owned(),
        job: Some("build".to_owned()),
        ..JobFacts::default()
    };
    LabelAsk { labels, group: None, facts }
}

/// Checks a mapper with labels that it maps, that it leaves to others, and that it must refuse.
pub async fn label_mapper(
    mapper: &dyn LabelMapper,
    mine: &[&[&str]],
    others: &[&[&str]],
    malformed: &[&[&str]],
) {
    assert!(!mapper.name().is_empty());
    for labels in [mine, others, malformed].concat() {
        let answer = mapper.map(&ask(labels)).await;
        assert_eq!(answer, mapper.map(&ask(labels)).await, "the same ask gets the same answer");
        let loud: Vec<String> = labels.iter().map(|label| label.to_uppercase()).collect();
        let loud: Vec<&str> = loud.iter().map(String::as_str).collect();
        let shouted = mapper.map(&ask(&loud)).await;
        assert_eq!(placed(&answer), placed(&shouted), "case does not count: {labels:?}");
        let reason = reason(&answer);
        assert!(!reason.is_empty() && !reason.contains('\n'), "a reason is one line: {reason:?}");
    }
    for labels in mine {
        let answer = mapper.map(&ask(labels)).await;
        assert!(matches!(answer, Mapped::Mine { .. }), "{labels:?}: {answer:?}");
    }
    for labels in others {
        let answer = mapper.map(&ask(labels)).await;
        assert!(matches!(answer, Mapped::NotMine { .. }), "{labels:?}: {answer:?}");
    }
    for labels in malformed {
        let answer = mapper.map(&ask(labels)).await;
        assert!(matches!(answer, Mapped::Malformed { .. }), "never falls through: {labels:?}: {answer:?}");
    }
}

fn placed(answer: &Mapped) -> Option<&Placement> {
    match answer {
        Mapped::Mine { placement, .. } => Some(placement),
        Mapped::NotMine { .. } | Mapped::Malformed { .. } | Mapped::Failed { .. } => None,
    }
}

fn reason(answer: &Mapped) -> &str {
    match answer {
        Mapped::Mine { reason, .. }
        | Mapped::NotMine { reason, .. }
        | Mapped::Malformed { reason, .. }
        | Mapped::Failed { reason, .. } => reason,
    }
}
