//! Compound commands (POSIX.1-2024 XCU 2.9.4), and the definition of functions.

mod condition;

use super::{CLOSERS, Fault, Parser, SYNTAX, UNFINISHED, is_name};
use crate::statement::shell::tree::{List, NodeKind, Word};

impl Parser<'_> {
    /// A compound command, if one begins here.
    pub(in crate::statement::shell) fn compound(&mut self) -> Result<Option<NodeKind>, Fault> {
        if self.looking_at("((") {
            self.at += 2;
            return Ok(Some(NodeKind::Arithmetic(self.nested(|parser| parser.arithmetic("))"))?)));
        }
        if self.take("(") {
            let list = self.body()?;
            self.demand(")")?;
            return Ok(Some(NodeKind::Subshell(list)));
        }
        let Some(word) = self.reserved() else { return Ok(None) };
        let kind = match word {
            "{" => {
                self.at += 1;
                let list = self.body()?;
                self.demand_reserved("}")?;
                NodeKind::Group(list)
            }
            "if" => self.branch()?,
            "while" | "until" => {
                self.at += word.len();
                let mut list = self.body()?;
                list.extend(self.do_group()?);
                NodeKind::Branches(list)
            }
            "for" | "select" => {
                self.at += word.len();
                self.repetition()?
            }
            "case" => {
                self.at += word.len();
                self.nested(Self::case)?
            }
            "[[" => {
                self.at += 2;
                NodeKind::Test(self.nested(Self::test)?)
            }
            "function" => {
                self.at += word.len();
                self.blanks();
                let name = self.word()?.bare().map(str::to_owned).ok_or(SYNTAX)?;
                self.blanks();
                if self.take("(") {
                    self.blanks();
                    self.demand(")")?;
                }
                self.function(name)?
            }
            "coproc" => return Err(Fault("`coproc` is not read")),
            word if CLOSERS.contains(&word) && word != "in" => return Err(SYNTAX),
            _ => return Ok(None),
        };
        Ok(Some(kind))
    }

    pub(in crate::statement::shell) fn function(&mut self, name: String) -> Result<NodeKind, Fault> {
        self.lines()?;
        let opens = self.peek() == Some(b'(') || self.reserved().is_some_and(|word| word != "function");
        if !opens {
            return Err(SYNTAX);
        }
        let body = self.nested(Self::command)?;
        if matches!(body.kind, NodeKind::Simple { .. } | NodeKind::Function { .. }) {
            return Err(SYNTAX);
        }
        Ok(NodeKind::Function { name, body: Box::new(body) })
    }

    fn branch(&mut self) -> Result<NodeKind, Fault> {
        self.at += "if".len();
        let mut list = self.body()?;
        self.demand_reserved("then")?;
        list.extend(self.body()?);
        loop {
            self.lines()?;
            if self.take_reserved("elif") {
                list.extend(self.body()?);
                self.demand_reserved("then")?;
                list.extend(self.body()?);
            } else if self.take_reserved("else") {
                list.extend(self.body()?);
                self.demand_reserved("fi")?;
                return Ok(NodeKind::Branches(list));
            } else {
                self.demand_reserved("fi")?;
                return Ok(NodeKind::Branches(list));
            }
        }
    }

    fn do_group(&mut self) -> Result<List, Fault> {
        self.demand_reserved("do")?;
        let list = self.body()?;
        self.demand_reserved("done")?;
        Ok(list)
    }

    fn repetition(&mut self) -> Result<NodeKind, Fault> {
        self.blanks();
        if self.take("((") {
            let expression = self.nested(|parser| parser.arithmetic("))"))?;
            self.blanks();
            self.take(";");
            return Ok(NodeKind::Counting { expression, body: self.do_group()? });
        }
        let variable = self.word()?.bare().filter(|name| is_name(name)).map(str::to_owned).ok_or(SYNTAX)?;
        self.lines()?;
        let mut values = Vec::new();
        if self.take_reserved("in") {
            loop {
                self.blanks();
                if matches!(self.peek(), Some(b';' | b'\n')) {
                    break;
                }
                values.push(self.word()?);
            }
        }
        self.blanks();
        if self.looking_at(";;") {
            return Err(SYNTAX);
        }
        self.take(";");
        Ok(NodeKind::Loop { variable, values, body: self.do_group()? })
    }

    fn case(&mut self) -> Result<NodeKind, Fault> {
        self.blanks();
        let mut words = vec![self.word()?];
        let mut bodies = List::new();
        self.demand_reserved("in")?;
        loop {
            self.lines()?;
            if self.take_reserved("esac") {
                return Ok(NodeKind::Case { words, bodies });
            }
            self.take("(");
            loop {
                self.blanks();
                words.push(self.word()?);
                self.blanks();
                if self.take(")") {
                    break;
                }
                self.demand("|")?;
            }
            bodies.extend(self.nested(Self::list)?);
            self.lines()?;
            let ended = self.take(";;&") || self.take(";;") || self.take(";&");
            if !ended && self.reserved() != Some("esac") {
                return Err(if self.peek().is_none() { UNFINISHED } else { SYNTAX });
            }
        }
    }

    /// The words of `[[ ... ]]`; operators are words too.
    fn test(&mut self) -> Result<Vec<Word>, Fault> {
        let mut words = Vec::new();
        loop {
            self.lines()?;
            if self.take_reserved("]]") {
                return if condition::is_condition(&words) { Ok(words) } else { Err(SYNTAX) };
            }
            let process = self.looking_at("<(") || self.looking_at(">(");
            let operators = if process { &[][..] } else { &["&&", "||", "(", ")", "|", "<", ">"][..] };
            let operator = operators.iter().copied().find(|text| self.take(text));
            let word = match operator {
                Some(text) => Word::operator(text),
                None => self.word()?,
            };
            words.push(word);
        }
    }
}
