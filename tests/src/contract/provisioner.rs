//! What every provisioner promises: see `act_core::provisioner`.

use act_core::environment::{EnvironmentError, LogicalPath, Root, Target};
use act_core::ids::{Epoch, LaunchId, MachineId};
use act_core::place::Decision;
use act_core::provisioner::{Creation, Machine, NoSecrets, Provisioner, Release, Released};

use crate::place::launch;

/// A provisioner and what it can make; `decision` must be one it takes.
pub struct Case<'a> {
    /// Who is checked.
    pub provisioner: &'a dyn Provisioner,
    /// What it makes.
    pub decision: Decision,
}

impl Case<'_> {
    fn launch(number: u32) -> LaunchId {
        LaunchId { launch: act_core::Launch(number), ..launch() }
    }

    async fn create(&self, number: u32) -> Creation {
        self.provisioner.create(&MachineId::of(&Self::launch(number)), &self.decision, &NoSecrets).await
    }

    /// Makes a machine, or finds it made.
    pub async fn made(&self, number: u32) -> Machine {
        match self.create(number).await {
            Creation::Created(machine) | Creation::Adopted(machine) => machine,
            Creation::Refused(seen) => panic!("{seen:?}"),
        }
    }

    async fn owned(&self) -> Vec<Machine> {
        self.provisioner.owned().await.unwrap()
    }

    /// Describing makes nothing, and says the same twice.
    pub async fn a_description_makes_nothing(&self) {
        let documents = self.provisioner.describe(&self.decision);
        assert!(!documents.is_empty());
        assert_eq!(documents, self.provisioner.describe(&self.decision));
        assert_eq!(self.owned().await, []);
    }

    /// A repeated ask finds the machine made.
    pub async fn a_machine_is_made_once(&self) {
        let Creation::Created(machine) = self.create(1).await else { panic!("a new one was expected") };
        assert_eq!(self.create(1).await, Creation::Adopted(machine.clone()));
        let Creation::Created(other) = self.create(2).await else { panic!("a new one was expected") };
        assert_eq!(self.owned().await, [machine.clone(), other.clone()]);
        assert!(!machine.abandoned, "somebody answers for it");
        for machine in [machine, other] {
            assert_eq!(self.provisioner.release(&machine, Release::Done).await, Released::Gone);
        }
        assert_eq!(self.owned().await, []);
    }

    /// Released is gone, however often it is asked, also what never was.
    pub async fn a_release_may_be_repeated(&self) {
        let machine = self.made(3).await;
        for _ in 0..2 {
            assert_eq!(self.provisioner.release(&machine, Release::Done).await, Released::Gone);
        }
        let never = Machine { id: MachineId::of(&Self::launch(99)), abandoned: false };
        assert_eq!(self.provisioner.release(&never, Release::Abandoned).await, Released::Gone);
        let Creation::Created(again) = self.create(3).await else { panic!("it was gone") };
        assert_eq!(self.provisioner.release(&again, Release::Done).await, Released::Gone);
    }

    /// A higher epoch takes over; whoever has a lower one is turned away, at the door and inside.
    pub async fn a_higher_epoch_takes_over(&self) {
        let machine = self.made(4).await;
        let launch = Self::launch(4);
        let bind = async |epoch| self.provisioner.bind(&machine, &launch, Epoch(epoch)).await;
        let first = bind(1).await.unwrap();
        let workspace = first.path(&Target::Job, &LogicalPath::new(Root::Workspace, ""));
        assert!(first.stat(&workspace).await.unwrap().is_some());
        bind(1).await.unwrap();
        let second = bind(3).await.unwrap();
        assert_eq!(first.stat(&workspace).await, Err(EnvironmentError::Fenced));
        assert_eq!(bind(2).await.map(drop), Err(EnvironmentError::Fenced));
        assert!(second.stat(&workspace).await.unwrap().is_some());
        assert_eq!(self.provisioner.release(&machine, Release::Done).await, Released::Gone);
        let lost = second.stat(&workspace).await;
        assert!(!matches!(lost, Ok(Some(_))), "nothing is left: {lost:?}");
    }
}
