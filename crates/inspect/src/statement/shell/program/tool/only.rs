//! What single programs have beside the table that they share with others, and tools of which little more than
//! their reading commands is known.

use super::{Rules, Tool};
use crate::statement::shell::Class;

const fn reads(names: &'static [&'static str], rules: &'static [Rules]) -> Tool {
    Tool { names, valued: &[], rules }
}

pub(super) const TOOLS: &[Tool] = &[
    reads(
        &["gh", "glab"],
        &[
            Rules {
                class: Class::Safe,
                commands: &[
                    "run view",
                    "run list",
                    "run ls",
                    "api repos/*",
                    "api users/*",
                    "api orgs/*",
                    "api user",
                ],
            },
            // What makes a question to the interface of the forge more than one.
            Rules {
                class: Class::RemoteExec,
                commands: &[
                    "api * -X*",
                    "api * --method",
                    "api * -f*",
                    "api * -F*",
                    "api * --field",
                    "api * --raw-field",
                    "api * --input",
                    "api * --hostname",
                ],
            },
        ],
    ),
    reads(&["eksctl"], &[Rules { class: Class::Safe, commands: &["get", "get *"] }]),
    reads(
        &["pip", "pip3"],
        &[
            // What is not built yet is built.
            Rules { class: Class::RemoteExec, commands: &["download"] },
        ],
    ),
    reads(
        &["npm", "pnpm", "yarn"],
        &[Rules {
            class: Class::Privilege,
            commands: &["config set script-shell*", "config set node-options*", "set script-shell*"],
        }],
    ),
    reads(
        &["go"],
        &[
            Rules { class: Class::Safe, commands: &["doc *"] },
            Rules { class: Class::FsDestructive, commands: &["clean"] },
        ],
    ),
    reads(
        &["cargo"],
        &[
            Rules { class: Class::Safe, commands: &["fmt --check"] },
            Rules { class: Class::FsDestructive, commands: &["clean"] },
        ],
    ),
    reads(
        &["terraform", "tofu", "terragrunt"],
        &[
            // Its providers are programs.
            Rules { class: Class::RemoteExec, commands: &["init"] },
            Rules { class: Class::FsWrite, commands: &["login", "logout"] },
        ],
    ),
    reads(
        &["docker", "podman", "nerdctl"],
        &[Rules { class: Class::InfraDestructive, commands: &["push", "image push", "manifest push"] }],
    ),
    reads(
        &["ruff"],
        &[
            Rules {
                class: Class::Safe,
                commands: &[
                    "check",
                    "rule",
                    "linter",
                    "config",
                    "version",
                    "format --check",
                    "format --diff",
                ],
            },
            Rules {
                class: Class::FsWrite,
                commands: &[
                    "format",
                    "clean",
                    "check --fix",
                    "check --fix-only",
                    "check --add-noqa",
                    "check --output-file",
                    "check -o*",
                ],
            },
        ],
    ),
    reads(
        &["tmux"],
        &[
            Rules {
                class: Class::Safe,
                commands: &[
                    "ls",
                    "list-sessions",
                    "list-windows",
                    "list-panes",
                    "list-clients",
                    "info",
                    "-V",
                ],
            },
            // Another command may follow.
            Rules {
                class: Class::Unknown,
                commands: &[
                    "ls *",
                    "list-sessions *",
                    "list-windows *",
                    "list-panes *",
                    "list-clients *",
                    "info *",
                ],
            },
        ],
    ),
    reads(
        &["argocd"],
        &[
            Rules {
                class: Class::Safe,
                commands: &[
                    "app list",
                    "app get",
                    "app history",
                    "app logs",
                    "app diff",
                    "cluster list",
                    "repo list",
                    "proj list",
                    "version",
                    "context",
                ],
            },
            Rules { class: Class::FsWrite, commands: &["context *", "context --delete"] },
            Rules { class: Class::InfraDestructive, commands: &["app *", "cluster *", "repo *", "proj *"] },
        ],
    ),
    reads(
        &["flux"],
        &[
            Rules {
                class: Class::Safe,
                commands: &["get", "get *", "check", "logs", "events", "version", "tree *", "stats"],
            },
            Rules {
                class: Class::InfraDestructive,
                commands: &[
                    "suspend",
                    "resume",
                    "delete",
                    "create",
                    "reconcile",
                    "install",
                    "uninstall",
                    "bootstrap",
                ],
            },
        ],
    ),
    reads(
        &["istioctl"],
        &[Rules { class: Class::Safe, commands: &["version", "analyze", "proxy-status", "ps", "validate"] }],
    ),
    reads(&["skopeo"], &[Rules { class: Class::Safe, commands: &["inspect", "list-tags", "--version"] }]),
    reads(
        &["trivy"],
        &[
            Rules { class: Class::Safe, commands: &["image", "fs", "repo", "config", "version"] },
            Rules { class: Class::FsWrite, commands: &["* -o*", "* --output"] },
        ],
    ),
    reads(
        &["kustomize"],
        &[
            Rules { class: Class::Safe, commands: &["build", "version"] },
            Rules { class: Class::FsWrite, commands: &["build -o*", "build --output", "edit"] },
            Rules {
                class: Class::RemoteExec,
                commands: &["build --enable-alpha-plugins", "build --enable-exec", "build --enable-helm"],
            },
        ],
    ),
    reads(&["stern"], &[Rules { class: Class::Safe, commands: &["*"] }]),
    reads(
        &["ansible-inventory"],
        &[
            Rules { class: Class::Safe, commands: &["--list", "--graph"] },
            // An inventory may be a program.
            Rules {
                class: Class::RemoteExec,
                commands: &["-i*", "--list -i*", "--graph -i*", "--list --inventory", "--graph --inventory"],
            },
        ],
    ),
    reads(
        &["ctr"],
        &[Rules {
            class: Class::Safe,
            commands: &[
                "images ls",
                "images list",
                "image ls",
                "i ls",
                "containers ls",
                "c ls",
                "tasks ls",
                "namespaces ls",
                "version",
            ],
        }],
    ),
    reads(
        &["buildah"],
        &[Rules { class: Class::Safe, commands: &["images", "containers", "inspect", "version", "info"] }],
    ),
    reads(
        &["pyenv", "rbenv", "nodenv"],
        &[Rules { class: Class::Safe, commands: &["versions", "version", "root", "which *"] }],
    ),
    reads(&["bridge"], &[Rules { class: Class::Safe, commands: &["link show", "fdb show", "vlan show"] }]),
    reads(
        &["firewall-cmd"],
        &[Rules {
            class: Class::Safe,
            commands: &["--list-all", "--list-ports", "--list-services", "--get-zones"],
        }],
    ),
    reads(
        &["iptables", "ip6tables"],
        &[Rules { class: Class::InfraDestructive, commands: &["-A*", "-I*", "-D*", "-R*", "-N*", "-Z*"] }],
    ),
    reads(&["crontab"], &[Rules { class: Class::Privilege, commands: &["*", "-*"] }]),
    reads(
        &["ansible-vault"],
        &[
            Rules { class: Class::SecretRead, commands: &["view", "decrypt"] },
            Rules { class: Class::FsWrite, commands: &["encrypt"] },
        ],
    ),
    reads(&["ansible-doc"], &[Rules { class: Class::Safe, commands: &["*", "-l", "--list"] }]),
    reads(
        &["twine"],
        &[
            Rules { class: Class::Safe, commands: &["check"] },
            Rules { class: Class::InfraDestructive, commands: &["upload", "register"] },
        ],
    ),
];
