//! Numbers by which states know people, by the part of the world.

pub(super) mod america;
pub(super) mod asia;
pub(super) mod brazil;
pub(super) mod britain;
pub(super) mod east;
pub(super) mod north;
pub(super) mod south;
pub(super) mod west;

use crate::detect::{Check, Class, Detector, Find, Form, Need, Scanner};

/// What people call such a number in any country.
const IDENTITY: &[&str] = &[
    "national id",
    "national identification",
    "national identity",
    "personal id",
    "personal identification",
    "personal identity",
    "personal number",
    "personal code",
    "personal numerical code",
    "identity number",
    "identity card",
    "identity code",
    "identification number",
    "id card",
    "id number",
    "citizen id",
    "citizen card",
    "resident id",
    "resident identity",
    "social security",
    "social insurance",
    "tax id",
    "tax identification",
    "tax identity",
    "taxpayer id",
    "taxpayer identification",
    "fiscal number",
];

/// What all of these have in common: they lead to one person, and there are so few that trying all is cheap.
pub(super) const fn number(
    name: &'static str,
    shapes: &'static [&'static str],
    check: Check,
    context: &'static [&'static str],
    need: Need,
    finds: &'static [&'static str],
    passes: &'static [&'static str],
) -> Detector {
    Detector {
        name,
        version: 1,
        class: Class::Personal,
        find: Find::Scanner(Scanner::Shape(shapes)),
        check,
        context,
        shared: IDENTITY,
        need,
        small_space: true,
        mask: Form::Label,
        finds,
        passes,
    }
}
