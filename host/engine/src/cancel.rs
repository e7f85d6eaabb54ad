//! Cancellation: a stage for the run, and one for each job below it; the graver of the two counts.

use std::sync::Arc;

use act_core::control::CancelStage;
use tokio::sync::watch;

/// The stage of a run, a called workflow or a job.
#[derive(Debug)]
pub struct Cancel {
    parent: Option<Arc<Self>>,
    own: watch::Sender<CancelStage>,
}

impl Cancel {
    /// Makes the one of a run.
    #[must_use]
    pub fn root() -> Arc<Self> {
        Arc::new(Self { parent: None, own: watch::Sender::new(CancelStage::None) })
    }

    /// Makes one below this.
    #[must_use]
    pub fn child(self: &Arc<Self>) -> Arc<Self> {
        Arc::new(Self { parent: Some(self.clone()), own: watch::Sender::new(CancelStage::None) })
    }

    /// Raises the stage; never lowers it.
    pub fn raise(&self, stage: CancelStage) {
        self.own.send_if_modified(|own| {
            let raised = *own < stage;
            *own = (*own).max(stage);
            raised
        });
    }

    /// Returns the stage.
    #[must_use]
    pub fn stage(&self) -> CancelStage {
        let own = *self.own.borrow();
        self.parent.as_ref().map_or(own, |parent| own.max(parent.stage()))
    }

    /// Waits until the stage is beyond `seen`.
    pub async fn beyond(&self, seen: CancelStage) -> CancelStage {
        let own = async {
            let mut own = self.own.subscribe();
            // The sender is borrowed for as long as this waits, so the channel cannot close.
            own.wait_for(|stage| *stage > seen).await.map(|stage| *stage).unwrap_or_default()
        };
        match &self.parent {
            None => own.await,
            Some(parent) => {
                tokio::select! {
                    stage = own => stage,
                    stage = Box::pin(parent.beyond(seen)) => stage,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graver_stage_counts_and_none_is_lowered() {
        let run = Cancel::root();
        let job = run.child();
        job.raise(CancelStage::Cancel);
        assert_eq!((run.stage(), job.stage()), (CancelStage::None, CancelStage::Cancel));
        run.raise(CancelStage::Kill);
        job.raise(CancelStage::Cancel);
        run.raise(CancelStage::Cancel);
        assert_eq!((run.stage(), job.stage()), (CancelStage::Kill, CancelStage::Kill));
    }

    #[tokio::test]
    async fn waiting_sees_both_levels() {
        let run = Cancel::root();
        let job = run.child();
        let (stage, ()) =
            tokio::join!(job.beyond(CancelStage::None), async { run.raise(CancelStage::Cancel) });
        assert_eq!(stage, CancelStage::Cancel);
        let (stage, ()) =
            tokio::join!(job.beyond(CancelStage::Cancel), async { job.raise(CancelStage::Kill) });
        assert_eq!(stage, CancelStage::Kill);
    }
}
