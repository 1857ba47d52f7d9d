//! Characters that make a text look like another: Unicode TR 36 (security considerations) and TR 39 (confusables), as
//! far as a person who approves must be warned. Ranges are those of Unicode 16.

/// Why a text may not be what it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    /// Control characters; shown as escapes.
    Control,
    /// Characters that turn the direction of writing; shown as escapes.
    Direction,
    /// Characters that cannot be seen; shown as escapes.
    Invisible,
    /// A word of letters from more than one script.
    Mixed,
    /// Letters that look like Latin ones and are others.
    LookAlike,
}

impl Doubt {
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Control => "holds control characters, shown as escapes",
            Self::Direction => "holds characters that turn the direction of writing, shown as escapes",
            Self::Invisible => "holds characters that cannot be seen, shown as escapes",
            Self::Mixed => "mixes letters of several scripts in one word",
            Self::LookAlike => "holds letters that look like Latin ones and are not",
        }
    }
}

/// Why this character must be escaped.
pub(super) fn hidden(character: char) -> Option<Doubt> {
    match character {
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some(Doubt::Direction)
        }
        _ if character.is_control() => Some(Doubt::Control),
        '\u{00ad}'
        | '\u{034f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2028}'..='\u{2029}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206a}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => Some(Doubt::Invisible),
        _ => None,
    }
}

/// Scripts whose letters are taken for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Cherokee,
    /// Latin in disguise: fullwidth, mathematical, enclosed letters.
    Styled,
    Other,
}

fn script(character: char) -> Option<Script> {
    Some(match character {
        'a'..='z' | 'A'..='Z' | '\u{00c0}'..='\u{024f}' | '\u{1e00}'..='\u{1eff}' => Script::Latin,
        '\u{0370}'..='\u{03ff}' | '\u{1f00}'..='\u{1fff}' => Script::Greek,
        '\u{0400}'..='\u{052f}'
        | '\u{1c80}'..='\u{1c8f}'
        | '\u{2de0}'..='\u{2dff}'
        | '\u{a640}'..='\u{a69f}' => Script::Cyrillic,
        '\u{0530}'..='\u{058f}' => Script::Armenian,
        '\u{13a0}'..='\u{13ff}' | '\u{ab70}'..='\u{abbf}' => Script::Cherokee,
        '\u{2100}'..='\u{214f}'
        | '\u{2460}'..='\u{24ff}'
        | '\u{ff10}'..='\u{ff5a}'
        | '\u{1d400}'..='\u{1d7ff}'
        | '\u{1f100}'..='\u{1f1ff}' => Script::Styled,
        _ if character.is_alphabetic() => Script::Other,
        _ => return None,
    })
}

/// Cyrillic, Greek, Armenian letters that a reader of Latin takes for Latin ones.
const TWINS: &str = "аеорсухіјѕһԁԛԝӏАВЕКМНОРСТХЅІЈΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαινυρϲզօս";

/// What is doubtful about a text as a whole.
pub(super) fn doubts(text: &str) -> Vec<Doubt> {
    // The end of a line and a tab are seen for what they are, and statements are full of them.
    let odd = text.chars().filter(|character| !matches!(character, '\n' | '\t'));
    let mut found: Vec<Doubt> = odd.filter_map(hidden).collect();
    for word in text.split(|character: char| !character.is_alphanumeric()) {
        let scripts: Vec<Script> = word.chars().filter_map(script).collect();
        let mixed = scripts.iter().any(|other| *other != scripts[0]);
        let twins = word.chars().filter(|letter| TWINS.contains(*letter)).count();
        if mixed {
            found.push(Doubt::Mixed);
        }
        // A whole word of twins reads as a Latin word.
        if scripts.contains(&Script::Styled) || (twins > 0 && (mixed || twins == word.chars().count())) {
            found.push(Doubt::LookAlike);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_deceive_are_found_and_others_are_not() {
        let check = |text: &str, expected: &[Doubt]| assert_eq!(doubts(text), expected, "{text:?}");
        check("DROP TABLE orders; -- naïve café Ünïcode", &[]);
        check("удалить таблицу заказов", &[]);
        check("удалить и снова", &[]);
        check("顧客を削除する", &[]);
        check("line\none\ttabbed", &[]);
        check("line\none\u{1b}[2K", &[Doubt::Control]);
        check("invoice\u{202e}fdp.exe", &[Doubt::Direction]);
        check("zero\u{200b}width", &[Doubt::Invisible]);
        check("p\u{0430}ypal", &[Doubt::Mixed, Doubt::LookAlike]);
        check("\u{0430}\u{0440}\u{0440}\u{04cf}\u{0435}", &[Doubt::LookAlike]);
        check("\u{ff44}\u{ff52}\u{ff4f}\u{ff50}", &[Doubt::LookAlike]);
    }
}
