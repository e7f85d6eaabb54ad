//! Answers that expressions wait for: secrets, and digests of files.

use act_core::Loss;
use act_core::control::{Admission, Wanted};
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
    /// [`Halt::Failed`] with the reason of whoever refused.
    pub(crate) async fn secret(&mut self, step: &StepRef, name: &str) -> Result<Value, Halt> {
        let name = SecretName(name.to_owned());
        let Some(secret) = self.control.secret(&name).await else { return Ok(Value::Null) };
        let wanted = Wanted::Secret { name: name.clone(), step: Some(step.clone()) };
        if let Some(reason) = self.refusal(step, Some(&name), wanted).await? {
            return Err(Halt::failed(format!("Secret '{}' was refused: {reason}", name.0)));
        }
        if !self.spec.show_secrets {
            self.masker.add(secret.reveal());
        }
        Ok(secret.reveal().into())
    }

    /// Asks for every secret there is: `toJSON(secrets)`.
    ///
    /// # Errors
    /// [`Halt::Failed`] with the reason of the first refusal.
    pub(crate) async fn all_secrets(&mut self, step: &StepRef) -> Result<Value, Halt> {
        let mut all = Object::new();
        for name in &self.spec.secrets {
            all.insert(name.0.as_str(), self.secret(step, &name.0).await?);
        }
        Ok(all.into())
    }

    /// Asks whether something may be; returns why not, if not. The answer is settled: what a resumed job was let do is not
    /// asked for again, and what went on without a question needs none.
    ///
    /// # Errors
    /// Only when the job cannot go on.
    pub(crate) async fn refusal(
        &mut self,
        step: &StepRef,
        secret: Option<&SecretName>,
        wanted: Wanted,
    ) -> Result<Option<String>, Loss> {
        let is_this = |record: &Record| match record {
            Record::Judged { step: of, secret: about, .. } => of == step && about.as_ref() == secret,
            _ => false,
        };
        let is_asked = match self.journal.next_past() {
            Some(past) => is_this(past),
            None => self.control.may_refuse(),
        };
        if !is_asked {
            return Ok(None);
        }
        let settled = match self.journal.recall("an answer of policies", is_this)? {
            Some(past) => past,
            None => {
                let admission = self.control.admit(&wanted).await;
                let (step, secret) = (step.clone(), secret.cloned());
                self.journal.keep(Record::Judged { step, secret, admission }).await?
            }
        };
        let Record::Judged { admission: Admission::Denied { reason, failure }, .. } = settled else {
            return Ok(None);
        };
        if let Some(failure) = failure {
            self.state.policy_failure.get_or_insert(failure);
        }
        Ok(Some(reason))
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
