//! Florin: a payments server in one program.
//!
//! The binary reads the command line, the configuration and the environment, puts the crates together and runs them.
//! It holds no rule of trade and no SQL. Invariant: every way to end is a sentence and an exit code.

mod announcement;
mod bench;
mod clock;
mod command;
mod counter;
mod data_directory;
mod environment;
mod failure;
mod gateway;
mod keys;
mod log;
mod merchant;
mod operations;
mod private_file;
mod remote;
mod sandbox;
mod screen;
mod serve;
mod signals;
mod table;
mod token;
mod vault;
mod verify;
mod webhooks;

use std::process::ExitCode;

use clap::Parser as _;

use crate::command::Command;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = Command::parse();
    match log::begin().and_then(|()| command.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("florin: {failure}");
            failure.exit_code()
        }
    }
}
