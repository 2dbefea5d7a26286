//! The name that somebody meant.

/// The name of `names` that takes the fewest changes to become `name`. A bare `port` means `listen.port`.
///
/// # Contract
///
/// There is at least one name.
pub(super) fn nearest(name: &str, names: impl Iterator<Item = String>) -> String {
    let name: String = name.chars().take(100).collect::<String>().to_ascii_lowercase();
    let distance = |known: &String| {
        let known = known.to_ascii_lowercase();
        let bare = known.rsplit('.').next().unwrap_or(&known);
        let given = name.rsplit('.').next().unwrap_or(&name);
        let whole = changes(&known, &name);
        (changes(bare, given).min(changes(bare, &name)).min(whole), whole)
    };
    names.min_by_key(distance).expect("there are settings")
}

/// How many characters must be put in, taken out or replaced (Levenshtein 1966).
fn changes(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, from) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, to) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted() {
        for (from, to, expected) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!(changes(from, to), expected, "{from} to {to}");
        }
    }

    #[test]
    fn a_bare_name_means_the_one_in_a_section() {
        let names = || ["listen.host", "listen.port", "cache.redis_url"].map(str::to_owned).into_iter();
        assert_eq!(nearest("prot", names()), "listen.port");
        assert_eq!(nearest("redis.url", names()), "cache.redis_url");
        assert_eq!(nearest("cache.host", names()), "listen.host");
    }
}
