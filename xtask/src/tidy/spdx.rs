//! Whether a license expression can be met with a list of licenses (SPDX specification, annex D).

/// True when the expression is met by `allowed`: one side of every `OR`, both sides of every `AND`.
///
/// The old `MIT/Apache-2.0` is read as `OR`, and `A WITH B` is one license, as in cargo-deny. What cannot be read is
/// not met.
pub fn is_met(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    reader.any() == Some(true) && reader.words.is_empty()
}

/// Reads from the front of `words`; nothing where the expression is broken.
struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [&'a str],
}

impl Reader<'_> {
    fn any(&mut self) -> Option<bool> {
        let mut met = self.all()?;
        while self.take("OR") {
            met |= self.all()?;
        }
        Some(met)
    }

    fn all(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.take("AND") {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let met = self.any()?;
            return self.take(")").then_some(met);
        }
        let (license, rest) = self.words.split_first()?;
        self.words = rest;
        let license = if self.take("WITH") {
            let (exception, rest) = self.words.split_first()?;
            self.words = rest;
            format!("{license} WITH {exception}")
        } else {
            (*license).to_owned()
        };
        Some(self.allowed.contains(&license.as_str()))
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, expected: bool) {
        let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
        assert_eq!(is_met(expression, &allowed), expected, "{expression}");
    }

    #[test]
    fn one_side_of_or_and_both_sides_of_and_are_needed() {
        check("MIT", true);
        check("MIT OR GPL-3.0-only", true);
        check("MIT/Apache-2.0", true);
        check("MIT AND GPL-3.0-only", false);
        check("GPL-3.0-only OR MIT AND Apache-2.0", true);
        check("(GPL-3.0-only OR MIT) AND ISC", false);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("MIT WITH LLVM-exception", false);
    }

    #[test]
    fn a_broken_expression_is_not_met() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "MIT MIT", "AND", "MIT WITH"] {
            check(expression, false);
        }
    }
}
