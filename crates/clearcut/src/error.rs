//! Why there is no cut-out.

use std::fmt;

use clearcut_image::{DecodeError, EncodeError};
use clearcut_key::PlanError;
use clearcut_segment::SegmentError;

/// Why there is no cut-out: a kind for programs and a sentence for people, with the cause and the way out.
///
/// Cheap to clone: everybody who waited for the same computation gets the same error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveError {
    kind: ErrorKind,
    message: String,
}

/// Declares the kinds once: variant, stable code, and whether the same request can never succeed.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $code:literal $lasting:literal,)+) => {
        /// What sort of failure it is. The codes are stable: they stand in HTTP answers and in caches.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind { $($(#[$doc])* $variant,)+ }

        impl ErrorKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// Whether the same bytes and plan will always fail the same way, so that the answer may be kept.
            pub const fn is_lasting(self) -> bool {
                match self { $(Self::$variant => $lasting),+ }
            }

            /// The kind with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.code() == code)
            }
        }
    };
}

kinds! {
    /// Fields of the plan exclude each other, or its background picture cannot be decoded.
    InvalidPlan = "invalid_plan" true,
    /// No bytes.
    Empty = "empty_input" true,
    /// The bytes are no picture.
    NotAPicture = "not_a_picture" true,
    /// A picture in a format that is not understood.
    UnsupportedFormat = "unsupported_format" true,
    /// Too many bytes or pixels for the engine's limits.
    TooLarge = "too_large" true,
    /// The picture is damaged or cut off.
    Corrupt = "corrupt_picture" true,
    /// The model sees no subject.
    NoForeground = "no_foreground" true,
    /// The chosen format cannot hold the result, or was not built in.
    Encode = "cannot_encode" true,
    /// The waiting room is full; try again in a moment.
    Busy = "busy" false,
    /// The model failed on this picture.
    Model = "model_failed" false,
    /// A blocking call was made from asynchronous code.
    BlockingInAsync = "blocking_in_async" false,
    /// A bug: something panicked. The engine goes on.
    Internal = "internal_error" false,
}

impl RemoveError {
    /// An error of `kind`; `message` is one sentence without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What sort of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) fn internal(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Internal, format!("internal error: {what}; the picture was not processed"))
    }
}

impl fmt::Display for RemoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RemoveError {}

impl From<PlanError> for RemoveError {
    fn from(error: PlanError) -> Self {
        Self::new(ErrorKind::InvalidPlan, error.to_string())
    }
}

impl From<DecodeError> for RemoveError {
    fn from(error: DecodeError) -> Self {
        let kind = match &error {
            DecodeError::Empty => ErrorKind::Empty,
            DecodeError::NotAPicture { .. } => ErrorKind::NotAPicture,
            DecodeError::Unsupported { .. } => ErrorKind::UnsupportedFormat,
            DecodeError::TooManyBytes { .. } | DecodeError::TooLarge { .. } | DecodeError::TooMuchMemory { .. } => {
                ErrorKind::TooLarge
            }
            _ => ErrorKind::Corrupt,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<SegmentError> for RemoveError {
    fn from(error: SegmentError) -> Self {
        Self::new(ErrorKind::Model, error.to_string())
    }
}

impl From<EncodeError> for RemoveError {
    fn from(error: EncodeError) -> Self {
        Self::new(ErrorKind::Encode, error.to_string())
    }
}
