//! `countersign policy`: check, test and explain policies before they decide anything. Reads files only; needs no
//! running gateway.

mod print;
mod replay;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::paint::Paint;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, ServerConfig};
use crate::limits;
use crate::model::PrincipalKind;
use crate::policy::{
    Case, Cases, DefinitionWord, Expected, Known, PolicySet, Source, directory, doubts, explain,
};
use crate::statement::Reader;
use print::Printer;

/// Arguments of `countersign policy`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check that policies are valid, and point out those that are probably not what was meant.
    Check(Place),
    /// Ask whether a call would be allowed, and why.
    Explain(Box<Explain>),
    /// Run a file of cases; fails unless every one is decided as expected.
    Test(Test),
    /// Say what other policies would have decided about recorded calls. Nothing is called.
    Replay(replay::Arguments),
    /// Print the Cedar schema, for editors and other Cedar tools.
    Schema,
}

/// Where the policies are.
#[derive(Debug, Args)]
struct Place {
    /// Directory of `*.cedar` files. Default: that of the configuration.
    #[arg(value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
    /// Configuration file: names the directory, and the servers that policies are compared with.
    #[arg(short, long, value_name = "FILE", env = "COUNTERSIGN_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Test {
    /// YAML file of cases.
    file: PathBuf,
    /// Directory of `*.cedar` files. Default: that of the file.
    #[arg(long, value_name = "DIRECTORY")]
    policies: Option<PathBuf>,
    /// Configuration file: says which arguments of which tools hold statements.
    #[arg(short, long, value_name = "FILE", env = "COUNTERSIGN_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Explain {
    /// Directory of `*.cedar` files. Default: that of the configuration.
    #[arg(long, value_name = "DIRECTORY")]
    policies: Option<PathBuf>,
    /// Configuration file.
    #[arg(short, long, value_name = "FILE", env = "COUNTERSIGN_CONFIG")]
    config: Option<PathBuf>,
    /// The caller: `issuer/subject`, or a subject of the issuer `example`.
    #[arg(long = "as", value_name = "CALLER")]
    caller: String,
    /// What the caller is.
    #[arg(long, value_enum, default_value = "human")]
    kind: Kind,
    /// A group of the caller. May be repeated.
    #[arg(short, long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// A scope of the caller's token. May be repeated.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The OAuth client of the caller's token.
    #[arg(long)]
    client: Option<String>,
    /// The caller's e-mail address.
    #[arg(long)]
    email: Option<String>,
    /// Who acts for the caller, as `issuer/subject`. May be repeated.
    #[arg(long = "actor", value_name = "ACTOR")]
    actors: Vec<String>,
    /// The person that a service or an agent works for, as `issuer/subject`.
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// The server.
    #[arg(short, long)]
    server: String,
    /// The tool that is called.
    #[arg(short, long, group = "target")]
    tool: Option<String>,
    /// The resource that is read.
    #[arg(long, value_name = "URI", group = "target")]
    resource: Option<String>,
    /// The prompt that is fetched.
    #[arg(long, group = "target")]
    prompt: Option<String>,
    /// The task that is asked about.
    #[arg(long, group = "target")]
    task: Option<String>,
    /// The method. Default: what fits the target, for instance `tools/call`.
    #[arg(short, long)]
    method: Option<String>,
    /// Arguments as JSON; `@FILE` reads them from a file.
    #[arg(short, long, value_name = "JSON")]
    arguments: Option<String>,
    /// When. Default: now.
    #[arg(long)]
    time: Option<Timestamp>,
    /// From where. Default: 192.0.2.1.
    #[arg(long)]
    address: Option<std::net::IpAddr>,
    /// What the gateway knows of the target's definition.
    #[arg(long, value_enum, default_value = "known")]
    definition: Seen,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// A person.
    Human,
    /// A program.
    Service,
    /// A program that decides for itself what to call.
    Agent,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Seen {
    /// Seen and pinned.
    Known,
    /// Never seen.
    Unknown,
    /// Not the one that is pinned.
    Drifted,
}

/// Runs `countersign policy`. The exit code is 1 when policies are not valid or a case fails.
///
/// # Errors
/// What went wrong, worded for the person who typed the command.
pub(super) fn run(arguments: &Arguments, paint: Paint) -> anyhow::Result<ExitCode> {
    let output = std::io::stdout().lock();
    let paint = if arguments.json { Paint::Plain } else { paint };
    let form = if arguments.json { print::Form::Json } else { print::Form::Text };
    serve(&arguments.command, &SystemClock, Printer::new(output, paint, form))
}

fn serve(command: &Command, clock: &dyn Clock, mut printer: Printer<impl Write>) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(place) => check(place, &mut printer),
        Command::Explain(explain) => explained(explain, clock, &mut printer),
        Command::Test(test) => tested(test, &mut printer),
        Command::Replay(arguments) => replay::run(arguments, &mut printer),
        Command::Schema => {
            printer.raw(&crate::policy::schema())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(place: &Place, printer: &mut Printer<impl Write>) -> anyhow::Result<ExitCode> {
    let (directory, known, _) = resolve(place.directory.as_deref(), place.config.as_deref())?;
    let parsed = directory::read(&directory).and_then(|sources| Ok((PolicySet::parse(&sources)?, sources)));
    match parsed {
        Ok((set, sources)) => {
            printer.checked(&directory, &set, &doubts(&set, &sources, &known))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(rejected) => {
            printer.rejected(&rejected)?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn explained(
    arguments: &Explain,
    clock: &dyn Clock,
    printer: &mut Printer<impl Write>,
) -> anyhow::Result<ExitCode> {
    let (directory, _, servers) = resolve(arguments.policies.as_deref(), arguments.config.as_deref())?;
    let Some((set, _)) = load(&directory, printer)? else { return Ok(ExitCode::FAILURE) };
    let reader = Reader::new(&servers)?;
    let asked = case(arguments)?.asked(clock.now(), &reader).map_err(|problem| anyhow!(problem))?;
    printer.explanation(&explain(&set, &asked.question()), asked.statement())?;
    Ok(ExitCode::SUCCESS)
}

fn tested(arguments: &Test, printer: &mut Printer<impl Write>) -> anyhow::Result<ExitCode> {
    let file = &arguments.file;
    let text = read(file)?;
    let cases: Cases = serde_saphyr::from_str(&text)
        .map_err(|error| anyhow!("`{}` is not a file of cases: {error}", file.display()))?;
    if cases.cases.is_empty() {
        bail!("`{}` holds no cases", file.display());
    }
    let beside = || file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let directory = arguments.policies.clone().unwrap_or_else(|| beside().to_owned());
    let Some((set, _)) = load(&directory, printer)? else { return Ok(ExitCode::FAILURE) };
    let servers = arguments.config.as_deref().map(config::load).transpose()?.map(|config| config.servers);
    let reader = Reader::new(&servers.unwrap_or_default())?;
    let mut trials = Vec::with_capacity(cases.cases.len());
    for (index, case) in cases.cases.iter().enumerate() {
        let trial = case
            .tried(&set, &reader)
            .map_err(|problem| anyhow!("case {} of `{}`: {problem}", index + 1, file.display()))?;
        trials.push((case, trial));
    }
    let failed = trials.iter().any(|(_, trial)| !trial.passed);
    printer.trials(&trials)?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The directory of policies, what they are compared with, and the servers they are about.
fn resolve(
    directory: Option<&Path>,
    file: Option<&Path>,
) -> anyhow::Result<(PathBuf, Known, Vec<ServerConfig>)> {
    let default = Path::new("countersign.yaml");
    let file = file.or_else(|| Some(default).filter(|file| directory.is_none() || file.exists()));
    let Some(file) = file else {
        return Ok((directory.unwrap_or(Path::new(".")).to_owned(), Known::default(), Vec::new()));
    };
    let config = config::load(file)?;
    let names = config.servers.iter().map(|server| server.name.clone()).collect();
    let directory = directory.map_or(config.policy.directory, Path::to_owned);
    Ok((directory, Known { servers: Some(names), tools: None }, config.servers))
}

/// `None` when the policies are not valid, after saying why.
fn load(
    directory: &Path,
    printer: &mut Printer<impl Write>,
) -> anyhow::Result<Option<(PolicySet, Vec<Source>)>> {
    match directory::read(directory).and_then(|sources| Ok((PolicySet::parse(&sources)?, sources))) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(rejected) => {
            printer.rejected(&rejected)?;
            Ok(None)
        }
    }
}

fn case(arguments: &Explain) -> anyhow::Result<Case> {
    let json = match arguments.arguments.as_deref() {
        None => None,
        Some(text) => {
            let text = match text.strip_prefix('@') {
                Some(file) => read(Path::new(file))?,
                None => text.to_owned(),
            };
            Some(serde_json::from_str(&text).context("`--arguments` is not JSON")?)
        }
    };
    Ok(Case {
        name: None,
        caller: arguments.caller.clone(),
        kind: match arguments.kind {
            Kind::Human => PrincipalKind::Human,
            Kind::Service => PrincipalKind::Service,
            Kind::Agent => PrincipalKind::Agent,
        },
        groups: arguments.groups.clone(),
        scopes: arguments.scopes.clone(),
        client: arguments.client.clone(),
        email: arguments.email.clone(),
        actors: arguments.actors.clone(),
        owner: arguments.owner.clone(),
        server: arguments.server.clone(),
        tool: arguments.tool.clone(),
        resource: arguments.resource.clone(),
        prompt: arguments.prompt.clone(),
        task: arguments.task.clone(),
        method: arguments.method.clone(),
        arguments: json,
        time: arguments.time,
        address: arguments.address,
        definition: match arguments.definition {
            Seen::Known => DefinitionWord::Known,
            Seen::Unknown => DefinitionWord::Unknown,
            Seen::Drifted => DefinitionWord::Drifted,
        },
        era: None,
        reveal: None,
        pass: None,
        expect: Expected::Deny,
        by: None,
    })
}

fn read(file: &Path) -> anyhow::Result<String> {
    let size = std::fs::metadata(file).with_context(|| format!("cannot read `{}`", file.display()))?.len();
    if size > limits::POLICY_BYTES_MAX as u64 {
        bail!("`{}` is larger than {} bytes", file.display(), limits::POLICY_BYTES_MAX);
    }
    std::fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::clock::ManualClock;

    const STARTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/starter");

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    /// What a command line prints, and whether it succeeds.
    fn typed(words: &[&str]) -> (String, bool) {
        let line = Line::try_parse_from(["policy"].iter().chain(words)).expect("a command line");
        let clock = ManualClock::new("2026-11-20T12:00:00Z".parse().expect("time"));
        let form = if line.arguments.json { print::Form::Json } else { print::Form::Text };
        let mut output = Vec::new();
        let printer = Printer::new(&mut output, Paint::Plain, form);
        let code = serve(&line.arguments.command, &clock, printer).expect("runs");
        (String::from_utf8(output).expect("text"), code == ExitCode::SUCCESS)
    }

    fn directory(text: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("directory");
        std::fs::write(directory.path().join("a.cedar"), text).expect("written");
        directory
    }

    fn path(directory: &tempfile::TempDir) -> &str {
        directory.path().to_str().expect("UTF-8")
    }

    #[test]
    fn starter_policies_are_valid_and_raise_no_doubt() {
        let (output, passed) = typed(&["check", STARTER]);
        assert!(passed && !output.contains("warning"), "{output}");
    }

    #[test]
    fn starter_policies_pass_their_own_tests() {
        let (output, passed) = typed(&["test", &format!("{STARTER}/tests.yaml")]);
        assert!(passed && output.contains("passed"), "{output}");
    }

    #[test]
    fn check_prints_the_line_and_the_remedy_of_every_problem() {
        let directory = directory(
            "permit (principal, action, resource);\n@id(\"b\")\npermit (principal, action == \
             Action::\"tools/cal\", resource);\n",
        );
        let (output, passed) = typed(&["check", path(&directory)]);
        assert!(!passed);
        assert!(output.contains("a.cedar:1:1") && output.contains("write `@id("), "{output}");

        let only =
            self::directory("@id(\"b\")\npermit (principal, action == Action::\"tools/cal\", resource);\n");
        let (output, passed) = typed(&["check", path(&only)]);
        assert!(!passed);
        assert!(
            output.contains("a.cedar:2:") && output.contains("did you mean `Action::\"tools/call\"`?"),
            "{output}"
        );
    }

    #[test]
    fn check_passes_with_warnings() {
        let directory = directory("@id(\"a\") permit (principal, action, resource);");
        let (output, passed) = typed(&["check", path(&directory)]);
        assert!(passed && output.contains("warning: ") && output.contains("everything"), "{output}");
        let (output, _) = typed(&["--json", "check", path(&directory)]);
        let json: serde_json::Value = serde_json::from_str(&output).expect("JSON");
        assert_eq!((json["valid"].as_bool(), json["policies"].as_u64()), (Some(true), Some(1)));
        assert_eq!(json["warnings"][0]["line"], 1);
    }

    #[test]
    fn explain_says_what_is_missing() {
        let directory = directory(
            "@id(\"small\")\npermit (principal in Group::\"clerks\", action == Action::\"tools/call\", resource)\n\
             when { context.numbers.hasTag(\"/n\") && context.numbers.getTag(\"/n\") < 10 };",
        );
        let base = ["explain", "--policies", path(&directory), "--as", "alice", "-s", "bank", "-t", "pay"];
        let ask = |more: &[&str]| typed(&[&base[..], more].concat()).0;
        let output = ask(&["-g", "clerks", "-a", r#"{"n": 30}"#]);
        assert!(output.starts_with("deny"), "{output}");
        assert!(output.contains("`context.numbers.getTag(\"/n\")` is 30"), "{output}");
        assert!(output.contains("a.cedar:1"), "{output}");
        assert!(ask(&["-g", "clerks", "-a", r#"{"n": 3}"#]).starts_with("allow"));
        let json: serde_json::Value = serde_json::from_str(&ask(&["--json"])).expect("JSON");
        assert_eq!(json["effect"], "deny");
        assert_eq!(json["findings"][0]["part"], "does_not_apply");
    }

    #[test]
    fn test_fails_when_one_case_does() {
        let directory = directory("@id(\"a\") permit (principal, action in Action::\"list\", resource);");
        let file = directory.path().join("cases.yaml");
        let cases = "cases:\n  - {as: alice, server: s, method: tools/list, expect: allow, by: [a]}\n  - {as: alice, \
                     server: s, tool: t, expect: allow}\n";
        std::fs::write(&file, cases).expect("written");
        let (output, passed) = typed(&["test", file.to_str().expect("UTF-8")]);
        assert!(!passed && output.contains("1 of 2 cases failed"), "{output}");
    }
}
