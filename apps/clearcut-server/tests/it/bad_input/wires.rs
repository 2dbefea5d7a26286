//! The calls that bad requests are sent to.

use super::request::Words;

/// A call that takes a picture as a part.
pub struct Wire {
    pub path: &'static str,
    pub picture: &'static str,
    /// How it refuses.
    pub words: Words,
    /// Fields with values that are none.
    pub wrong_fields: &'static [(&'static str, &'static str)],
}

/// All of them.
pub const WIRES: &[Wire] = &[
    Wire {
        path: "/v1/cutouts",
        picture: "image",
        words: Words::At("/code"),
        wrong_fields: &[
            ("unknown", "1"),
            ("", "1"),
            ("format", "bmp"),
            ("quality", "0"),
            ("image_url", "ftp://example.org/a.png"),
        ],
    },
    Wire {
        path: "/v1.0/removebg",
        picture: "image_file",
        words: Words::At("/errors/0/title"),
        wrong_fields: &[
            ("size", "gigantic"),
            ("format", "bmp"),
            ("type", "dragon"),
            ("crop_margin", "80%"),
            ("scale", "5%"),
            ("roi", "1 2 3"),
            ("bg_color", "nocolor"),
            ("channels", "rgb"),
            ("image_url", "http://169.254.169.254/latest/meta-data"),
        ],
    },
    Wire {
        path: "/api/remove",
        picture: "file",
        words: Words::At("/detail"),
        wrong_fields: &[("model", "nomodel"), ("af", "300"), ("ab", "-1"), ("bgc", "1,2"), ("extras", "{")],
    },
    Wire {
        path: "/api/remove-bg",
        picture: "file",
        words: Words::At("/error"),
        wrong_fields: &[("border", "-1"), ("border", "wide"), ("border_color", "nocolor"), ("unknown", "1")],
    },
    Wire {
        path: "/remove-background",
        picture: "file",
        words: Words::At("/error"),
        wrong_fields: &[
            ("format", "GIF"),
            ("quality", "9"),
            ("max_width", "99"),
            ("max_height", "4001"),
            ("preset", "none"),
        ],
    },
    Wire {
        path: "/remove-background-preview",
        picture: "file",
        words: Words::At("/error"),
        wrong_fields: &[("quality", "high")],
    },
];

/// Other calls, each with a verb that it answers.
pub const OTHER_CALLS: &[(&str, &str, Words)] = &[
    ("GET", "/v1.0/account", Words::At("/errors/0/title")),
    ("POST", "/remove-background-base64", Words::At("/error")),
    ("POST", "/read-file", Words::At("/error")),
    ("GET", "/api/v1/cache/stats", Words::At("/error")),
    ("GET", "/api/v1/cache/recent", Words::At("/error")),
    ("POST", "/api/v1/cache/cleanup", Words::At("/error")),
    ("GET", "/api/admin/cache/stats", Words::At("/error")),
    ("POST", "/api/admin/cache/clear", Words::At("/error")),
    ("GET", "/v1/models", Words::At("/code")),
    ("GET", "/v1/cutouts/key", Words::At("/code")),
    ("GET", "/health", Words::At("/code")),
    ("GET", "/health/live", Words::At("/code")),
    ("GET", "/health/ready", Words::At("/code")),
    ("GET", "/openapi.json", Words::At("/code")),
    ("GET", "/docs", Words::At("/code")),
];
