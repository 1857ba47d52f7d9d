//! The difference between two texts, line by line.

use crate::limits;

/// Unchanged lines shown around a change.
const CONTEXT_LINES: usize = 3;

/// One line of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// In both.
    Same(&'a str),
    /// Only in the old text.
    Old(&'a str),
    /// Only in the new text.
    New(&'a str),
    /// So many lines of both are left out.
    Gap(usize),
}

/// What turns `old` into `new`. Of texts too long to compare, what differs is shown as replaced.
pub fn diff<'a>(old: &'a str, new: &'a str) -> Vec<Line<'a>> {
    let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
    let before = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - before;
    let after = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let mut lines: Vec<_> = old[..before].iter().map(|line| Line::Same(line)).collect();
    lines.extend(compare(&old[before..old.len() - after], &new[before..new.len() - after]));
    lines.extend(old[old.len() - after..].iter().map(|line| Line::Same(line)));
    fold(lines)
}

/// By the longest common subsequence.
fn compare<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    if old.len().saturating_mul(new.len()) > limits::DIFF_CELLS_MAX {
        return old
            .iter()
            .map(|line| Line::Old(line))
            .chain(new.iter().map(|line| Line::New(line)))
            .collect();
    }
    let width = new.len() + 1;
    // `longest[i * width + j]`: of what follows line `i` of the old and line `j` of the new text.
    let mut longest = vec![0_usize; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * width + j] = if old[i] == new[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || i < old.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1]
        {
            lines.push(Line::Old(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines
}

/// Leaves out unchanged lines that are far from any change.
fn fold(lines: Vec<Line<'_>>) -> Vec<Line<'_>> {
    let changes: Vec<_> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !matches!(line, Line::Same(_)))
        .map(|(at, _)| at)
        .collect();
    let near = |at: usize| {
        let next = changes.partition_point(|change| *change < at);
        let close =
            |change: Option<&usize>| change.is_some_and(|change| change.abs_diff(at) <= CONTEXT_LINES);
        close(changes.get(next)) || close(next.checked_sub(1).and_then(|previous| changes.get(previous)))
    };
    let mut folded = Vec::new();
    for (at, line) in lines.into_iter().enumerate() {
        if near(at) {
            folded.push(line);
        } else if let Some(Line::Gap(count)) = folded.last_mut() {
            *count += 1;
        } else {
            folded.push(Line::Gap(1));
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_turns_the_old_text_into_the_new_one() {
        let old = "a\nb\nc\nd";
        let new = "a\nx\nc\nd\ne";
        let lines = diff(old, new);
        assert_eq!(
            lines,
            [
                Line::Same("a"),
                Line::Old("b"),
                Line::New("x"),
                Line::Same("c"),
                Line::Same("d"),
                Line::New("e")
            ]
        );
        assert_eq!(diff("", "a"), [Line::New("a")]);
        assert_eq!(diff("a", ""), [Line::Old("a")]);
    }

    #[test]
    fn lines_far_from_a_change_are_left_out() {
        let old: Vec<String> = (0..40).map(|line| line.to_string()).collect();
        let mut new = old.clone();
        new[20] = "x".to_owned();
        let (old, new) = (old.join("\n"), new.join("\n"));
        let lines = diff(&old, &new);
        assert_eq!(lines.first(), Some(&Line::Gap(17)));
        assert_eq!(lines.last(), Some(&Line::Gap(16)));
        assert_eq!(lines.len(), 2 + 2 + 2 * CONTEXT_LINES);
        assert_eq!(diff(&old, &old), [Line::Gap(40)]);
    }

    #[test]
    fn texts_too_long_to_compare_are_shown_as_replaced() {
        let side = limits::DIFF_CELLS_MAX.isqrt() + 1;
        let text = |word: &str| (0..side).map(|line| format!("{word}{line}")).collect::<Vec<_>>().join("\n");
        let (old, new) = (text("a"), text("b"));
        assert_eq!(diff(&old, &new).len(), 2 * side);
    }
}
