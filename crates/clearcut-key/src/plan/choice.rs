//! Choices among a few named possibilities.

/// Declares an enum whose variants have one written name each, used by text, JSON and keys alike.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal $(| $alias:literal)*,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Every written name, in the order of the variants.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The written name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownChoice;

            fn from_str(text: &str) -> Result<Self, UnknownChoice> {
                match text.trim().to_ascii_lowercase().as_str() {
                    $($text $(| $alias)* => Ok(Self::$variant),)+
                    _ => Err(UnknownChoice(Self::NAMES)),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = UnknownChoice;

            fn try_from(text: String) -> Result<Self, UnknownChoice> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// A text that names none of the possibilities; lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of {}", .0.join(", "))]
pub struct UnknownChoice(&'static [&'static str]);

choice! {
    /// How the model's matte comes to the photo's full size.
    Edges {
        /// With the photo as guide, so that edges follow the picture.
        #[default]
        Refined = "refined",
        /// By plain interpolation: what the network said, and nothing more.
        Smooth = "smooth",
        /// Refined, and where that leaves a pixel open solved once more from the colors around it: for hair and fur,
        /// at several times the time.
        Matting = "matting",
    }
}
choice! {
    /// Which colors the cut-out's edge has.
    Colors {
        /// The subject's own, estimated where the old background shines through.
        #[default]
        Estimated = "estimated",
        /// The photo's, old background included.
        Photo = "photo",
    }
}
choice! {
    /// What the result shows.
    Channels {
        /// The cut-out in color.
        #[default]
        Rgba = "rgba",
        /// The matte as a grey picture.
        Alpha = "alpha",
    }
}
choice! {
    /// What a border follows.
    BorderStyle {
        /// The subject's outline.
        #[default]
        Outline = "outline",
        /// The edge of the canvas.
        Frame = "frame",
    }
}
choice! {
    /// The file format of the result.
    Format {
        /// PNG where anything is transparent, JPEG otherwise.
        Auto = "auto",
        /// Lossless, with transparency.
        #[default]
        Png = "png",
        /// Small, without transparency: what is transparent becomes white.
        Jpeg = "jpeg" | "jpg",
        /// Small, with transparency; lossless where no quality is given.
        WebP = "webp",
        /// Smallest, with transparency, slow to make.
        Avif = "avif",
    }
}
choice! {
    /// How long the encoder may look for a smaller file.
    Effort {
        /// Milliseconds.
        #[default]
        Fast = "fast",
        /// Seconds.
        Best = "best",
    }
}
