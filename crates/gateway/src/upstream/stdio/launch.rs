//! Starting the program: its arguments, its whole environment, its own process group.

use std::process::Stdio as Pipe;

use secrecy::ExposeSecret;
use tokio::process::{Child, Command};

use super::{StdioError, Surroundings};
use crate::config::{EnvironmentValue, Stdio as Program};

/// Starts `program`. No shell; nothing of the gateway's environment but `PATH` and `HOME`; secrets are read now and
/// wiped when the process has them.
///
/// Its own process group means that a signal from the gateway's terminal does not reach it, and that what it started
/// can be ended with it. A descendant that leaves the group (`setsid`) is out of reach: run the gateway where the
/// container ends with it.
pub(super) async fn launch(program: &Program, surroundings: &Surroundings) -> Result<Child, StdioError> {
    let (name, arguments) =
        program.command.split_first().ok_or_else(|| StdioError::Spawn("`command` is empty".to_owned()))?;
    let mut command = Command::new(name);
    command.args(arguments).env_clear();
    for (name, value) in [("PATH", &surroundings.path), ("HOME", &surroundings.home)] {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    for (name, value) in &program.environment {
        match value {
            EnvironmentValue::Literal(text) => command.env(name, text),
            EnvironmentValue::Secret(source) => {
                let source = source.clone();
                // A file or a command may take its time, so it is not read on an async thread.
                let secret = tokio::task::spawn_blocking(move || source.read())
                    .await
                    .map_err(|_| StdioError::Spawn("a secret could not be read".to_owned()))?
                    .map_err(|error| StdioError::Spawn(error.to_string()))?;
                command.env(name, secret.expose_secret())
            }
        };
    }
    if let Some(directory) = &program.directory {
        command.current_dir(directory);
    }
    command.stdin(Pipe::piped()).stdout(Pipe::piped()).stderr(Pipe::piped());
    command.process_group(0).kill_on_drop(true);
    command.spawn().map_err(|cause| StdioError::Spawn(format!("cannot run `{name}`: {cause}")))
}
