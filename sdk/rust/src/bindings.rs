//! The guest's side of `wit/`, as wit-bindgen makes it. One world a kind, so that a component is asked to export only
//! what it is; the types are the same ones in all of them.

#![allow(unsafe_code, unreachable_pub, clippy::all, clippy::pedantic, missing_docs, reason = "generated")]

mod shared {
    wit_bindgen::generate!({
        path: "../../wit",
        inline: "
            package act-host:sdk;
            world shared {
                include act-host:plugin/imports@0.1.0;
                import act-host:types/job@0.1.0;
                import act-host:types/decision@0.1.0;
            }
        ",
        world: "act-host:sdk/shared",
        additional_derives: [Clone, PartialEq],
        generate_all,
    });
}

pub mod mapper {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "act-host:plugin/label-mapper",
        additional_derives: [Clone, PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_label_mapper",
        default_bindings_module: "act_host_sdk::bindings::mapper",
        with: {
            "act-host:types/common@0.1.0": super::shared::act_host::types::common,
            "act-host:types/job@0.1.0": super::shared::act_host::types::job,
            "act-host:types/placement@0.1.0": super::shared::act_host::types::placement,
            "act-host:host/log@0.1.0": super::shared::act_host::host::log,
            "act-host:host/config@0.1.0": super::shared::act_host::host::config,
        },
    });
}

pub mod policy {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "act-host:plugin/policy",
        additional_derives: [Clone, PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_policy",
        default_bindings_module: "act_host_sdk::bindings::policy",
        with: {
            "act-host:types/common@0.1.0": super::shared::act_host::types::common,
            "act-host:types/job@0.1.0": super::shared::act_host::types::job,
            "act-host:types/placement@0.1.0": super::shared::act_host::types::placement,
            "act-host:types/decision@0.1.0": super::shared::act_host::types::decision,
            "act-host:host/log@0.1.0": super::shared::act_host::host::log,
            "act-host:host/config@0.1.0": super::shared::act_host::host::config,
        },
    });
}

pub mod scheduler {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "act-host:plugin/scheduler",
        additional_derives: [Clone, PartialEq],
        pub_export_macro: true,
        export_macro_name: "export_scheduler",
        default_bindings_module: "act_host_sdk::bindings::scheduler",
        with: {
            "act-host:types/common@0.1.0": super::shared::act_host::types::common,
            "act-host:types/job@0.1.0": super::shared::act_host::types::job,
            "act-host:types/placement@0.1.0": super::shared::act_host::types::placement,
            "act-host:types/decision@0.1.0": super::shared::act_host::types::decision,
            "act-host:host/log@0.1.0": super::shared::act_host::host::log,
            "act-host:host/config@0.1.0": super::shared::act_host::host::config,
        },
    });
}

pub use shared::act_host::{host, types};
