//! Each stage as a span below that of whoever asked, for those who trace requests.

/// A span of target `clearcut::stage` and level debug, named like the stage in [`Timings`](crate::Timings). Its parent
/// is the current span: steps on the pool's threads run in the one of the request.
macro_rules! stage {
    ($name:literal) => {
        tracing::debug_span!(target: "clearcut::stage", $name)
    };
}

pub(crate) use stage;
