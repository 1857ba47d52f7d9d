//! The command line. Each subcommand is a module with its arguments and a `run`.

mod access;
mod approvals;
mod breakglass;
mod canary;
mod completion;
mod demo;
mod doctor;
mod epoch;
mod evidence;
mod export;
mod hold;
mod init;
mod inspect;
mod key;
mod line;
mod log;
mod migrate;
mod moment;
mod openapi;
mod paint;
mod policy;
mod remote;
mod review;
mod serve;
mod session;
mod source;
mod tool;
mod verify;
mod witness;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use paint::Paint;

/// The MCP gateway whose audit trail you can check.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, about, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print no colours. Any value of the variable means so.
    #[arg(long, global = true, env = "NO_COLOR", hide_env = true, value_name = "ANY", num_args = 0..=1,
          require_equals = true, default_missing_value = "1")]
    no_color: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a configuration and policies to begin with.
    Init(init::Arguments),
    /// Run the gateway.
    Serve(serve::Arguments),
    /// See it work: a shop, its gateway and a short tour, all in this process.
    Demo(demo::Arguments),
    /// Say what is wrong with this set-up.
    Doctor(doctor::Arguments),
    /// The file server of the demo.
    #[command(hide = true)]
    DemoFiles(demo::FilesArguments),
    /// Calls that wait for people: list, show, approve, reject.
    Approvals(approvals::Arguments),
    /// Let held calls go ahead for a while without approval: two administrators, on record.
    Breakglass(breakglass::Arguments),
    /// Bring the schema of a PostgreSQL database up to date, as its owner.
    Migrate(migrate::Arguments),
    /// Service keys: credentials for programs that have no issuer.
    Key(key::Arguments),
    /// What servers offer, and which of it changed.
    #[command(visible_alias = "tool")]
    Tools(tool::Arguments),
    /// Look at the audit log.
    Log(log::Arguments),
    /// Look at recorded sessions.
    Session(session::Arguments),
    /// Legal holds: recorded messages that are kept whatever their age.
    Hold(hold::Arguments),
    /// Write the audit log into a directory that anybody can verify.
    Export(export::Arguments),
    /// Write a period as a package that an auditor can check; draw samples.
    Evidence(evidence::Arguments),
    /// Check an exported audit log or an evidence package, offline.
    Verify(verify::Arguments),
    /// Cosign checkpoints of other people's logs.
    Witness(witness::Arguments),
    /// Completions for a shell.
    Completion(completion::Arguments),
    /// Who may do what, now or at any time in the record.
    Access(access::Arguments),
    /// Reviews of who may do what: start, list, show, decide, close.
    Review(review::Arguments),
    /// Control canaries: what each showed last; let them run.
    Canary(canary::Arguments),
    /// Print the gateway's own API as OpenAPI 3.1.
    Openapi(openapi::Arguments),
    /// Check, test and explain policies.
    Policy(policy::Arguments),
    /// See what the gateway sees in data: what is masked, what a statement would do.
    Inspect(inspect::Arguments),
}

/// Runs the command of `cli`.
///
/// # Errors
/// What went wrong, worded for the person who typed it.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let no_color = cli.no_color.as_deref();
    let paint = Paint::new(no_color, &std::io::stdout());
    let errors = Paint::new(no_color, &std::io::stderr());
    match cli.command {
        Command::Init(arguments) => init::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments, errors),
        Command::Demo(arguments) => demo::run(&arguments, paint),
        Command::Doctor(arguments) => doctor::run(&arguments, paint),
        Command::DemoFiles(arguments) => demo::run_files(&arguments),
        Command::Approvals(arguments) => approvals::run(&arguments, paint),
        Command::Breakglass(arguments) => breakglass::run(&arguments),
        Command::Migrate(arguments) => migrate::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::Tools(arguments) => tool::run(&arguments, paint),
        Command::Log(arguments) => log::run(&arguments, paint, errors),
        Command::Session(arguments) => session::run(&arguments, paint),
        Command::Hold(arguments) => hold::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Evidence(arguments) => evidence::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments, paint),
        Command::Witness(arguments) => witness::run(&arguments, errors),
        Command::Completion(arguments) => completion::run(&arguments, Cli::command()),
        Command::Access(arguments) => access::run(&arguments, paint),
        Command::Review(arguments) => review::run(&arguments),
        Command::Canary(arguments) => canary::run(&arguments),
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Policy(arguments) => policy::run(&arguments, paint),
        Command::Inspect(arguments) => inspect::run(&arguments, paint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_can_be_refused_of_every_command() {
        let mut cli = Cli::command();
        cli.build();
        cli.clone().debug_assert();
        for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
            let known = command.get_arguments().any(|argument| argument.get_long() == Some("no-color"));
            assert!(known, "{}", command.get_name());
        }
    }
}
