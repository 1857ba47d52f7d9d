//! What the statements in a call's arguments would do: which arguments hold some, and what the classifier of `inspect`
//! says about them, as facts for policy and evidence.

mod fact;
mod place;

use std::collections::HashMap;

use inspect::statement::Classifier;
use inspect::value::Value;
use tokio::sync::oneshot;

use crate::config::{ServerConfig, Tool};
use crate::limits;
use crate::model::Statement;
use place::{Language, Place};

/// Every class that a statement can have: its language, its name, its severity.
pub fn classes() -> Vec<(&'static str, &'static str, u8)> {
    fact::classes()
}

/// Reads statements. One for the process.
pub struct Reader {
    classifier: Classifier,
    tools: HashMap<String, Vec<Tool>>,
}

impl Reader {
    /// A reader that knows what the configuration says about tools.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn new(servers: &[ServerConfig]) -> std::io::Result<Self> {
        let tools = servers.iter().map(|server| (server.name.clone(), server.tools.clone())).collect();
        Ok(Self { classifier: Classifier::new(limits::CLASSIFIER_THREADS)?, tools })
    }

    /// What the arguments of a call of `tool` would do; `None` when they hold no statement.
    ///
    /// `arguments` is JSON that was walked before. A text that is not read in time is `unknown`.
    pub async fn read(&self, server: &str, tool: &str, arguments: &str) -> Option<Statement> {
        let mut found = Vec::new();
        for place in self.places(server, tool, arguments) {
            found.push(self.facts(place).await);
        }
        found.into_iter().reduce(Statement::and)
    }

    /// The same for whoever has no runtime: the commands that explain and test policies.
    pub fn read_now(&self, server: &str, tool: &str, arguments: &str) -> Option<Statement> {
        let facts = |Place { language, text }: Place| match language {
            Language::Sql(dialect) => fact::of_sql(self.classifier.sql(&text, dialect)),
            Language::Shell(kind) => fact::of_shell(self.classifier.shell(&text, kind)),
            other => fact::of_word(other, &text),
        };
        self.places(server, tool, arguments).into_iter().map(facts).reduce(Statement::and)
    }

    async fn facts(&self, Place { language, text }: Place) -> Statement {
        // The classifier answers within its budget, or is too busy to take the text: either way the wait ends.
        match language {
            Language::Sql(dialect) => {
                let (send, facts) = oneshot::channel();
                let done = move |facts| drop(send.send(facts));
                let submitted = self.classifier.submit_sql(text, dialect, done);
                let facts = async { submitted.ok().map(|()| facts)?.await.ok() };
                facts.await.map_or_else(|| fact::unknown("sql"), fact::of_sql)
            }
            Language::Shell(kind) => {
                let (send, facts) = oneshot::channel();
                let done = move |facts| drop(send.send(facts));
                let submitted = self.classifier.submit_shell(text, kind, done);
                let facts = async { submitted.ok().map(|()| facts)?.await.ok() };
                facts.await.map_or_else(|| fact::unknown("shell"), fact::of_shell)
            }
            other => fact::of_word(other, &text),
        }
    }

    fn places(&self, server: &str, tool: &str, arguments: &str) -> Vec<Place> {
        let Ok(arguments) = Value::parse(arguments, limits::JSON_DEPTH_MAX) else { return Vec::new() };
        let configured = self.tools.get(server).and_then(|tools| tools.iter().find(|known| known.fits(tool)));
        let mut places = match configured.filter(|tool| !tool.statements.is_empty()) {
            Some(tool) => place::configured(&tool.statements, arguments),
            None => place::guessed(arguments),
        };
        if places.len() > limits::STATEMENTS_PER_CALL_MAX {
            places.truncate(limits::STATEMENTS_PER_CALL_MAX);
            places.push(Place { language: Language::Unreadable, text: String::new() });
        }
        places
    }
}
