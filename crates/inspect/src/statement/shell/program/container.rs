//! Commands that run inside containers and pods: what runs, and what the container may reach.

use super::super::flow::Flow;
use super::super::option::{Options, Valued};
use super::super::survey::Survey;
use super::super::wrapper::Step;
use super::super::{Class, Flag};

/// Options before the command that take a value.
const GLOBAL: Valued = Valued {
    short: "Hlnsf",
    long: &[
        "host",
        "context",
        "config",
        "log-level",
        "tlscacert",
        "tlscert",
        "tlskey",
        "namespace",
        "kubeconfig",
        "cluster",
        "user",
        "server",
        "as",
        "as-group",
        "as-uid",
        "token",
        "request-timeout",
        "certificate-authority",
        "client-certificate",
        "client-key",
        "cache-dir",
        "file",
        "project-name",
        "profile",
        "env-file",
        "project-directory",
        "connection",
        "url",
        "v",
    ],
};

/// Options of `run`, `create` and `exec` that take a value.
const RUN: Valued = Valued {
    short: "aceEhlmpuvwnfi",
    long: &[
        "name",
        "volume",
        "env",
        "env-file",
        "publish",
        "network",
        "net",
        "user",
        "workdir",
        "entrypoint",
        "memory",
        "cpus",
        "label",
        "hostname",
        "mount",
        "restart",
        "add-host",
        "device",
        "cap-add",
        "cap-drop",
        "security-opt",
        "pid",
        "ipc",
        "uts",
        "userns",
        "platform",
        "pull",
        "log-driver",
        "log-opt",
        "gpus",
        "shm-size",
        "tmpfs",
        "ulimit",
        "dns",
        "link",
        "expose",
        "cpu-shares",
        "cpuset-cpus",
        "runtime",
        "stop-signal",
        "stop-timeout",
        "volumes-from",
        "group-add",
        "cgroup-parent",
        "cidfile",
        "sysctl",
        "ip",
        "mac-address",
        "network-alias",
        "volume-driver",
        "detach-keys",
        "container",
        "namespace",
        "filename",
        "health-cmd",
        "index",
        "service-ports",
        "pod-running-timeout",
    ],
};

/// Takes the container away, when the command runs something in one.
pub(in crate::statement::shell) fn unwrap(
    survey: &mut Survey,
    name: &str,
    arguments: &[String],
    input: &Flow,
) -> Step {
    let short = if matches!(name, "kubectl" | "oc") { "ns" } else { "Hlf" };
    let options = Options::leading(arguments, Valued { short, ..GLOBAL });
    if options.has(&["as", "as-group", "as-uid"]) {
        survey.note(Class::Privilege, "acts as somebody else");
    }
    let mut rest = &arguments[options.rest.min(arguments.len())..];
    // `docker container exec`, `docker compose run`.
    while rest.first().is_some_and(|word| matches!(word.as_str(), "container" | "compose")) {
        let inner = Options::leading(&rest[1..], GLOBAL);
        rest = &rest[1 + inner.rest.min(rest.len() - 1)..];
    }
    let Some((verb, rest)) = rest.split_first() else { return Step::Program };
    let kubernetes = matches!(name, "kubectl" | "oc");
    match verb.as_str() {
        "exec" | "attach" | "rsh" | "debug" => {}
        "run" | "create" if !kubernetes => note_reach(survey, rest),
        "run" if kubernetes => {
            note_reach(survey, rest);
            survey.note(Class::InfraDestructive, "changes a cluster");
        }
        _ => return Step::Program,
    }
    survey.note(Class::RemoteExec, "runs a command in a container");
    let short = if matches!(verb.as_str(), "exec" | "attach") || kubernetes { "cnuwe" } else { RUN.short };
    let options = Options::leading(
        rest,
        Valued { short: if kubernetes { "cn" } else { short.trim_end_matches("nfi") }, ..RUN },
    );
    let after_dashes = rest.iter().position(|word| word == "--").filter(|_| kubernetes);
    let mut fields: Vec<String> = match after_dashes {
        Some(at) => rest[at + 1..].to_vec(),
        // The first operand is the image, the container or the pod.
        None => options.operands.iter().skip(1).map(|word| (*word).to_owned()).collect(),
    };
    if let Some(program) = options.values(&["entrypoint"]).next() {
        fields.insert(0, program.to_owned());
    }
    fields.retain(|field| {
        !matches!(field.as_str(), "--stdin" | "--tty" | "-it" | "-i" | "-t") || after_dashes.is_some()
    });
    if fields.is_empty() {
        return Step::Done(Flow::Unknown);
    }
    Step::Inner { fields, input: input.clone() }
}

/// What of the machine a container is given.
fn note_reach(survey: &mut Survey, arguments: &[String]) {
    const GIVES: &[&str] = &[
        "--privileged",
        "--pid=host",
        "--ipc=host",
        "--uts=host",
        "--userns=host",
        "--network=host",
        "--net=host",
        "--cgroupns=host",
        "--cap-add",
        "--security-opt",
        "--device",
        "--overrides",
        "--volumes-from",
    ];
    let options = Options::leading(arguments, RUN);
    let mounts = options.values(&["v", "volume", "mount"]);
    let host = |mount: &str| {
        let source = mount
            .split(',')
            .find_map(|part| part.strip_prefix("source=").or(part.strip_prefix("src=")))
            .unwrap_or_else(|| mount.split(':').next().unwrap_or(""));
        source == "/"
            || source.contains(".sock")
            || crate::statement::path::is_system(source)
            || crate::statement::path::secret::is_secret(source)
            || matches!(source, "~" | "/home" | "/var" | "/dev")
    };
    let mut reaches = false;
    for mount in mounts {
        reaches |= host(mount);
        let source = mount.split(':').next().unwrap_or("");
        if crate::statement::path::secret::is_secret(source) {
            survey.read(source);
        }
    }
    let named = arguments.iter().any(|word| GIVES.iter().any(|gives| word.starts_with(gives)));
    let hosts =
        options.values(&["pid", "ipc", "uts", "userns", "network", "net"]).any(|value| value == "host");
    if reaches || named || hosts {
        survey.note(Class::Privilege, "gives a container the machine it runs on");
    }
    survey.flag(Flag::Wrapped);
}
