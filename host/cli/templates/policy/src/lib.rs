//! Keeps secrets from jobs of forks, but for those that the operator allows.

#![cfg_attr(target_arch = "wasm32", no_std)]

use act_host_sdk::prelude::*;

struct Judge;

policy!(Judge);

impl Policy for Judge {
    fn judge(ask: &PolicyAsk) -> Result<Verdict, Error> {
        if ask.facts.trust != Trust::Fork {
            return Ok(Verdict::Abstain);
        }
        let settings = config::read()?;
        let allowed = |name: &str| settings.get("allowed").strings().any(|allowed| allowed == name);
        match &ask.phase {
            // Before anything else: what the job's files ask for, with the places.
            Phase::JobQueued(JobQueued { content }) => {
                for used in &content.secrets {
                    if let SecretWanted::Named(name) = &used.wanted
                        && allowed(name)
                    {
                        continue;
                    }
                    let CodePlace { file, line, .. } = &used.place;
                    return Ok(Verdict::deny(format!("a fork asks for a secret in {file}:{line}")));
                }
                Ok(Verdict::Abstain)
            }
            // While it runs: what no file told before.
            Phase::Secret(secret) if !allowed(&secret.name) => {
                Ok(Verdict::deny(format!("`{}` is not for forks", secret.name)))
            }
            _ => Ok(Verdict::Abstain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repositorys_own_jobs_are_not_its_matter() {
        let ask = PolicyAsk::of(Phase::JobQueued(JobQueued { content: JobContent::default() }));
        assert!(matches!(Judge::judge(&ask).unwrap(), Verdict::Abstain));
    }
}
