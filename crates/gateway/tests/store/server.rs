//! A PostgreSQL server that lives as long as a test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const BINARIES: &str = "/usr/lib/postgresql/15/bin";

/// A server on a Unix socket in a directory of its own, without durability: it is as short-lived as the test.
pub(crate) struct Server {
    directory: tempfile::TempDir,
    user: Option<&'static str>,
}

impl Server {
    pub(crate) fn start() -> Self {
        assert!(
            Path::new(BINARIES).exists(),
            "PostgreSQL 15 is not installed; `scripts/test.sh` installs it"
        );
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        // PostgreSQL refuses to run as root.
        let root = rustix::process::geteuid().is_root();
        let server = Self { directory, user: root.then_some("nobody") };
        if root {
            let done = Command::new("chown").arg("nobody").arg(server.directory.path()).status().unwrap();
            assert!(done.success());
        }
        server.run("initdb", &["-A", "trust", "-U", "postgres", "--no-sync", "-D"], &[]);
        let options = format!(
            "-k {} -c listen_addresses= -c fsync=off -c full_page_writes=off -c max_connections=20",
            server.directory.path().display()
        );
        let log = server.directory.path().join("log");
        server.run("pg_ctl", &["-w", "-D"], &["-o", &options, "-l", log.to_str().unwrap(), "start"]);
        server
    }

    /// Connection string of a new, empty database.
    pub(crate) fn database(&self, name: &str) -> String {
        let host = self.directory.path().display();
        let mut client =
            postgres::Client::connect(&format!("host={host} user=postgres dbname=postgres"), postgres::NoTls)
                .unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        format!("host={host} user=postgres dbname={name}")
    }

    fn run(&self, program: &str, before: &[&str], after: &[&str]) {
        let data = self.data();
        let program = format!("{BINARIES}/{program}");
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--", &program]);
                command
            }
            None => Command::new(&program),
        };
        let status = command
            .args(before)
            .arg(data)
            .args(after)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "`{program}` failed: {status}");
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D"], &["-m", "immediate", "stop"]);
    }
}
