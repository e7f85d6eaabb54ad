//! Runs a job uncut, then cut at every point and taken up again, and compares what was told.

use act_core::environment::Environment;
use act_core::record::Record;
use act_core::{JobEnd, JobResult, JobSpec, Loss};
use act_job::run_job;

use crate::control::{Cut, MemoryControl};
use crate::place::Place;
use crate::story::Story;
use crate::streams::Weather;

/// How a job went: its result and what was told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Conclusion and outputs.
    pub result: JobResult,
    /// The events.
    pub story: Story,
}

/// Runs a job to its end on a place.
pub async fn run(spec: &JobSpec, place: &Place, control: &MemoryControl) -> Told {
    finish(spec, &*place.env, control, &[]).await
}

async fn finish(spec: &JobSpec, env: &dyn Environment, control: &MemoryControl, past: &[Record]) -> Told {
    let end = run_job(spec, env, control, past).await;
    let JobEnd::Concluded(result) = end else { panic!("the job was interrupted: {end:?}") };
    let (_, events) = control.kept();
    Told { result, story: Story::of(&events) }
}

/// What cutting one job tells.
#[derive(Debug)]
pub struct Cuts {
    /// How it went uncut.
    pub uncut: Told,
    /// How many points it was cut at.
    pub points: usize,
}

/// A job to be cut: how to make its host, and its machine.
pub struct Case<'a> {
    /// The job.
    pub spec: &'a JobSpec,
    /// Makes its host anew.
    pub control: &'a dyn Fn() -> MemoryControl,
    /// What must not be shown anywhere.
    pub hidden: &'a [&'a str],
}

impl Case<'_> {
    /// Cuts the job after every emission, and before every emission, and resumes it each time; last, cuts
    /// it after every emission in one go. `place` makes a machine for each try.
    pub async fn cut_everywhere(&self, place: &dyn AsyncPlace) -> Cuts {
        let (uncut, emissions) = {
            let place = place.make().await;
            let control = (self.control)();
            let told = finish(self.spec, &*place.env, &control, &[]).await;
            let uncut = self.comparable(told, &place, &control);
            let emissions = control.emissions();
            place.release().await;
            (uncut, emissions)
        };
        let mut points = 0;
        for number in 1..=emissions {
            for cut in [Cut::After(number), Cut::Before(number)] {
                let mut place = place.make().await;
                let told = self.cut_once(cut, &mut place).await;
                if let Some(told) = told {
                    assert_eq!(told, uncut, "{cut:?} of {emissions}");
                    points += 1;
                }
                place.release().await;
            }
        }
        let mut place = place.make().await;
        points += self.cut_always(&mut place, &uncut).await;
        place.release().await;
        Cuts { uncut, points }
    }

    /// `None` if the job ended before it came to the cut: chunks of output may come together.
    async fn cut_once(&self, cut: Cut, place: &mut Place) -> Option<Told> {
        let control = (self.control)().cut(cut);
        let end = run_job(self.spec, &*place.env, &control, &[]).await;
        match end {
            JobEnd::Interrupted(Loss::Log(why)) if why == "cut" => {}
            JobEnd::Concluded(_) => return None,
            JobEnd::Interrupted(_) => panic!("{cut:?}: {end:?}"),
        }
        let (records, events) = control.kept();
        place.take_over().await;
        let control = (self.control)().with_past(records.clone(), events);
        let told = finish(self.spec, &*place.env, &control, &records).await;
        Some(self.comparable(told, place, &control))
    }

    /// Lets every host live for one emission only.
    async fn cut_always(&self, place: &mut Place, uncut: &Told) -> usize {
        let (mut records, mut events) = (Vec::new(), Vec::new());
        for cuts in 0.. {
            let control = (self.control)().with_past(records.clone(), events).cut(Cut::After(1));
            let end = run_job(self.spec, &*place.env, &control, &records).await;
            (records, events) = control.kept();
            if let JobEnd::Concluded(result) = end {
                let told = Told { result, story: Story::of(&events) };
                assert_eq!(self.comparable(told, place, &control), *uncut, "cut after every emission");
                return cuts;
            }
            assert_eq!(end, JobEnd::Interrupted(Loss::Log("cut".to_owned())));
            place.take_over().await;
        }
        0
    }

    fn comparable(&self, told: Told, place: &Place, control: &MemoryControl) -> Told {
        let (records, events) = control.kept();
        let shown = serde_json::to_string(&events).unwrap();
        let outputs = format!("{:?}", told.result.outputs);
        for hidden in self.hidden {
            assert!(!shown.contains(hidden), "`{hidden}` is in the events: {shown}");
            assert!(!outputs.contains(hidden), "`{hidden}` is in the outputs: {outputs}");
        }
        assert!(serde_json::to_string(&records).is_ok());
        Told { story: told.story.without_places(&*place.env), ..told }
    }
}

/// Makes machines.
#[async_trait::async_trait]
pub trait AsyncPlace: Sync {
    /// Makes one.
    async fn make(&self) -> Place;
}

/// Machines as they are.
pub struct Local;

/// Far machines; every one has troubles of its own.
pub struct Far(pub std::sync::atomic::AtomicU64);

/// Machines with agents, behind streams that end all the time.
pub struct WithAgent(pub std::sync::atomic::AtomicU64);

#[async_trait::async_trait]
impl AsyncPlace for WithAgent {
    async fn make(&self) -> Place {
        let seed = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Place::agent(Weather { cut_within: 40_000, seed, ..Weather::default() }).await
    }
}

#[async_trait::async_trait]
impl AsyncPlace for Local {
    async fn make(&self) -> Place {
        Place::local().await
    }
}

#[async_trait::async_trait]
impl AsyncPlace for Far {
    async fn make(&self) -> Place {
        Place::far(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed)).await
    }
}
