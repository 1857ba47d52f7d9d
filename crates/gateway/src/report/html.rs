//! Text in the pages of reports. Everything in them may come from callers or upstreams.

/// Text that cannot be taken for markup, in content and in attributes. Control characters other than line ends and tabs
/// are replaced.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\r' | '\t' => out.push(character),
            control if control.is_control() => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_is_never_markup() {
        let text = "<img src=x onerror='a()'> & \"b\"\u{1b}[2J\n";
        let shown = "&lt;img src=x onerror=&#39;a()&#39;&gt; &amp; &quot;b&quot;\u{fffd}[2J\n";
        assert_eq!(escape(text), shown);
    }
}
