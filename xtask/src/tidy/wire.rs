//! Concrete tiers, queues and runtimes are named in exactly one place of each binary: `src/wire.rs`.

use super::Finding;
use super::tree::Tree;

/// The crates that stand for one external system each.
const CONCRETE: [&str; 4] =
    ["clearcut_cache_redis", "clearcut_cache_sql", "clearcut_jobs_redis", "clearcut_segment_ort"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust_files() {
        let Some((_, inside)) = file.path.strip_prefix("apps/").and_then(|rest| rest.split_once('/')) else { continue };
        // Integration tests may look into a store from outside.
        if inside == "src/wire.rs" || inside.starts_with("src/wire/") || !inside.starts_with("src/") {
            continue;
        }
        for (index, line) in file.code().lines().enumerate() {
            for name in CONCRETE.iter().filter(|name| line.contains(*name)) {
                findings.push(Finding::on_line(&file.path, index, format!("names {name}; only src/wire.rs may")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_wire_names_a_concrete_tier() {
        let line = "use clearcut_cache_redis::RedisTier;";
        let tree = Tree::of([
            ("apps/a/src/wire.rs", line),
            ("apps/a/tests/faults.rs", line),
            ("crates/b/src/lib.rs", line),
            ("apps/a/src/lib.rs", "// like clearcut_cache_sql\n"),
            ("apps/a/src/run.rs", "use clearcut_cache_sql::SqliteTier;\n"),
        ]);
        let expected = Finding::on_line("apps/a/src/run.rs", 0, "names clearcut_cache_sql; only src/wire.rs may");
        assert_eq!(check(&tree), [expected]);
    }
}
