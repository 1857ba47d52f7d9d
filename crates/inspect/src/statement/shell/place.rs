//! Paths that commands read and write: what their places say about the command.

use super::word::{display, has_hole, is_known, is_pattern};
use super::{Class, Flag};
use crate::statement::path::{is_below, is_device, is_system, normalise, secret};

/// What reading `field` means. A path that cannot be known could be any.
pub(super) fn reading(field: &str) -> (Class, Option<Flag>, &'static str) {
    let shown = display(field);
    let path = normalise(&shown);
    if is_secret_field(field, &path) {
        return (Class::SecretRead, None, "reads a well-known place of credentials");
    }
    if path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/") {
        return (Class::RemoteExec, Some(Flag::Network), "connects to another machine by a redirection");
    }
    if is_device(&path) {
        return (Class::SecretRead, Some(Flag::Device), "reads a device");
    }
    if has_hole(field) {
        return (Class::Dynamic, None, "reads a file that is decided when it runs");
    }
    (Class::Safe, None, "")
}

/// What writing to `field` means.
pub(super) fn writing(field: &str) -> (Class, Option<Flag>, &'static str) {
    let shown = display(field);
    let path = normalise(&shown);
    if path.starts_with("/dev/tcp/") || path.starts_with("/dev/udp/") {
        return (Class::RemoteExec, Some(Flag::Network), "connects to another machine by a redirection");
    }
    if is_below(&path, "/dev") {
        if !is_device(&path) {
            return (Class::Safe, None, "");
        }
        return (Class::FsDestructive, Some(Flag::Device), "writes to a device");
    }
    if decides_later(&path) {
        return (Class::Privilege, None, "writes a file that decides what runs or who may log in");
    }
    if has_hole(field) && !is_below(&path, "/tmp") && !has_plain_start(field) {
        return (Class::Dynamic, None, "writes a file that is decided when it runs");
    }
    (Class::FsWrite, None, "writes a file")
}

/// Whether deleting `field` deletes a root, a home or everything here.
pub(super) fn is_root(field: &str) -> bool {
    let shown = display(field);
    let path = normalise(&shown);
    let path = path.strip_suffix("/*").unwrap_or(&path).trim_end_matches('/');
    matches!(path, "" | "~" | "." | ".." | "*")
        || path.starts_with('~') && !path.contains('/')
        || path.matches('/').count() == 1
            && path.starts_with('/')
            && (is_system(path) || TOPS.contains(&path))
}

const TOPS: &[&str] = &["/home", "/var", "/opt", "/srv", "/mnt", "/dev", "/Users", "/*", "/."];

/// Whether a path with a hole still begins with a directory that the text names.
fn has_plain_start(field: &str) -> bool {
    let start = field.split(|c: char| c.is_control()).next().unwrap_or("");
    start.contains('/') && !start.starts_with('/')
        || start.len() > 1 && !start.contains("..") && !start.starts_with('/')
}

/// Files that something runs, or trusts, later.
fn decides_later(path: &str) -> bool {
    const NAMES: &[&str] = &[
        "authorized_keys",
        "authorized_keys2",
        ".bashrc",
        ".bash_profile",
        ".bash_login",
        ".bash_logout",
        ".profile",
        ".zshrc",
        ".zshenv",
        ".zprofile",
        ".zlogin",
        ".kshrc",
        ".cshrc",
        ".tcshrc",
        ".login",
        ".xinitrc",
        ".xsession",
        ".xprofile",
        ".gitconfig",
        ".vimrc",
        ".inputrc",
        ".netrc",
        ".ssh",
        ".rhosts",
        ".shosts",
        "crontab",
        ".tmux.conf",
        ".emacs",
        ".pam_environment",
        ".forward",
        ".npmrc",
        "config.fish",
        "sitecustomize.py",
        "usercustomize.py",
    ];
    const FOLDERS: &[&str] = &[
        "/.ssh/",
        "/.git/hooks/",
        "/.config/autostart/",
        "/.config/systemd/",
        "/LaunchAgents/",
        "/LaunchDaemons/",
        "/cron.d/",
        "/cron.daily/",
        "/cron.hourly/",
        "/init.d/",
        "/.config/fish/",
        "/.gnupg/",
        "/.aws/",
        "/.kube/",
        "/.docker/",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let inside = FOLDERS.iter().any(|folder| {
        path.contains(folder) || path.strip_prefix(&folder[1..]).is_some_and(|rest| !rest.is_empty())
    });
    let system = is_system(path) && !is_below(path, "/run") && !is_below(path, "/var/run");
    NAMES.contains(&name) || inside || system || path == ".git/config" || path.ends_with("/.git/config")
}

/// Whether a field names a place of credentials, or is a pattern that matches one.
fn is_secret_field(field: &str, path: &str) -> bool {
    if secret::is_secret(path) {
        return true;
    }
    if is_known(field) || !is_pattern(field) {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    // `*` alone leaves out hidden files, and would make every listing a theft.
    let telling = name.chars().filter(char::is_ascii_alphanumeric).count() >= 1 || name.starts_with('.');
    if path.contains('/') {
        secret::places().any(|place| matches_path(path, place))
            || telling && secret::names().any(|known| fits(name, known))
            || may_end_in_secret(name)
    } else {
        telling && secret::names().any(|known| fits(name, known)) || may_end_in_secret(name)
    }
}

/// `*env` matches `prod.env`.
fn may_end_in_secret(pattern: &str) -> bool {
    const ENDS: &[&str] = &["x.env", "x.pem", "x.key"];
    let end = pattern.strip_prefix('*').filter(|end| end.len() > 2);
    end.is_some_and(|end| ENDS.iter().any(|name| name.ends_with(end)))
}

/// A pattern for one name: a lone `*.ext` is as good as no pattern.
fn fits(pattern: &str, name: &str) -> bool {
    let loose = pattern.starts_with('*') && !pattern[1..].contains(['*', '?', '[']) && !name.starts_with('.');
    !loose
        && (pattern.starts_with('.') || !name.starts_with('.'))
        && matches(pattern.as_bytes(), name.as_bytes())
}

fn matches_path(pattern: &str, path: &str) -> bool {
    let (patterns, parts): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    patterns.len() == parts.len()
        && patterns.iter().zip(&parts).all(|(pattern, part)| {
            let hidden = part.starts_with('.') && !pattern.starts_with('.') && !pattern.starts_with('[');
            !hidden && matches(pattern.as_bytes(), part.as_bytes())
        })
        // Of a pattern that would match any path of the same depth nothing is said.
        && patterns.iter().any(|pattern| pattern.bytes().any(|byte| byte.is_ascii_alphanumeric()) && *pattern != "home")
}

/// Matches `*`, `?` and sets; a set matches any character, so that more matches rather than less.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut in_text) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while in_text < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                back = Some((at + 1, in_text));
                at += 1;
                continue;
            }
            Some(b'?') => {
                at += 1;
                in_text += 1;
                continue;
            }
            Some(b'[') => {
                let end = pattern[at + 1..].iter().skip(1).position(|byte| *byte == b']');
                if let Some(end) = end {
                    at += end + 3;
                    in_text += 1;
                    continue;
                }
            }
            Some(byte) if byte.eq_ignore_ascii_case(&text[in_text]) => {
                at += 1;
                in_text += 1;
                continue;
            }
            _ => {}
        }
        let Some((pattern_at, text_at)) = back else { return false };
        at = pattern_at;
        in_text = text_at + 1;
        back = Some((pattern_at, in_text));
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
