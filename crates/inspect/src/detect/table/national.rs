//! Numbers by which states know people, by the part of the world.

pub(super) mod america;
pub(super) mod asia;
pub(super) mod britain;
pub(super) mod east;
pub(super) mod north;
pub(super) mod south;
pub(super) mod west;

use crate::detect::{Check, Class, Detector, Find, Form, Need, Scanner};

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
        need,
        small_space: true,
        mask: Form::Label,
        finds,
        passes,
    }
}
