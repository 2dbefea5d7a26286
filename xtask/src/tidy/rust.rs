//! Just enough of Rust's grammar to tell code from comments and literals.

use std::iter;

/// Blanks comments and what stands inside literals, and keeps every line break, so that a word found in the result is
/// code and stands on the line that it has in the file.
pub fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = at + covered(&chars[at..]);
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// How many characters of a comment or literal begin here; 0 where code goes on.
fn covered(rest: &[char]) -> usize {
    match rest {
        ['/', '/', ..] => rest.iter().position(|&c| c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment(rest),
        ['"', ..] => quoted(rest, '"'),
        ['r', '"' | '#', ..] => raw_string(rest),
        ['\'', '\\', ..] => quoted(rest, '\''),
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

/// Block comments nest.
fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#` and so on; `r#name` is a name and therefore code.
fn raw_string(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|&&c| c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let end: Vec<char> = iter::once('"').chain(iter::repeat_n('#', hashes)).collect();
    let body = 2 + hashes;
    let closed = rest[body..].windows(end.len()).position(|window| window == end);
    closed.map_or(rest.len(), |length| body + length + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, words: &[&str]) {
        assert_eq!(code_of(text).split_whitespace().collect::<Vec<_>>(), words, "{text}");
    }

    #[test]
    fn comments_and_literals_are_blanked() {
        check("a // b\nc", &["a", "c"]);
        check("a /* b /* c */ d */ e", &["a", "e"]);
        check(r#"a "b \" c" d"#, &["a", "d"]);
        check(r##"a r#"b " c"# d"##, &["a", "d"]);
        check(r"a '\'' b '\u{41}' c '/' d", &["a", "b", "c", "d"]);
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        check("fn a<'a>(b: &'a str) // c", &["fn", "a<'a>(b:", "&'a", "str)"]);
        check("r#type", &["r#type"]);
    }

    #[test]
    fn lines_keep_their_numbers() {
        assert_eq!(code_of("a\n\"b\nc\"\nd").lines().position(|line| line == "d"), Some(3));
    }

    #[test]
    fn an_open_end_is_no_panic() {
        for text in ["\"a", "/* a", "r#\"a", "'\\", "r#", "'"] {
            code_of(text);
        }
    }
}
