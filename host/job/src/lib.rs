//! act-job

pub mod command;
pub mod file_command;
pub mod remark;
pub mod shell;
