//! The `serde` side of reading: what each type asks for, against what is written.

use serde::de::{
    DeserializeSeed, EnumAccess, Expected, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::super::document::{Key, Node, Path, Value};
use super::super::problem::{Problem, choice, closest, quoted};
use super::{Fault, Session, inside, meant};

/// The type whose content is never shown.
const SECRET_TYPE: &str = "SecretSource";
/// The type that is a text or a secret.
const TEXT_OR_SECRET_TYPE: &str = "EnvironmentValue";

const SECRET_HINT: &str = "write `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, ARGUMENT] }`; \
     what was found is not shown";

/// Where a value comes from.
#[derive(Clone, Copy)]
pub(super) enum Source<'n> {
    Written(&'n Node),
    /// It was broken or missing, and is reported.
    Replaced,
}

/// Gives one value to the type that asks.
pub(super) struct Decoder<'n, 's, 't> {
    pub(super) source: Source<'n>,
    pub(super) path: Path,
    pub(super) session: &'s Session<'t>,
}

impl<'n, 's, 't> Decoder<'n, 's, 't> {
    fn child(&self, path: Path, written: Option<&'n Node>) -> Self {
        let source = match written {
            Some(node) if !self.session.is_replaced(&path) => Source::Written(node),
            _ => Source::Replaced,
        };
        Self { source, path, session: self.session }
    }

    fn expected(&self, what: &str, node: &Node) -> Fault {
        let remedy = match (what, &node.value) {
            ("text", Value::Flag(_) | Value::Integer(_) | Value::Fraction) => ": put it in quotes",
            _ => "",
        };
        let text = format!("expected {what}, found {}{remedy}", node.kind());
        self.session.fail(&self.path, Problem::value(self.path.clone(), text))
    }

    /// A text that its type does not take.
    fn unfit(&self, text: &str, wanted: &str) -> Fault {
        let text = format!("expected {wanted}, found {}", quoted(text));
        let problem = Problem::value(self.path.clone(), text.trim_end_matches(','));
        self.session.fail(&self.path, problem)
    }

    /// Gives a stand-in text.
    fn stand_in<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Some(text) = self.session.stand_in(&self.path) else { return Err(Fault::Reported) };
        visitor.visit_str(text).map_err(|_: Fault| self.session.reject_stand_in(&self.path))
    }

    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let result = match self.source {
            Source::Replaced => visitor.visit_u64(1),
            Source::Written(Node { value: Value::Integer(value), .. }) => match u64::try_from(*value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => Err(Fault::Message("expected a whole number, 0 or more".to_owned())),
            },
            Source::Written(node) => Err(self.expected("a whole number", node)),
        };
        result.map_err(|fault| self.session.blame(&self.path, fault))
    }

    fn variant(
        &self,
        written: &str,
        variants: &'static [&'static str],
        content: Option<&'n Node>,
    ) -> Result<Variant<'n, 's, 't>, Fault> {
        let Some(name) = variants.iter().find(|name| **name == written) else {
            let mut problem = Problem::value(
                self.path.clone(),
                format!("expected {}, found `{written}`", choice(variants.iter().copied())),
            );
            if let Some(close) = closest(written, variants.iter().copied()) {
                problem = problem.hint(meant(close));
            }
            return Err(self.session.fail(&self.path, problem));
        };
        let content = content.map(|node| self.child(self.path.field(name), Some(node)));
        Ok(Variant { name, path: self.path.clone(), content, session: self.session })
    }

    /// The variant of a secret source: no word of what is written in its place is repeated.
    fn secret_variant(
        &self,
        node: &'n Node,
        variants: &'static [&'static str],
    ) -> Result<Variant<'n, 's, 't>, Fault> {
        self.session.hide(node);
        let wrong = |text: &str| {
            let problem = Problem::key(self.path.clone(), text).hint(SECRET_HINT);
            self.session.fail(&self.path, problem)
        };
        match &node.value {
            Value::Group(entries) => match entries.as_slice() {
                [(key, content)] => match variants.iter().find(|name| **name == key.name) {
                    Some(name) => self.variant(name, variants, Some(content)),
                    None => Err(wrong("a secret comes from `env`, `file` or `command`")),
                },
                _ => Err(wrong("a secret comes from exactly one of `env`, `file` and `command`")),
            },
            _ => Err(wrong("a secret must not be written in the configuration")),
        }
    }
}

impl<'de> serde::Deserializer<'de> for Decoder<'_, '_, '_> {
    type Error = Fault;

    /// Types that look before they decide; what they find may be a secret.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Source::Written(node) = self.source else { return self.stand_in(visitor) };
        self.session.hide(node);
        let (path, session) = (self.path.clone(), self.session);
        let result = match &node.value {
            Value::Nothing => visitor.visit_unit(),
            Value::Flag(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i128(*value),
            Value::Fraction => visitor.visit_f64(0.0),
            Value::Text(text) => visitor.visit_str(text),
            Value::List(_) => return self.deserialize_seq(visitor),
            Value::Group(_) => return self.deserialize_map(visitor),
        };
        result.map_err(|fault| session.blame(&path, fault))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.source {
            Source::Replaced => visitor.visit_bool(false),
            Source::Written(Node { value: Value::Flag(value), .. }) => visitor.visit_bool(*value),
            Source::Written(node) => Err(self.expected("`true` or `false`", node)),
        }
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.integer(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.integer(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.integer(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.integer(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.source {
            Source::Replaced => self.stand_in(visitor),
            Source::Written(Node { value: Value::Text(text), .. }) => {
                let wanted = described(&visitor);
                visitor.visit_str(text).map_err(|_: Fault| self.unfit(text, &wanted))
            }
            Source::Written(node) => Err(self.expected("text", node)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.source {
            Source::Replaced | Source::Written(Node { value: Value::Nothing, .. }) => visitor.visit_none(),
            Source::Written(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let items: &[Node] = match self.source {
            Source::Replaced => &[],
            Source::Written(Node { value: Value::List(items), .. }) => items,
            Source::Written(node) => return Err(self.expected("a list", node)),
        };
        let (path, session) = (self.path.clone(), self.session);
        visitor
            .visit_seq(Items { holder: self, nodes: items, next: 0 })
            .map_err(|fault| session.blame(&path, fault))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let entries: &[(Key, Node)] = match self.source {
            Source::Replaced | Source::Written(Node { value: Value::Nothing, .. }) => &[],
            Source::Written(Node { value: Value::Group(entries), .. }) => entries,
            Source::Written(node) => return Err(self.expected("a group of fields", node)),
        };
        let fields = entries.iter().map(|(key, node)| (key.name.as_str(), Some(node))).collect();
        self.fields(fields, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.session.know(&self.path, names);
        let entries: &[(Key, Node)] = match self.source {
            Source::Replaced => {
                return self.fields(names.iter().map(|name| (*name, None)).collect(), visitor);
            }
            // A group whose fields are all commented out.
            Source::Written(Node { value: Value::Nothing, .. }) => &[],
            Source::Written(Node { value: Value::Group(entries), .. }) => entries,
            Source::Written(node) => return Err(self.expected("a group of fields", node)),
        };
        let mut fields = Vec::new();
        for (key, node) in entries {
            if names.contains(&key.name.as_str()) {
                fields.push((key.name.as_str(), Some(node)));
            } else {
                self.session.hide(node);
                self.session.note(unknown_field(&self.path, &key.name, names));
            }
        }
        for name in self.session.replaced_fields(&self.path, names) {
            if !fields.iter().any(|(written, _)| *written == name) {
                fields.push((name, None));
            }
        }
        self.fields(fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let first = variants.first().copied().unwrap_or_default();
        let variant = match self.source {
            Source::Replaced => {
                let content = Some(self.child(self.path.field(first), None));
                Variant { name: first, path: self.path.clone(), content, session: self.session }
            }
            Source::Written(node) if name == SECRET_TYPE => self.secret_variant(node, variants)?,
            Source::Written(node) if name == TEXT_OR_SECRET_TYPE => {
                self.session.hide(node);
                match &node.value {
                    Value::Text(text) => return visitor.visit_str(text),
                    Value::Group(_) => self.secret_variant(node, variants)?,
                    _ => return Err(self.expected("text", node)),
                }
            }
            Source::Written(Node { value: Value::Text(text), .. }) => self.variant(text, variants, None)?,
            Source::Written(node) => match &node.value {
                Value::Group(entries) if entries.len() == 1 => {
                    let (key, content) = &entries[0];
                    self.variant(&key.name, variants, Some(content))?
                }
                _ => return Err(self.expected(&choice(variants.iter().copied()), node)),
            },
        };
        visitor.visit_enum(variant)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

impl<'n> Decoder<'n, '_, '_> {
    fn fields<'de, V: Visitor<'de>>(
        self,
        fields: Vec<(&'n str, Option<&'n Node>)>,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let (path, session) = (self.path.clone(), self.session);
        visitor
            .visit_map(Fields { holder: self, rest: fields.into_iter(), current: None })
            .map_err(|fault| session.blame(&path, fault))
    }
}

struct Items<'n, 's, 't> {
    holder: Decoder<'n, 's, 't>,
    nodes: &'n [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, '_, '_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(node) = self.nodes.get(self.next) else { return Ok(None) };
        let path = self.holder.path.item(self.next);
        self.next += 1;
        seed.deserialize(self.holder.child(path, Some(node))).map(Some)
    }
}

struct Fields<'n, 's, 't> {
    holder: Decoder<'n, 's, 't>,
    rest: std::vec::IntoIter<(&'n str, Option<&'n Node>)>,
    current: Option<(&'n str, Option<&'n Node>)>,
}

impl<'de> MapAccess<'de> for Fields<'_, '_, '_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.current = self.rest.next();
        self.current.map(|(name, _)| seed.deserialize(name.into_deserializer())).transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let (name, node) = self.current.take().unwrap_or_default();
        seed.deserialize(self.holder.child(self.holder.path.field(name), node))
    }
}

struct Variant<'n, 's, 't> {
    name: &'static str,
    path: Path,
    content: Option<Decoder<'n, 's, 't>>,
    session: &'s Session<'t>,
}

impl<'de> EnumAccess<'de> for Variant<'_, '_, '_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        Ok((seed.deserialize(self.name.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_, '_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            Some(Decoder { source: Source::Written(_), .. }) => {
                Err(Fault::Message(format!("`{}` takes no value", self.name)))
            }
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        if let Some(content) = self.content {
            return seed.deserialize(content);
        }
        let text = format!("`{}` needs a value", self.name);
        Err(self.session.fail(&self.path, Problem::value(self.path.clone(), text)))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Fault> {
        Err(Fault::Message(format!("`{}` cannot be written in a configuration", self.name)))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Fault> {
        Err(Fault::Message(format!("`{}` cannot be written in a configuration", self.name)))
    }
}

fn unknown_field(path: &Path, name: &str, names: &[&str]) -> Problem {
    let problem = Problem::key(path.field(name), format!("unknown field `{name}`{}", inside(path)));
    match closest(name, names.iter().copied()) {
        Some(close) => problem.hint(meant(close)),
        None => problem,
    }
}

/// What a type that is written as text takes, in the words of a message.
fn described<'de>(visitor: &impl Visitor<'de>) -> String {
    let wanted = (visitor as &dyn Expected).to_string();
    match wanted.as_str() {
        "socket address" => "an address and port such as `127.0.0.1:8443`".to_owned(),
        "a string representing an URL" => "a URL such as `https://mcp.example.com`".to_owned(),
        _ => wanted,
    }
}
