//! What is kept, and what is known of it.

use std::time::SystemTime;

use bytes::Bytes;

/// An object that was got.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Object {
    /// All its bytes.
    pub body: Bytes,
    /// Of a result, what it was put as. Of an upload, whatever its sender said, which may be nothing or a lie.
    pub media_type: Option<String>,
}

/// What is known of an object without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// Its length in bytes.
    pub bytes: u64,
    /// As [`Object::media_type`].
    pub media_type: Option<String>,
    /// When it was last put, by the store's clock; some stores round to a second.
    pub modified: SystemTime,
}
