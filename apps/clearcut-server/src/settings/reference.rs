//! The reference page, made from the table.

use std::fmt::Write as _;

use super::{
    Settings,
    table::{Setting, TABLE, UNUSED},
};

const HEAD: &str = "# Configuration

<!-- Made by `clearcut-server config reference`. Change the table in src/settings/table.rs instead. -->

Every setting has a key, such as `listen.port`. It is read, the first one found, from

1. a flag: `--set listen.port=9000`, `--port 9000` and `--host 0.0.0.0` for short;
2. the environment: `CLEARCUT_LISTEN_PORT=9000`, or one of the other names below;
3. a TOML file, named by `--config FILE` or `CLEARCUT_CONFIG`: `port = 9000` in the section `[listen]`;
4. its default.

An unknown key in the file and an unknown variable that begins with `CLEARCUT_` are errors, and so is a value that is
not understood: the server does not start, exits with status 2, and names the source, the key and what is expected.
A variable that is empty counts as not set.

`clearcut-server config check` reads everything and says whether it fits together; `config print` shows the result,
with secrets hidden; `config print --defaults` is a file to begin with.

Times are written `500ms`, `15s`, `10m`, `2h` or `7d`; a number alone is in seconds. In the environment and in flags,
lists are separated by commas. An empty flag (`--set cache.redis_url=`) takes back what the file says.
";

const SECTIONS: &[(&str, &str)] = &[
    ("listen", "Where the server listens, and how patiently."),
    ("engine", "What finds the foreground, and how many pictures at once."),
    ("cache", "Where results are kept. Tiers are asked in this order: memory, Redis, Upstash, database."),
    ("load", "What may be uploaded, and how many requests wait."),
    ("access", "Who may ask."),
    ("limits", "How many calls a key, or an address without one, may make; 0 for any number."),
    ("fetch", "Which pictures are fetched by URL. Private networks are refused unless allowed here."),
    ("results", "Folders and addresses of results."),
    ("jobs", "Work that is done after the answer: `/v1/jobs` and `/v1/batch`."),
    ("store", "Where uploads and results of jobs lie. Servers and workers that share a queue share the store."),
    ("seeing", "Logs, metrics and traces; see [observability](observability.md)."),
];

const PRESETS: &str = "
A preset is a table of its own:

```toml
[[results.presets]]
name = \"social\"
format = \"WEBP\"
quality = 75
max_width = 1080
max_height = 1080
```
";

/// The page `docs/configuration.md`.
pub fn reference() -> String {
    let defaults = Settings::default();
    let mut page = HEAD.to_owned();
    for (section, about) in SECTIONS {
        let _ = write!(page, "\n## `[{section}]`\n\n{about}\n\n| key | default | environment | |\n|---|---|---|---|\n");
        for setting in TABLE.iter().filter(|setting| setting.parts().0 == *section) {
            page.push_str(&row(setting, &defaults));
        }
        if *section == "results" {
            page.push_str(PRESETS);
        }
    }
    page.push_str("\n## Understood and not used\n\n");
    for (name, why) in UNUSED {
        let _ = writeln!(page, "- `{name}`: {why}.");
    }
    page
}

fn row(setting: &Setting, defaults: &Settings) -> String {
    let default = match (setting.default, setting.shown(defaults)) {
        (Some(text), _) => text.to_owned(),
        (None, Some(value)) => format!("`{value}`"),
        (None, None) => "not set".to_owned(),
    };
    let mut variables = format!("`{}`", setting.variable());
    for alias in setting.aliases {
        let _ = write!(variables, ", `{}`", alias.name);
        if let Some(expected) = alias.expected {
            let _ = write!(variables, " ({expected})");
        }
    }
    let secret = if setting.secret { " Never shown." } else { "" };
    format!("| `{}` | {default} | {variables} | {} Takes {}.{secret} |\n", setting.key, setting.help, setting.expected)
}
