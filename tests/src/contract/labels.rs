//! What every label mapper promises: see `act_core::decide`.

use act_core::decide::{LabelAsk, LabelMapper, Mapped};

/// Asks for a set of labels.
#[must_use]
pub fn ask(labels: &[&str]) -> LabelAsk {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    LabelAsk { labels, group: None, repository: "octo/hello".to_owned(), job: "build".to_owned() }
}

/// Checks a mapper with labels that it maps, that it leaves to others, and that it must refuse.
pub fn label_mapper(mapper: &dyn LabelMapper, mine: &[&[&str]], others: &[&[&str]], malformed: &[&[&str]]) {
    assert!(!mapper.name().is_empty());
    for labels in [mine, others, malformed].concat() {
        let answer = mapper.map(&ask(labels));
        assert_eq!(answer, mapper.map(&ask(labels)), "the same ask gets the same answer");
        let loud: Vec<String> = labels.iter().map(|label| label.to_uppercase()).collect();
        let loud: Vec<&str> = loud.iter().map(String::as_str).collect();
        let placed = |answer: &Mapped| match answer {
            Mapped::Mine { placement, .. } => Some(placement.clone()),
            Mapped::NotMine { .. } | Mapped::Malformed { .. } => None,
        };
        assert_eq!(placed(&answer), placed(&mapper.map(&ask(&loud))), "case does not count: {labels:?}");
        let (Mapped::Mine { reason, .. } | Mapped::NotMine { reason, .. } | Mapped::Malformed { reason, .. }) =
            answer;
        assert!(!reason.is_empty() && !reason.contains('\n'), "a reason is one line: {reason:?}");
    }
    for labels in mine {
        assert!(matches!(mapper.map(&ask(labels)), Mapped::Mine { .. }), "{labels:?}");
    }
    for labels in others {
        assert!(matches!(mapper.map(&ask(labels)), Mapped::NotMine { .. }), "{labels:?}");
    }
    for labels in malformed {
        assert!(
            matches!(mapper.map(&ask(labels)), Mapped::Malformed { .. }),
            "never falls through: {labels:?}"
        );
    }
}
