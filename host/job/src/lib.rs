//! act-job

pub mod command;
pub mod file_command;
pub mod matcher;
pub mod remark;
pub mod shell;
