//! Texts with secrets in them, by name.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::spec::SecretName;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// As it is.
    Text(String),
    /// What this secret holds.
    Secret(SecretName),
}

/// A text in which secrets are names. Shown with `***` in their place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedText(Vec<Piece>);

impl SealedText {
    /// Wraps a text without secrets.
    #[must_use]
    pub fn of(text: impl Into<String>) -> Self {
        Self(vec![Piece::Text(text.into())])
    }

    /// Returns the parts.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.0
    }

    /// Returns the text, where no secret is in it.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Returns the names of the secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretName> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Secret(name) => Some(name),
            Piece::Text(_) => None,
        })
    }

    /// Puts the secrets in; one that is not known is empty.
    #[must_use]
    pub fn open<'a>(&self, secret: impl Fn(&SecretName) -> Option<&'a str>) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Secret(name) => secret(name).unwrap_or_default().to_owned(),
        };
        self.0.iter().map(text).collect()
    }
}

impl fmt::Display for SealedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Secret(_) => f.write_str("***"),
        })
    }
}

/// What stands for secrets while expressions are evaluated: marks that no workflow writes, one a name.
#[derive(Clone, Debug, Default)]
pub struct SecretMarks(Vec<SecretName>);

/// Characters of the private use area around the number of a mark.
const OPEN: char = '\u{f5ec}';
const CLOSE: char = '\u{f5ed}';

impl SecretMarks {
    /// Makes a mark for each name.
    pub fn new(names: impl IntoIterator<Item = SecretName>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Returns the mark of a secret, by its name without case; `None` of one that does not exist.
    #[must_use]
    pub fn mark(&self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|known| known.0.eq_ignore_ascii_case(name))?;
        Some(format!("{OPEN}{index}{CLOSE}"))
    }

    /// Returns the names, each with its mark.
    pub fn all(&self) -> impl Iterator<Item = (&SecretName, String)> {
        self.0.iter().enumerate().map(|(index, name)| (name, format!("{OPEN}{index}{CLOSE}")))
    }

    /// Finds the marks in a text that was evaluated with them.
    #[must_use]
    pub fn seal(&self, text: &str) -> SealedText {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, name, after)) = self.first(rest) {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(Piece::Secret(name.clone()));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        SealedText(pieces)
    }

    fn first<'a>(&self, text: &'a str) -> Option<(&'a str, &SecretName, &'a str)> {
        let open = text.find(OPEN)?;
        let (number, after) = text[open + OPEN.len_utf8()..].split_once(CLOSE)?;
        Some((&text[..open], self.0.get(number.parse::<usize>().ok()?)?, after))
    }
}
