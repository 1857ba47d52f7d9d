//! `countersign init`: a directory to begin with, holding a configuration and policies. Nothing that exists is touched.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::json;

use crate::config;

/// The policies that everybody begins with.
#[rustfmt::skip]
const STARTER: &[(&str, &str)] = &[
    ("00-session.cedar", include_str!("../../../../policies/starter/00-session.cedar")),
    ("05-reveal.cedar", include_str!("../../../../policies/starter/05-reveal.cedar")),
    ("06-opaque.cedar", include_str!("../../../../policies/starter/06-opaque.cedar")),
    ("10-readers.cedar", include_str!("../../../../policies/starter/10-readers.cedar")),
    ("20-operators.cedar", include_str!("../../../../policies/starter/20-operators.cedar")),
    ("30-statements.cedar", include_str!("../../../../policies/starter/30-statements.cedar")),
    ("90-forbid.cedar", include_str!("../../../../policies/starter/90-forbid.cedar")),
];
const CONFIGURATION: &str = "countersign.yaml";
const POLICIES: &str = "policies";
const DEPLOYMENT: &str = "my-team";

/// Arguments of `countersign init`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where; made if it is not there.
    #[arg(default_value = ".", value_name = "DIRECTORY")]
    directory: PathBuf,
    /// A server to stand in front of: its name, and its URL or the command that starts it, as in
    /// `orders=https://orders.internal/mcp` or `files="mcp-server-filesystem /srv/files"`. May be repeated.
    #[arg(short, long = "server", value_name = "NAME=URL|COMMAND", required = true, value_parser = server)]
    servers: Vec<Server>,
    /// URL of the OpenID Connect issuer where people sign in. Without one, service keys are accepted.
    #[arg(short, long, value_name = "URL")]
    issuer: Option<String>,
    /// Names the deployment and its log, for good. Default: the directory's name.
    #[arg(short, long, value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, Clone)]
struct Server {
    name: String,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Http(String),
    Command(Vec<String>),
}

fn server(text: &str) -> Result<Server, String> {
    let usual = "write `NAME=URL`, or `NAME=\"PROGRAM ARGUMENT...\"`";
    let (name, way) = text.split_once('=').ok_or_else(|| format!("`{text}` names no server: {usual}"))?;
    let words: Vec<String> = way.split_whitespace().map(str::to_owned).collect();
    let way = match words.as_slice() {
        [] => return Err(format!("`{text}` does not say how to reach the server: {usual}")),
        [url] if url.contains("://") => Way::Http(url.clone()),
        _ => Way::Command(words),
    };
    Ok(Server { name: name.to_owned(), way })
}

/// Runs `countersign init`.
///
/// # Errors
/// What to tell whoever typed it.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let directory = &arguments.directory;
    let (file, policies) = (directory.join(CONFIGURATION), directory.join(POLICIES));
    for path in [&file, &policies] {
        if path.exists() {
            bail!("`{}` is there already: name another directory", path.display());
        }
    }
    let name = arguments.name.clone().unwrap_or_else(|| named(directory));
    let text = configuration(&name, arguments);
    // What was typed is judged as what is written in a file.
    config::parse(&file, &text)?;
    fs::create_dir_all(&policies).with_context(|| format!("cannot create `{}`", policies.display()))?;
    for (name, text) in STARTER {
        write(&policies.join(name), &quiet(text))?;
    }
    for server in &arguments.servers {
        write(&policies.join(format!("50-{}.cedar", server.name)), &template(&server.name))?;
    }
    write(&file, &text)?;
    let mut output = std::io::stdout().lock();
    Ok(writeln!(output, "{}", next(arguments, &file, &policies)).map(|()| ExitCode::SUCCESS)?)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let failed = || format!("cannot write `{}`", path.display());
    let mut file = fs::File::create_new(path).with_context(failed)?;
    file.write_all(text.as_bytes()).with_context(failed)
}

/// The directory's name, if it can name a deployment.
fn named(directory: &Path) -> String {
    let whole = std::path::absolute(directory).unwrap_or_default();
    let name = whole.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits && !name.is_empty() && !name.starts_with('-') { name } else { DEPLOYMENT.to_owned() }
}

fn configuration(name: &str, arguments: &Arguments) -> String {
    // JSON is YAML: what was typed is quoted and cannot become anything but a text.
    let mut text = format!(
        "# Written by `countersign init`. docs/configuration.md has every field; `countersign doctor` says what is wrong.\n\n\
         # Names this deployment and its log, for good.\n\
         deployment: {}\n\n\
         # Where callers connect: each server has the URL of its name, as `http://127.0.0.1:8080/mcp/NAME`.\n\
         listen:\n  address: 127.0.0.1:8080\n  public_url: http://127.0.0.1:8080\n\n\
         # Where operators look: /readyz, /livez, /metrics.\n\
         admin:\n  address: 127.0.0.1:9090\n\n\
         # Evidence, and in it `keys`: back those up apart from the rest.\n\
         storage:\n  directory: data\n\n\
         # Who callers are.\n\
         identity:\n",
        json!(name)
    );
    match &arguments.issuer {
        None => text.push_str(
            "  # Programs with a key from `countersign key create`. People need an issuer:\n\
             \x20 #issuers: [{ name: corporate, url: https://id.example.com/realms/corporate }]\n\
             \x20 service_keys: accepted\n",
        ),
        Some(url) => text.push_str(&format!(
            "  issuers:\n    - name: corporate\n      url: {}\n\
             \x20 # Programs without an issuer, by `countersign key create`:\n\
             \x20 #service_keys: accepted\n",
            json!(url)
        )),
    }
    text.push_str("\npolicy:\n  directory: policies\n\nservers:\n");
    for Server { name, way } in &arguments.servers {
        text.push_str(&format!("  - name: {}\n", json!(name)));
        text.push_str(&match way {
            Way::Http(url) => format!(
                "    http:\n      url: {}\n\
                 \x20     # What the server asks of its callers; they never see it.\n\
                 \x20     #credential: {{ value: {{ env: {}_TOKEN }} }}\n",
                json!(url),
                variable(name)
            ),
            Way::Command(words) => format!("    stdio:\n      command: {}\n", json!(words)),
        });
    }
    text
}

fn variable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// A starter file whose examples for single servers are comments: they name servers that nobody has, and must not begin
/// to permit something because somebody's server has the same name.
fn quiet(text: &str) -> String {
    let blocks = text.split("\n\n").map(|block| {
        let says = |line: &str| !line.starts_with("//");
        let names = |line: &str| line.contains("Server::\"") || line.contains("Tool::\"");
        if !block.lines().any(|line| says(line) && names(line)) {
            return block.to_owned();
        }
        let (comment, policy): (Vec<&str>, Vec<&str>) = block.lines().partition(|line| !says(line));
        let mut lines: Vec<String> = comment.into_iter().map(str::to_owned).collect();
        lines.push("// (An example: put a server of yours there and take the `//` away.)".to_owned());
        lines.extend(policy.into_iter().map(|line| format!("// {line}")));
        lines.join("\n")
    });
    format!("{}\n", blocks.collect::<Vec<_>>().join("\n\n").trim_end())
}

/// What may be done with one server: nothing yet.
fn template(server: &str) -> String {
    format!(
        "// What may be done with `{server}`. Nothing, until a policy permits it: what this one needs is the names of tools.\n\
         // `countersign tools list` has them once any caller asked for the list.\n\
         //\n\
         // @id(\"{server}-look-up\")\n\
         // permit (principal, action == Action::\"tools/call\", resource in Server::\"{server}\")\n\
         // when {{ [\"get_something\", \"list_something\"].contains(resource.name) }};\n"
    )
}

fn next(arguments: &Arguments, file: &Path, policies: &Path) -> String {
    let first = arguments.servers.first().map_or("NAME", |server| server.name.as_str());
    let place = match arguments.directory.as_path() {
        here if here == Path::new(".") => String::new(),
        there => format!("  cd {}\n", there.display()),
    };
    let caller = match arguments.issuer {
        None => format!(
            "  countersign key create --name trial --kind service --server {first} --expires 1d > key\n\n\
             Then give a client the URL http://127.0.0.1:8080/mcp/{first} and the key as a bearer token."
        ),
        Some(_) => format!(
            "\nThen give a client the URL http://127.0.0.1:8080/mcp/{first}; the issuer has to issue tokens for it."
        ),
    };
    let shown = |path: &Path| path.strip_prefix(".").unwrap_or(path).display().to_string();
    format!(
        "{} and {} are there. What {first} may be used for: write it in {}\n\n\
         {place}  countersign doctor\n  countersign serve\n{caller}",
        shown(file),
        shown(policies),
        shown(&policies.join(format!("50-{first}.cedar"))),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::policy::{Known, PolicySet, directory, doubts};

    fn arguments(directory: &Path, servers: &[&str]) -> Arguments {
        Arguments {
            directory: directory.to_owned(),
            servers: servers.iter().map(|text| server(text).expect("a server")).collect(),
            issuer: None,
            name: None,
        }
    }

    #[test]
    fn what_is_written_is_valid_raises_no_doubt_and_permits_no_call_of_a_tool() {
        let place = tempfile::tempdir().expect("a directory");
        let there = place.path().join("new").join("shop");
        // `docs` is a name that the starter policies use in examples.
        let typed = arguments(&there, &["docs=https://docs.example.com/mcp", "files=mcp-server /srv/a b"]);
        run(&typed).expect("written");
        let loaded = config::load(&there.join(CONFIGURATION)).expect("a configuration");
        assert_eq!((&*loaded.deployment, loaded.servers.len()), ("shop", 2));
        let sources = directory::read(&loaded.policy.directory).expect("read");
        let set = PolicySet::parse(&sources).expect("valid");
        let servers = loaded.servers.iter().map(|server| server.name.clone()).collect();
        let known = Known { servers: Some(servers), tools: None };
        assert!(doubts(&set, &sources, &known).is_empty());
        let text: String = sources.iter().map(|source| source.text.as_str()).collect();
        let said = text.lines().filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n");
        assert!(!said.contains("Server::") && !said.contains("Tool::"), "{said}");
    }

    #[test]
    fn nothing_that_exists_is_touched_and_nothing_is_written_of_what_makes_no_configuration() {
        let place = tempfile::tempdir().expect("a directory");
        fs::write(place.path().join(CONFIGURATION), "mine").expect("written");
        let refused = run(&arguments(place.path(), &["a=https://a.example.com"])).expect_err("refused");
        assert!(refused.to_string().contains("is there already"), "{refused}");
        assert!(!place.path().join(POLICIES).exists());

        let empty = tempfile::tempdir().expect("a directory");
        let refused = run(&arguments(empty.path(), &["a b=https://a.example.com"])).expect_err("refused");
        assert!(refused.to_string().contains("a b"), "{refused}");
        assert_eq!(fs::read_dir(empty.path()).expect("read").count(), 0);
    }

    #[test]
    fn a_server_is_a_name_and_a_url_or_a_command() {
        for wrong in ["orders", "orders=", "orders= "] {
            assert!(server(wrong).expect_err("refused").contains("NAME=URL"), "{wrong}");
        }
        assert!(matches!(server("a=https://x.example/mcp?b=c").expect("one").way, Way::Http(_)));
        assert!(
            matches!(server("a=tool --url=http://b").expect("one").way, Way::Command(words) if words.len() == 2)
        );
    }

    #[test]
    fn every_starter_file_is_compiled_in() {
        let there = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/starter");
        let files = fs::read_dir(there).expect("readable").map(|entry| entry.expect("readable").file_name());
        let files: BTreeSet<String> = files.map(|name| name.to_string_lossy().into_owned()).collect();
        let known =
            STARTER.iter().map(|(name, _)| (*name).to_owned()).chain(["tests.yaml".to_owned()]).collect();
        assert_eq!(files, known, "add a row to `STARTER`");
    }
}
