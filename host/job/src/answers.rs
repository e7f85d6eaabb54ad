//! Answers that expressions wait for: secrets, and digests of files.

use act_core::control::{SecretAnswer, SecretAsk};
use act_core::ids::StepRef;
use act_core::record::Record;
use act_core::spec::SecretName;
use act_expr::{Object, Value};

use crate::executor::{Executor, Halt, text_of};

const FOLLOW_LINKS: &str = "--follow-symbolic-links";

impl Executor<'_> {
    /// Asks for one secret. What is handed out is masked from then on; a missing one is null.
    ///
    /// # Errors
    /// The reason of whoever refused.
    pub(crate) async fn secret(&mut self, step: &StepRef, name: &str) -> Result<Value, String> {
        let ask = SecretAsk { name: SecretName(name.to_owned()), step: Some(step.clone()) };
        match self.control.secret(&ask).await {
            SecretAnswer::Value(secret) => {
                if !self.spec.show_secrets {
                    self.masker.add(secret.reveal());
                }
                Ok(secret.reveal().into())
            }
            SecretAnswer::Missing => Ok(Value::Null),
            SecretAnswer::Denied(reason) => Err(format!("Secret '{name}' was refused: {reason}")),
        }
    }

    /// Asks for every secret there is: `toJSON(secrets)`.
    ///
    /// # Errors
    /// The reason of the first refusal.
    pub(crate) async fn all_secrets(&mut self, step: &StepRef) -> Result<Value, String> {
        let mut all = Object::new();
        for name in &self.spec.secrets {
            all.insert(name.0.as_str(), self.secret(step, &name.0).await?);
        }
        Ok(all.into())
    }

    /// Answers `hashFiles`. The digest is settled: a resumed job sees the same one.
    ///
    /// # Errors
    /// [`Halt::Failed`] when the files cannot be read.
    pub(crate) async fn hash_files(&mut self, step: &StepRef, args: &[Value]) -> Result<String, Halt> {
        let mut patterns: Vec<String> = args.iter().map(text_of).collect();
        let is_this =
            |record: &Record| matches!(record, Record::Hashed { patterns: past, .. } if *past == patterns);
        if let Some(Record::Hashed { digest, .. }) = self.journal.recall("a digest of files", is_this)? {
            return Ok(digest);
        }
        let asked = patterns.clone();
        let follow = patterns.first().is_some_and(|first| first == FOLLOW_LINKS);
        if follow {
            patterns.remove(0);
        } else if let Some(option) = patterns.first().filter(|first| first.starts_with("--")) {
            return Err(Halt::failed(format!(
                "Invalid glob option {option}, avaliable option: '--follow-symbolic-links'."
            )));
        }
        let digest = self.env.hash_files(&patterns, follow).await?;
        let record = Record::Hashed { step: step.clone(), patterns: asked, digest: digest.clone() };
        self.journal.keep(record).await?;
        Ok(digest)
    }
}
