//! Cancellation: a stage for the run, and one for each job below it; the graver of the two counts.

use std::sync::Arc;

use act_core::control::CancelStage;
use tokio::sync::watch;

/// The stage of a run, a called workflow or a job.
#[derive(Debug)]
pub struct Cancel {
    parent: Option<Parent>,
    own: watch::Sender<CancelStage>,
}

/// Whose stages count below, too: those beyond what was known when the child was made.
#[derive(Debug)]
struct Parent {
    cancel: Arc<Cancel>,
    ignored: CancelStage,
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
        self.child_beyond(CancelStage::None)
    }

    /// Makes one below this for what starts all the same, such as a job with `if: always()`: only a graver
    /// stage than the present one reaches it.
    #[must_use]
    pub fn survivor(self: &Arc<Self>) -> Arc<Self> {
        self.child_beyond(self.stage())
    }

    fn child_beyond(self: &Arc<Self>, ignored: CancelStage) -> Arc<Self> {
        let parent = Parent { cancel: self.clone(), ignored };
        Arc::new(Self { parent: Some(parent), own: watch::Sender::new(CancelStage::None) })
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
                    stage = Box::pin(parent.cancel.beyond(seen.max(parent.ignored))) => stage,
                }
            }
        }
    }
}

impl Parent {
    fn stage(&self) -> CancelStage {
        let stage = self.cancel.stage();
        if stage > self.ignored { stage } else { CancelStage::None }
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
    async fn who_survives_a_cancellation_hears_of_graver_ones_only() {
        let run = Cancel::root();
        run.raise(CancelStage::Cancel);
        let job = run.survivor().child();
        assert_eq!((run.stage(), job.stage()), (CancelStage::Cancel, CancelStage::None));
        let (stage, ()) = tokio::join!(job.beyond(CancelStage::None), async { run.raise(CancelStage::Kill) });
        assert_eq!((stage, job.stage()), (CancelStage::Kill, CancelStage::Kill));
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
